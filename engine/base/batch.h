/* batch.h: a block of rows held as columns; what flows between operators.
 *
 * Value r of column c is col[c].as.<member>[r]. A filter does not move rows: dropped rows stay in
 * the arrays and `sel` names the live ones. Rows that are not live still carry time: their
 * ordinal and watermark count, so a batch without a live row is passed on too.
 *
 * Time is data: each row carries its ordinal (its place in the order of the query's input, never
 * going down; rows that an operator emits carry the ordinal of the row that caused them), the
 * watermark that held before it, and the time at which it was read (PROCTIME).
 *
 * Lifetime: a batch and all it points at belong to the producer and are gone when the push()
 * that received them returns. To keep a row, copy it.
 *
 * Used by: every layer.    Tested by: tests/unit/batch_test.c
 */
#ifndef ENGINE_BASE_BATCH_H
#define ENGINE_BASE_BATCH_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/type.h"

enum { BATCH_ROWS = 2048 }; /* 2048 * 8 B = 16 KiB a column: a few columns fit in L1 */

#define TIME_MIN_US INT64_MIN /* a watermark before the first row */
#define TIME_END_US INT64_MAX /* a watermark after the last: "the input has ended" */

/* What a row of a changelog says (Flink's RowKind). */
enum change { CHANGE_INSERT, CHANGE_BEFORE, CHANGE_AFTER, CHANGE_DELETE }; /* +I -U +U -D */

static inline bool change_is_retraction(int8_t kind) {
    return kind == CHANGE_BEFORE || kind == CHANGE_DELETE;
}

struct column {
    const struct type *type;
    const uint64_t *valid; /* bit r set: row r has a value; NULL: all rows have */
    union {
#define X(ID, sfx, ctype) const ctype *sfx;
        REP_LIST(X) /* each: [rows] */
#undef X
        const void *any;
    } as;
    const struct column *child; /* [type->fields] for ROW, ARRAY, MAP; else NULL */
};

/* When: the position between two rows at which something holds. */
struct mark {
    uint64_t ordinal;     /* of the next row */
    int64_t watermark_us; /* no row with a smaller event time comes any more */
    int64_t proctime_us;  /* the clock, as an event between two rows */
};

struct batch {
    const struct schema *schema; /* outlives every batch of its stream */
    const struct column *col;    /* [schema->cols] */
    const uint16_t *sel;         /* [live] ascending; NULL: every row is live */
    uint32_t rows;               /* in every column, <= BATCH_ROWS */
    uint32_t live;               /* <= rows */

    const uint64_t *ordinal;     /* [rows] never going down; NULL: first.ordinal + row */
    const int64_t *watermark_us; /* [rows] before each row, never going down; NULL: first's */
    const int64_t *proctime_us;  /* [rows]; NULL: first's */
    struct mark first;           /* of row 0 */
    const int8_t *change;        /* [rows] enum change; NULL: all CHANGE_INSERT */
};

static inline uint32_t batch_row(const struct batch *b, uint32_t i) {
    assert(i < b->live);
    return b->sel ? b->sel[i] : i;
}

static inline uint64_t batch_ordinal(const struct batch *b, uint32_t row) {
    return b->ordinal ? b->ordinal[row] : b->first.ordinal + row;
}

static inline int64_t batch_watermark(const struct batch *b, uint32_t row) {
    return b->watermark_us ? b->watermark_us[row] : b->first.watermark_us;
}

static inline int64_t batch_proctime(const struct batch *b, uint32_t row) {
    return b->proctime_us ? b->proctime_us[row] : b->first.proctime_us;
}

static inline int8_t batch_change(const struct batch *b, uint32_t row) {
    return b->change ? b->change[row] : CHANGE_INSERT;
}

static inline bool bit_get(const uint64_t *bits, uint32_t i) {
    return bits[i / 64] >> (i % 64) & 1;
}

static inline void bit_set(uint64_t *bits, uint32_t i) {
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void bit_clear(uint64_t *bits, uint32_t i) {
    bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* Words of a validity mask for n rows. */
static inline uint32_t bit_words(uint32_t n) {
    return (n + 63) / 64;
}

static inline bool column_has(const struct column *c, uint32_t row) {
    return !c->valid || bit_get(c->valid, row);
}

/* Three-way comparison of two values of one type, NULL first (SQLite's order), NaN above all
 * numbers and equal to itself, text by bytes; nested values field by field. */
int column_compare(const struct column *a, uint32_t row_a, const struct column *b, uint32_t row_b);

/* Equal in the sense of GROUP BY and DISTINCT: NULL equals NULL. */
bool column_same(const struct column *a, uint32_t row_a, const struct column *b, uint32_t row_b);

#endif
