/* builder.h: column_builder: the writer of a column, one value after another.
 *
 * Grows in an arena; a finished column (builder_column) stays valid until the arena is reset.
 * Bytes of TEXT values are copied only by the functions that say so. Nested types have a builder
 * a child: a ROW's children must get exactly one value for each row (NULL rows too), an ARRAY's
 * or MAP's children as many as the spans say.
 *
 * Errors: without memory `failed` is set and stays; the writer checks once.
 *
 * Used by: codecs, functions, operators.    Tested by: tests/unit/builder_test.c
 */
#ifndef ENGINE_BASE_BUILDER_H
#define ENGINE_BASE_BUILDER_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/type.h"

struct column_builder {
    const struct type *type;
    struct arena *arena;
    uint32_t rows;
    uint32_t capacity_rows;
    bool failed;
    bool has_null;
    uint64_t *valid; /* kept in step; published only when has_null */
    union {
#define X(ID, sfx, ctype) ctype *sfx;
        REP_LIST(X)
#undef X
        void *any;
    } as;
    struct column_builder *child; /* [type->fields] */
};

/* Room for `rows` values at first. false: no memory. */
bool builder_init(struct column_builder *b, struct arena *a, const struct type *type,
                  uint32_t rows) MUST_USE;

/* Room for `rows` values more, which may then be written at as.<member>[rows] with `rows` raised by
 * the writer (bits of `valid` from `rows` on are ones). false and `failed`: no memory. */
bool builder_reserve(struct column_builder *b, uint32_t rows) MUST_USE;

/* Each appends one value. */
void builder_null(struct column_builder *b); /* children of a ROW get NULL too */
void builder_b8(struct column_builder *b, uint8_t v);
void builder_i64(struct column_builder *b, int64_t v);
void builder_f64(struct column_builder *b, double v);
void builder_i128(struct column_builder *b, int128_t v);
void builder_text(struct column_builder *b, struct text v);      /* the bytes are borrowed */
void builder_text_copy(struct column_builder *b, struct text v); /* copied into the arena */
void builder_row(struct column_builder *b); /* a ROW value; its children were appended */
/* An ARRAY or MAP value of the last `count` values appended to its children. */
void builder_span(struct column_builder *b, uint32_t count);
void builder_tensor(struct column_builder *b, struct tensor v); /* borrowed */

/* Appends value `row` of `from` (same type), deep, bytes copied. */
void builder_copy(struct column_builder *b, const struct column *from, uint32_t row);

/* Forgets the rows from `rows` on, children too (a decoder that met a bad row). */
void builder_truncate(struct column_builder *b, uint32_t rows);

/* What was built, as a column that shares the builder's memory; false when `failed`.
 * Children columns are made in the arena. */
bool builder_column(struct column_builder *b, struct column *out) MUST_USE;

#endif
