/* number.h: BIGINT and DOUBLE from and to text.
 *
 * Reading is exact: integers digit for digit, doubles rounded correctly (to nearest, ties to even)
 * whatever the number of digits. Printing a double gives the fewest digits that read back the
 * same, of those the nearest. Nothing depends on the locale, nothing allocates.
 *
 * Used by: codecs, functions, printers, sql/lex.    Tested by: tests/unit/base/number_test.c
 */
#ifndef ENGINE_BASE_NUMBER_H
#define ENGINE_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/parse.h"
#include "engine/base/text.h"

enum {
    /* Room that a printer may write to; the text itself is shorter. */
    I64_TEXT_MAX = 32, /* -9223372036854775808 */
    U64_TEXT_MAX = 24,
    F64_TEXT_MAX = 48, /* -2.2250738585072014e-308 */
    F64_SQLITE_MAX = 32,
    F64_DIGITS_MAX = 17, /* significant digits that any double needs */
};

/* All of `s`: [+-] digits. Leading zeros are allowed. */
enum parse_result i64_parse(struct text s, int64_t *out);

/* All of `s`: [+-] digits [. digits] [e [+-] digits], where digits may be missing on one side of
 * the point. PARSE_RANGE when it rounds past the largest double; too small is 0 or subnormal.
 * No words (nan, inf), no hexadecimal, no spaces. */
enum parse_result f64_parse(struct text s, double *out);

/* digits * 10^exponent, correctly rounded; infinity when too large. The fast path of decoders that
 * have gathered at most 19 digits themselves. */
double f64_from_digits(uint64_t digits, int32_t exponent);

/* The shortest decimal of a finite |v|: digits * 10^exponent, no zeros at the end (0 is 0, 0). */
struct f64_decimal {
    uint64_t digits; /* < 10^17 */
    int32_t exponent;
};
struct f64_decimal f64_shortest(double v);

/* Exactly `digits` digits (<= 24), zeros in front; v < 10^digits. */
void u64_print_padded(char *out, uint64_t v, uint32_t digits);

/* Each writes into `out` without a NUL and returns how many bytes. */
uint32_t u64_print(char out[U64_TEXT_MAX], uint64_t v);
uint32_t i64_print(char out[I64_TEXT_MAX], int64_t v);
/* Always with a point or an exponent: 1.0, 0.1, 1e+300, 1.5e-07; 'NaN', 'Infinity', '-Infinity'.
 * Positional from 1e-05 up to 16 digits before the point. */
uint32_t f64_print(char out[F64_TEXT_MAX], double v);
/* As SQLite's CAST(v AS TEXT), that is printf('%!.15g'): 15 digits, 1.0e+300, Inf, -Inf. */
uint32_t f64_print_sqlite(char out[F64_SQLITE_MAX], double v);

void buf_add_i64(struct buf *b, int64_t v);
void buf_add_f64(struct buf *b, double v);

#endif
