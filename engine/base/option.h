/* option.h: options: WITH ('key' = 'value'): lookup, typed values, and checking against tables.
 *
 * The table of a connector, codec or model says of each key what it allows, in the words of its
 * documentation; option_check() reads those words: "true | false", "integer", "number", "bytes",
 * "duration", "timestamp", a list of quoted words ('a' | 'b'), or anything else for free text.
 *
 * Lifetime: options of an object live in its arena; tables are const and live for ever.
 *
 * Used by: engine/edge, udf (models), sql, clients.
 * Tested by: tests/unit/edge/reader_option_test.c
 */
#ifndef ENGINE_BASE_OPTION_H
#define ENGINE_BASE_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

/* One of WITH (...), or of a hint; keys as spelt. */
struct option {
    struct text key;
    struct text value;
    uint32_t at; /* byte offset of the key in the script */
};

struct options {
    const struct option *option;
    uint32_t count;
};

/* A key that may be given. Tables of these end with a NULL key. */
struct option_row {
    const char *key;
    const char *value; /* what is allowed, as documentation: "true | false", "bytes" */
    const char *doc;
};

/* `base` with `hint` on top, each key once, the legacy spellings ('connector.type',
 * 'connector.path', 'format.type') by their new names; in `a`. */
bool options_merge(struct arena *a, const struct options *base, const struct options *hint,
                   struct options *out, struct err *e) MUST_USE;

/* The same keys and values, in the same order. */
bool options_equal(const struct options *a, const struct options *b);

/* The new name of a legacy key, or the key itself. */
struct text option_key(struct text key);

/* The option called `key`, under its new or a legacy name; NULL: not given. */
const struct option *option_find(const struct options *o, const char *key);

/* Its value; at NULL: not given. */
struct text option_text(const struct options *o, const char *key);

/* Each leaves *value as it is where the option is not given. 22023 naming it where it is wrong. */
bool option_bool(const struct options *o, const char *key, bool *value, struct err *e) MUST_USE;
bool option_i64(const struct options *o, const char *key, int64_t *value, struct err *e) MUST_USE;
bool option_f64(const struct options *o, const char *key, double *value, struct err *e) MUST_USE;
/* '10 s', '500 ms', '1min'; a bare number is milliseconds, as in Flink. */
bool option_duration(const struct options *o, const char *key, int64_t *us, struct err *e) MUST_USE;
/* '64 mb', '1g', '200b'; units of 1024, a bare number is bytes. */
bool option_bytes(const struct options *o, const char *key, uint64_t *bytes,
                  struct err *e) MUST_USE;
bool option_timestamp(const struct options *o, const char *key, int64_t *us,
                      struct err *e) MUST_USE;
/* Is the value of `key` this word (letters folded)? */
bool option_is(const struct options *o, const char *key, const char *word);

/* 22023 where the value is none that row->value allows. */
bool option_check(const struct option_row *row, const struct option *o, struct err *e) MUST_USE;

/* The row of `table` for `key`; with `prefix` also as '<prefix>.<key>'. A '#' in a row's key
 * stands for any name: 'fields.#.kind'. NULL: none. */
const struct option_row *option_row(const struct option_row *table, struct text key,
                                    const char *prefix);

/* 22023 about option `o`, at its place in the script; returns false. */
bool option_error(const struct option *o, struct err *e, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
