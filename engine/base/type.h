/* type.h: SQL types, and the schema of a stream.
 *
 * A type is an immutable tree; scalar types without parameters are the constants below, the
 * others live in an arena. Compare with type_equal(), never by pointer.
 *
 * Used by: every layer.    Tested by: tests/unit/type_test.c
 */
#ifndef ENGINE_BASE_TYPE_H
#define ENGINE_BASE_TYPE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/text.h"

/* 128-bit integers hold DECIMAL values and exact sums. */
__extension__ typedef __int128 int128_t;
__extension__ typedef unsigned __int128 uint128_t;

/* What a list value points at: its elements are child[0] rows first .. first + count - 1. */
struct span {
    uint32_t first;
    uint32_t count;
};

/* A tensor value: row-major float32; `dim` has as many entries as the type has. */
struct tensor {
    const float *at;
    const uint32_t *dim;
};

/* How a column stores its values:  name   member  one value */
#define REP_LIST(X)                                                                                \
    X(B8, b8, uint8_t)                                                                             \
    X(I64, i64, int64_t)                                                                           \
    X(F64, f64, double)                                                                            \
    X(I128, i128, int128_t)                                                                        \
    X(TEXT, text, struct text)                                                                     \
    X(SPAN, span, struct span)                                                                     \
    X(TENSOR, tensor, struct tensor)

/* One row per SQL type:  name  stored as  in SQL */
#define TYPE_LIST(X)                                                                               \
    X(NULL, B8, "NULL") /* the type of a bare NULL: every value is NULL */                         \
    X(BOOLEAN, B8, "BOOLEAN")                                                                      \
    X(BIGINT, I64, "BIGINT")                                                                       \
    X(DOUBLE, F64, "DOUBLE")                                                                       \
    X(DECIMAL, I128, "DECIMAL") /* value * 10^scale */                                             \
    X(TEXT, TEXT, "TEXT")       /* valid UTF-8 */                                                  \
    X(BLOB, TEXT, "BLOB")                                                                          \
    X(TIMESTAMP, I64, "TIMESTAMP") /* us since 1970-01-01 00:00:00 UTC */                          \
    X(DATE, I64, "DATE")           /* days since 1970-01-01 */                                     \
    X(TIME, I64, "TIME")           /* us since midnight */                                         \
    X(INTERVAL, I64, "INTERVAL")   /* us */                                                        \
    X(ROW, B8, "ROW")              /* child[i] is field i, row by row */                           \
    X(ARRAY, SPAN, "ARRAY")        /* child[0] holds the elements */                               \
    X(MAP, SPAN, "MAP")            /* child[0] the keys, child[1] the values */                    \
    X(TENSOR, TENSOR, "TENSOR")                                                                    \
    X(IMAGE, TEXT, "IMAGE") /* the encoded bytes, decoded when asked */

#define X(ID, rep, sql) TYPE_##ID,
enum type_id { TYPE_LIST(X) TYPE_COUNT };
#undef X

#define X(ID, sfx, ctype) REP_##ID,
enum rep { REP_LIST(X) REP_COUNT };
#undef X

enum {
    DECIMAL_DIGITS_MAX = 38,
    TIMESTAMP_DIGITS_MAX = 6,
    TYPE_FIELDS_MAX = 1600, /* columns of a stream or fields of a ROW, as in PostgreSQL */
    TYPE_NESTING_MAX = 64,
    DIM_ANY = 0, /* a tensor dimension written '*' */
};

struct type;

/* A column of a schema, or a field of a ROW. */
struct field {
    struct text name; /* as first spelt */
    const struct type *type;
    bool not_null;
};

struct type {
    enum type_id id;
    uint8_t precision;         /* DECIMAL 1..38, TIMESTAMP and TIME 0..6; else 0 */
    uint8_t scale;             /* DECIMAL 0..precision; else 0 */
    uint32_t fields;           /* ROW: n; ARRAY: 1 (element); MAP: 2 (key, value); else 0 */
    const struct field *field; /* [fields] */
    uint32_t dims;             /* TENSOR */
    const uint32_t *dim;       /* [dims], DIM_ANY for '*' */
};

struct schema {
    uint32_t cols;
    const struct field *col; /* [cols] */
};

extern const struct type type_null, type_boolean, type_bigint, type_double, type_text, type_blob,
    type_timestamp3, type_timestamp6, type_date, type_time, type_interval, type_image;

/* Made in `a`; NULL without memory. Parameters must be in range (asserted). */
const struct type *type_decimal(struct arena *a, uint32_t precision, uint32_t scale) MUST_USE;
const struct type *type_timestamp(struct arena *a, uint32_t precision) MUST_USE;
const struct type *type_array(struct arena *a, const struct type *element) MUST_USE;
const struct type *type_map(struct arena *a, const struct type *key,
                            const struct type *value) MUST_USE;
/* field[] is copied, the names and types it points at are borrowed. */
const struct type *type_row(struct arena *a, uint32_t fields, const struct field *field) MUST_USE;
const struct type *type_tensor(struct arena *a, uint32_t dims, const uint32_t *dim) MUST_USE;

/* A deep copy into `a`, names included. */
const struct type *type_copy(struct arena *a, const struct type *t) MUST_USE;
struct schema *schema_copy(struct arena *a, const struct schema *s) MUST_USE;

/* Same type, parameters and field names included. */
bool type_equal(const struct type *a, const struct type *b);

#define X(ID, rep, sql) [TYPE_##ID] = REP_##rep,
static const uint8_t type_reps[TYPE_COUNT] = {TYPE_LIST(X)};
#undef X

/* How its values are stored. */
static inline enum rep type_rep(const struct type *t) {
    assert(t->id < TYPE_COUNT);
    return (enum rep)type_reps[t->id];
}
/* Bytes of one value of a representation, in the column's own array. */
uint32_t rep_bytes(enum rep r);

/* Numbers, in the order of widening BOOLEAN < BIGINT < DECIMAL < DOUBLE. */
bool type_is_number(const struct type *t);
/* Has an order, so that <, MIN and ORDER BY work: all but MAP, TENSOR, IMAGE and what holds one. */
bool type_is_ordered(const struct type *t);

/* As SQL: "DECIMAL(10,2)", "ROW<a BIGINT, b TEXT>". */
void type_print(struct buf *out, const struct type *t);

/* The name in SQL without parameters: "DECIMAL". */
const char *type_name(enum type_id id);

/* Index of the column called `name` (case folded), or -1. */
int32_t schema_find(const struct schema *s, struct text name);

#endif
