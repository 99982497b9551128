/* kernels: the loops over arrays that expressions are made of, one set per instruction set.
 *
 * Primitive arguments, no types, no NULLs: NULL masks are ANDed apart, and a value that is NULL or
 * not wanted may be computed like any other. One source (kernels_tmpl.c) is compiled for each
 * level of x86-64; kernels_best() gives the set for this machine. Every set gives the same bits.
 * Inputs and outputs do not overlap, except that an output may be one of the inputs itself.
 *
 * Used by: engine/program, engine/cast, udf.    Tested by: tests/unit/engine/kernel_test.c
 */
#ifndef ENGINE_KERNEL_KERNELS_H
#define ENGINE_KERNEL_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/type.h"

/* > and >= are < and <= with the arguments exchanged. */
enum compare_op { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_COUNT };

typedef bool kernel_checked_i64(uint32_t n, const int64_t *a, const int64_t *b, int64_t *out);
typedef void kernel_f64(uint32_t n, const double *a, const double *b, double *out);

/* out[i] is 1 where a[i] op b[i], else 0. */
typedef void kernel_compare_b8(uint32_t n, const uint8_t *a, const uint8_t *b, uint8_t *out);
typedef void kernel_compare_i64(uint32_t n, const int64_t *a, const int64_t *b, uint8_t *out);
typedef void kernel_compare_f64(uint32_t n, const double *a, const double *b, uint8_t *out);
typedef void kernel_compare_i128(uint32_t n, const int128_t *a, const int128_t *b, uint8_t *out);

struct arith_kernels {
    /* Wrapped results, and true when any of the n overflowed. */
    kernel_checked_i64 *add_i64, *sub_i64, *mul_i64;
    kernel_f64 *add_f64, *sub_f64, *mul_f64, *div_f64;
    void (*mul_i128)(uint32_t n, const int128_t *a, const int128_t *b, int128_t *out); /* wraps */
    /* out = a * by_a + b * by_b, wrapping: sums of decimals of two scales. */
    void (*sum_i128)(uint32_t n, const int128_t *a, int128_t by_a, const int128_t *b, int128_t by_b,
                     int128_t *out);
};

struct compare_kernels {
    kernel_compare_b8 *b8[COMPARE_COUNT];
    kernel_compare_i64 *i64[COMPARE_COUNT];
    kernel_compare_f64 *f64[COMPARE_COUNT]; /* NaN equals itself and is above all others */
    kernel_compare_i128 *i128[COMPARE_COUNT];
};

struct convert_kernels {
    void (*i64_to_f64)(uint32_t n, const int64_t *a, double *out);
    void (*i64_to_i128)(uint32_t n, const int64_t *a, int128_t *out);
    void (*b8_to_i64)(uint32_t n, const uint8_t *a, int64_t *out); /* 0 or 1 */
};

/* Masks have a bit a row, as struct column's `valid`; bits from n on are 0 in what is written. */
struct mask_kernels {
    void (*from_b8)(uint32_t n, const uint8_t *a, uint64_t *mask); /* where a[i] is not 0 */
    void (*to_b8)(uint32_t n, const uint64_t *mask, uint8_t *out);
    /* The rows of the bits set, ascending; returns how many. sel[] has room for n. */
    uint32_t (*to_sel)(uint32_t n, const uint64_t *mask, uint16_t *sel);
    /* out[i] = cond[i] ? a[i] : b[i], for values of 1, 8 and 16 bytes; cond is 0 or 1. */
    void (*blend_8)(uint32_t n, const uint8_t *cond, const uint8_t *a, const uint8_t *b,
                    uint8_t *out);
    void (*blend_64)(uint32_t n, const uint8_t *cond, const int64_t *a, const int64_t *b,
                     int64_t *out);
    void (*blend_128)(uint32_t n, const uint8_t *cond, const int128_t *a, const int128_t *b,
                      int128_t *out);
};

struct kernels {
    const char *name; /* "v2", "v3", "v4" */
    struct arith_kernels arith;
    struct compare_kernels compare;
    struct convert_kernels convert;
    struct mask_kernels mask;
};

extern const struct kernels kernels_v2, kernels_v3, kernels_v4;

/* The set for the machine that runs this. */
const struct kernels *kernels_best(void);

#endif
