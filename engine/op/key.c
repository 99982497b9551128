/* key.c: see key.h.
 *
 * A packed key of fixed size is, in words of 8 bytes: NULL bits (bit c: column c is NULL, its words
 * are 0), then each column, 8 bytes (16 of a DECIMAL).
 */
#include "engine/op/key.h"

#include <assert.h>
#include <string.h>

#include "engine/base/pack.h"

enum { FIXED_COLS_MAX = 64 };

static const int64_t no_columns[BATCH_ROWS];

static uint32_t fixed_bytes(const struct type *t) {
    switch (type_rep(t)) {
    case REP_B8: return t->id == TYPE_ROW ? 0 : 8;
    case REP_I64:
    case REP_F64: return 8;
    case REP_I128: return 16;
    case REP_TEXT:
    case REP_SPAN:
    case REP_TENSOR:
    case REP_COUNT: break;
    }
    return 0;
}

static uint32_t key_bytes_of(const struct key_set *k) {
    if (k->cols == 0 || (k->cols == 1 && type_rep(k->type[0]) == REP_I64)) return 8;
    if (k->cols > FIXED_COLS_MAX) return 0;
    uint32_t bytes = 8;
    for (uint32_t c = 0; c < k->cols; c++) {
        uint32_t more = fixed_bytes(k->type[c]);
        if (more == 0) return 0;
        bytes += more;
    }
    return bytes;
}

bool key_set_open(struct key_set *k, const struct schema *input, uint32_t cols, const uint32_t *col,
                  struct arena *a) {
    *k = (struct key_set){.cols = cols, .col = col};
    k->type = ARENA_ARRAY(a, k->type, cols);
    if (!k->type) return false;
    for (uint32_t c = 0; c < cols; c++) {
        assert(col[c] < input->cols);
        k->type[c] = input->col[col[c]].type;
    }
    k->key_bytes = key_bytes_of(k);
    return true;
}

/* Where one column of fixed size goes. */
struct fixed_place {
    uint32_t index;  /* of the column: its NULL bit */
    uint32_t offset; /* in each key */
    uint32_t stride; /* from key to key */
};

static inline uint32_t row_at(const struct key_rows *rows, uint32_t i) {
    return rows->row ? rows->row[i] : i;
}

static void fixed_put(const struct column *c, const struct key_rows *rows,
                      const struct fixed_place *w, char *to) {
    enum rep rep = type_rep(c->type);
    for (uint32_t i = 0; i < rows->count; i++) {
        char *key = to + (size_t)i * w->stride, *at = key + w->offset;
        uint32_t r = row_at(rows, i);
        uint64_t word = 0;
        if (!column_has(c, r)) {
            memcpy(&word, key, sizeof word);
            word |= UINT64_C(1) << w->index;
            memcpy(key, &word, sizeof word);
        } else if (rep == REP_I64) {
            memcpy(at, &c->as.i64[r], sizeof word);
        } else if (rep == REP_I128) {
            memcpy(at, &c->as.i128[r], sizeof c->as.i128[r]);
        } else if (rep == REP_B8) {
            *at = (char)c->as.b8[r];
        } else {
            double v = c->as.f64[r] + 0.0; /* -0.0 + 0.0 is 0.0 */
            uint64_t nan = UINT64_C(0x7FF8000000000000);
            memcpy(at, v == v ? (void *)&v : (void *)&nan, sizeof v);
        }
    }
}

static bool fixed_make(const struct key_set *k, const struct key_rows *rows, struct arena *a,
                       struct state_keys *out) {
    char *to = arena_zalloc(a, rows->count, k->key_bytes);
    if (!to) return false;
    struct fixed_place w = {.offset = 8, .stride = k->key_bytes};
    for (; w.index < k->cols; w.index++) {
        fixed_put(&rows->in->col[k->col[w.index]], rows, &w, to);
        w.offset += fixed_bytes(k->type[w.index]);
    }
    out->packed = to;
    return true;
}

