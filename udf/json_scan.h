/* json_scan.h: json_path, json_scan: the value at a path of a JSON text, without a tree.
 *
 * One pass over the text checks all of it and notes where the value lies. What is not plain RFC
 * 8259 JSON, or needs a tree, is "doubtful": the caller asks SQLite then, so that both always give
 * the same answer.
 *
 * Used by: udf/json.c.    Tested by: tests/unit/udf/json_test.c
 */
#ifndef UDF_JSON_SCAN_H
#define UDF_JSON_SCAN_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/text.h"

enum { JSON_STEPS_MAX = 16, JSON_DEPTH_MAX = 64 };

/* Into an object by label, or into an array by index. */
struct json_step {
    struct text label; /* as it stands between quotes */
    int64_t index;     /* or -1: a label */
};

struct json_path {
    struct json_step step[JSON_STEPS_MAX];
    uint32_t steps;
};

/* '$', '.label', '."label"', '[n]'. false: SQLite's to judge. Borrows the text. */
bool json_path_parse(struct text s, struct json_path *out);

enum json_found { JSON_MISSING, JSON_FOUND, JSON_DOUBTFUL };

/* The text of the value at the path, as it stands in `doc`. */
enum json_found json_scan(struct text doc, const struct json_path *path, struct text *out);

/* Adds a value without the white space between its parts. */
void json_add_minified(struct buf *out, struct text value);

/* Adds what a string stands for, quotes and escapes undone; false: doubtful. */
bool json_add_unescaped(struct buf *out, struct text string);

#endif
