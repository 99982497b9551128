/* decimal.h: exact decimal numbers: an integer of at most 38 digits and a scale.
 *
 * The value is value / 10^scale with 0 <= scale <= 38. Every operation is exact in 256 bits inside
 * and rounds once, half away from zero, to the scale asked for. What has more than 38 digits then
 * is no DECIMAL: the operations return false, the readers PARSE_RANGE (22003).
 *
 * Used by: kernels, functions, aggregates, codecs.    Tested by: tests/unit/base/decimal_test.c
 */
#ifndef ENGINE_BASE_DECIMAL_H
#define ENGINE_BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/parse.h"
#include "engine/base/text.h"
#include "engine/base/type.h"

enum { DECIMAL_TEXT_MAX = 41 }; /* sign, 38 digits, "0." */

struct decimal {
    int128_t value;
    uint32_t scale;
};

/* The parameters of a DECIMAL type. */
struct decimal_shape {
    uint32_t precision, scale;
};

enum decimal_op { DECIMAL_ADD, DECIMAL_SUB, DECIMAL_MUL, DECIMAL_DIV, DECIMAL_MOD };

/* The type of `a op b` (contract: Flink's rules): + - scale max(s1, s2); * s1 + s2; / max(6,
 * s1 + p2 + 1); % max(s1, s2). Past 38 digits the scale gives way, not below 6. */
struct decimal_shape decimal_result(enum decimal_op op, struct decimal_shape a,
                                    struct decimal_shape b);

/* 10^digits, digits <= 38. */
int128_t decimal_power(uint32_t digits);

/* |v| < 10^precision. */
bool decimal_fits(int128_t v, uint32_t precision);

/* How many digits |v| has; 1 for 0. */
uint32_t decimal_digits(int128_t v);

/* All of `s` ([+-] digits [. digits] [e [+-] digits], as f64_parse) as a DECIMAL of that shape. */
enum parse_result decimal_parse(struct text s, struct decimal_shape shape, int128_t *out);

/* The shape that holds the literal `s` exactly, and its value; PARSE_RANGE past 38 digits. */
enum parse_result decimal_parse_literal(struct text s, struct decimal_shape *shape_out,
                                        int128_t *out);

/* All digits of the scale: 1.50. Without a NUL; returns how many bytes. */
uint32_t decimal_print(char out[DECIMAL_TEXT_MAX], struct decimal d);
void buf_add_decimal(struct buf *b, struct decimal d);

/* The same number with another scale, rounded half away from zero. */
bool decimal_rescale(struct decimal d, uint32_t scale, int128_t *out) MUST_USE;

/* a op b with the scale asked for. DIV and MOD by zero must not be asked (SQL says NULL). */
bool decimal_add(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) MUST_USE;
bool decimal_sub(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) MUST_USE;
bool decimal_mul(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) MUST_USE;
bool decimal_div(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) MUST_USE;
/* The remainder of the division cut toward zero; has the sign of a. */
bool decimal_mod(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) MUST_USE;

/* Three-way comparison of the numbers, whatever their scales. */
int decimal_compare(struct decimal a, struct decimal b);

/* The nearest double. */
double decimal_to_f64(struct decimal d);
/* The decimal that prints `v` shortest, rounded to the shape; false: NaN, infinite, too large. */
bool decimal_from_f64(double v, struct decimal_shape shape, int128_t *out) MUST_USE;
/* Cut toward zero; false past 64 bits. */
bool decimal_to_i64(struct decimal d, int64_t *out) MUST_USE;

#endif