/* Two walks: how long each key is, then the bytes. */
static bool text_make(const struct key_set *k, const struct key_rows *rows, struct arena *a,
                      struct state_keys *out) {
    const struct column *col = rows->in->col;
    struct text *key = ARENA_ARRAY(a, key, rows->count);
    if (!key) return false;
    size_t bytes = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t one = 0;
        for (uint32_t c = 0; c < k->cols; c++) one += pack_bytes(&col[k->col[c]], row_at(rows, i));
        if (one > UINT32_MAX) return false;
        key[i].bytes = (uint32_t)one;
        bytes += one;
    }
    char *to = arena_alloc(a, bytes);
    if (!to) return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        key[i].at = to;
        for (uint32_t c = 0; c < k->cols; c++) {
            to = pack_value(to, &col[k->col[c]], row_at(rows, i), PACK_KEY);
        }
    }
    out->text = key;
    return true;
}

bool key_set_make(const struct key_set *k, const struct key_rows *rows, struct arena *a,
                  struct state_keys *out) {
    assert(rows->count <= BATCH_ROWS);
    *out = (struct state_keys){.count = rows->count};
    if (k->cols == 0) {
        out->i64 = no_columns;
    } else if (k->key_bytes == 8) {
        const struct column *c = &rows->in->col[k->col[0]];
        out->i64 = c->as.i64;
        out->valid = c->valid;
        out->row = rows->row;
    } else if (k->key_bytes > 0) {
        return fixed_make(k, rows, a, out);
    } else {
        return text_make(k, rows, a, out);
    }
    return true;
}

static void fixed_get(const struct key_set *k, const char *key, struct column_builder *to) {
    uint64_t nulls;
    memcpy(&nulls, key, sizeof nulls);
    uint32_t at = 8;
    for (uint32_t c = 0; c < k->cols; c++) {
        int64_t i64;
        double f64;
        int128_t i128;
        if (nulls >> c & 1) {
            builder_null(&to[c]);
        } else if (type_rep(k->type[c]) == REP_I64) {
            memcpy(&i64, key + at, sizeof i64);
            builder_i64(&to[c], i64);
        } else if (type_rep(k->type[c]) == REP_F64) {
            memcpy(&f64, key + at, sizeof f64);
            builder_f64(&to[c], f64);
        } else if (type_rep(k->type[c]) == REP_B8) {
            builder_b8(&to[c], (uint8_t)key[at]);
        } else {
            memcpy(&i128, key + at, sizeof i128);
            builder_i128(&to[c], i128);
        }
        at += fixed_bytes(k->type[c]);
    }
}

bool key_set_read_bytes(const struct key_set *k, struct text key, bool null,
                        struct column_builder *to) {
    if (k->cols == 0) return true;
    if (k->key_bytes == 8) {
        int64_t v = 0;
        if (null) {
            builder_null(&to[0]);
        } else {
            memcpy(&v, key.at, sizeof v);
            builder_i64(&to[0], v);
        }
        return !to[0].failed;
    }
    if (k->key_bytes > 0) fixed_get(k, key.at, to);
    bool done = true;
    for (uint32_t c = 0; c < k->cols && done; c++) {
        if (k->key_bytes == 0) done = unpack_value(&key, &to[c]);
        done = done && !to[c].failed;
    }
    return done;
}

/* One 64-bit column. */
static bool words_read(const struct state_table *t, const uint32_t *id, uint32_t count,
                       struct column_builder *to) {
    if (!builder_reserve(to, count)) return false;
    for (uint32_t i = 0; i < count; i++) {
        int64_t v = 0;
        if (state_key_is_null(t, id[i])) {
            bit_clear(to->valid, to->rows + i);
            to->has_null = true;
        } else {
            memcpy(&v, state_key(t, id[i]).at, sizeof v);
        }
        to->as.i64[to->rows + i] = v;
    }
    to->rows += count;
    return true;
}

bool key_set_read(const struct key_set *k, const struct state_table *t, const uint32_t *id,
                  uint32_t count, struct column_builder *to) {
    if (k->cols == 1 && k->key_bytes == 8) return words_read(t, id, count, to);
    for (uint32_t i = 0; i < count; i++) {
        bool null = state_key_is_null(t, id[i]);
        struct text key = {0};
        if (!null) key = state_key(t, id[i]);
        if (!key_set_read_bytes(k, key, null, to)) return false;
    }
    return true;
}
