/* time_format.h: time_format: a pattern like 'yyyy-MM-dd HH:mm:ss', compiled.
 *
 * The letters stand in time_format.c. Lifetime: the arena it was compiled in.
 *
 * Used by: udf/time_text.c.    Tested by: tests/unit/udf/time_test.c
 */
#ifndef UDF_TIME_FORMAT_H
#define UDF_TIME_FORMAT_H

#include "engine/base/arena.h"
#include "engine/base/text.h"

struct time_field {
    char letter; /* 0: `text` as it stands */
    uint32_t width;
    struct text text;
};

struct time_format {
    struct time_field *field;
    uint32_t fields;
    size_t bytes_max; /* of what it prints */
    int64_t unit_us;  /* moments of one such span since 1970 print the same */
};

/* false: no memory. *unknown_out: a letter that means nothing, or 0. */
bool time_format_compile(struct time_format *t, struct arena *a, struct text pattern,
                         char *unknown_out) MUST_USE;

/* Writes into out[bytes_max], returns how many bytes. */
uint32_t time_format_print(const struct time_format *t, int64_t us, char *out);

/* All of `s` by the pattern; what it does not hold is that of 1970-01-01 00:00:00. */
bool time_format_parse(const struct time_format *t, struct text s, int64_t *us_out);

#endif
