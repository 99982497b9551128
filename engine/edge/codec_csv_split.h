/* codec_csv_split.h: csplit: cuts bytes into CSV records and fields, after RFC 4180.
 *
 * A field that begins with the quote goes to the next single quote; a doubled one stands for one.
 * Line feeds inside quotes belong to the field. What RFC 4180 does not allow (a quote inside an
 * unquoted field, text behind a closing quote) makes the record wrong up to the next line feed.
 *
 * Used by: codec_csv.c.    Tested by: tests/unit/edge/codec_csv_test.c
 */
#ifndef ENGINE_EDGE_CODEC_CSV_SPLIT_H
#define ENGINE_EDGE_CODEC_CSV_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/text.h"
#include "engine/edge/scan.h"

struct csv_field {
    struct text text; /* between the quotes where there are any */
    bool quoted;
    bool doubled; /* holds doubled quotes */
};

struct csv_split {
    const struct scan_kernels *scan;
    struct scan_csv masks;
    const char *window, *window_end; /* what the masks are of */
    const char *end;                 /* of the bytes */
    bool last;                       /* nothing follows them */

    struct csv_field *field; /* [fields_max] of the record; more are counted, not kept */
    uint32_t fields_max;
    uint32_t fields;
    bool high; /* the record may hold bytes above 0x7F */
};

enum csv_status {
    CSV_RECORD,     /* the fields are there */
    CSV_UNFINISHED, /* its end is not there yet */
    CSV_WRONG,      /* is no CSV: *what_out, static text */
};

/* Where a record stands in the bytes. */
struct csv_place {
    const char *begin, *end; /* without the line end */
    const char *next;        /* the record after it */
    const char *what;        /* CSV_WRONG: why */
};

/* Bytes to split from now on. */
void csplit_begin(struct csv_split *s, const char *at, const char *end, bool last);

/* The record at `at`. place.next is not set when it is unfinished. */
enum csv_status csplit_record(struct csv_split *s, const char *at, struct csv_place *place);

#endif
