/* aggregate_sketch.c: APPROX_COUNT_DISTINCT, by HyperLogLog.
 *
 * Up to SMALL_MAX distinct hashes are kept as they are, so small counts are exact; then 2^14
 * registers of one byte each hold the greatest rank seen (standard error 0.8 %). The estimate is
 * Ertl's improved one (2017, arXiv:1702.01284, algorithm 6), which needs no tables of corrections.
 * Ranks do not depend on the order of rows.
 */
#include <math.h>
#include <string.h>

#include "engine/base/builder.h"
#include "engine/base/hash.h"
#include "engine/base/pack.h"
#include "udf/aggregate.h"

enum {
    BITS = 14,
    REGISTERS = 1 << BITS,
    RANK_MAX = 64 - BITS + 1,
    SMALL_MIN = 16,
    SMALL_MAX = 1024, /* slots of the table of hashes, half of them used */
};

struct sketch {
    union {
        uint64_t *hash; /* [capacity] open addressing, 0: free */
        uint8_t *rank;  /* [REGISTERS] */
    } as;
    uint32_t count;    /* hashes kept */
    uint32_t capacity; /* of the table of hashes; REGISTERS: as.rank */
};

static void rank_put(uint8_t *rank, uint64_t hash) {
    uint32_t at = (uint32_t)(hash >> (64 - BITS));
    uint64_t rest = hash << BITS | UINT64_C(1) << (BITS - 1);
    uint8_t r = (uint8_t)(__builtin_clzll(rest) + 1);
    if (r > rank[at]) rank[at] = r;
}

static void slot_put(struct sketch *s, uint64_t hash) {
    uint32_t mask = s->capacity - 1, at = (uint32_t)hash & mask;
    while (s->as.hash[at] != 0 && s->as.hash[at] != hash) at = (at + 1) & mask;
    if (s->as.hash[at] == hash) return;
    s->as.hash[at] = hash;
    s->count++;
}

/* Makes room for one hash more: a larger table, or the registers. */
static bool sketch_grow(const struct agg_call *c, struct sketch *s, struct err *e) {
    struct sketch old = *s;
    uint32_t capacity = old.capacity ? old.capacity * 2 : SMALL_MIN;
    if (capacity <= SMALL_MAX) {
        *s = (struct sketch){.capacity = capacity,
                             .as.hash = ARENA_ARRAY(c->arena, s->as.hash, capacity)};
    } else {
        *s = (struct sketch){.capacity = REGISTERS,
                             .as.rank = ARENA_ARRAY(c->arena, s->as.rank, REGISTERS)};
    }
    if (!s->as.hash) {
        *s = old;
        return err_memory(e);
    }
    for (uint32_t i = 0; i < old.capacity; i++) {
        uint64_t hash = old.as.hash[i];
        if (hash == 0) continue;
        if (s->capacity == REGISTERS) {
            rank_put(s->as.rank, hash);
        } else {
            slot_put(s, hash);
        }
    }
    return true;
}

static bool sketch_put(const struct agg_call *c, struct sketch *s, uint64_t hash, struct err *e) {
    if (hash == 0) hash = 1; /* 0 is a free slot */
    if (s->capacity < REGISTERS && s->count + 1 > s->capacity / 2) {
        if (!sketch_grow(c, s, e)) return false;
    }
    if (s->capacity == REGISTERS) {
        rank_put(s->as.rank, hash);
    } else {
        slot_put(s, hash);
    }
    return true;
}

static bool value_hash(const struct agg_call *c, const struct column *v, uint32_t row,
                       uint64_t *out, struct err *e) {
    enum rep r = type_rep(v->type);
    if (r == REP_I64) {
        *out = hash_u64((uint64_t)v->as.i64[row]);
    } else if (r == REP_F64) {
        *out = hash_f64(v->as.f64[row]);
    } else if (r == REP_TEXT) {
        *out = hash_bytes(v->as.text[row].at, v->as.text[row].bytes);
    } else {
        struct arena_mark mark = arena_mark(c->arena);
        size_t bytes = pack_bytes(v, row);
        char *at = arena_alloc(c->arena, bytes);
        if (!at) return err_memory(e);
        pack_value(at, v, row, PACK_KEY);
        *out = hash_bytes(at, bytes);
        arena_rewind(c->arena, mark);
    }
    return true;
}

static bool sketch_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        uint64_t hash = 0;
        if (!column_has(in->arg, row)) continue;
        if (!value_hash(c, in->arg, row, &hash, e)) return false;
        if (!sketch_put(c, in->state[i], hash, e)) return false;
    }
    return true;
}

static bool sketch_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    struct sketch *a = into;
    const struct sketch *b = from;
    if (b->capacity < REGISTERS) {
        for (uint32_t i = 0; i < b->capacity; i++) {
            if (b->as.hash[i] != 0 && !sketch_put(c, a, b->as.hash[i], e)) return false;
        }
        return true;
    }
    while (a->capacity < REGISTERS) {
        if (!sketch_grow(c, a, e)) return false;
    }
    for (uint32_t i = 0; i < REGISTERS; i++) {
        if (b->as.rank[i] > a->as.rank[i]) a->as.rank[i] = b->as.rank[i];
    }
    return true;
}

/* The limits of two series (Ertl, formulas for sigma and tau). */
static double sigma(double x) {
    if (x == 1.0) return INFINITY;
    double y = 1.0, z = x, before;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x) {
    if (x == 0.0 || x == 1.0) return 0.0;
    double y = 1.0, z = 1.0 - x, before;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
    } while (z != before);
    return z / 3.0;
}

static int64_t sketch_estimate(const struct sketch *s) {
    if (s->capacity < REGISTERS) return s->count;
    uint32_t with_rank[RANK_MAX + 1] = {0};
    for (uint32_t i = 0; i < REGISTERS; i++) with_rank[s->as.rank[i]]++;
    double m = REGISTERS;
    double z = m * tau(1.0 - (double)with_rank[RANK_MAX] / m);
    for (uint32_t k = RANK_MAX - 1; k >= 1; k--) z = 0.5 * (z + (double)with_rank[k]);
    z += m * sigma((double)with_rank[0] / m);
    double alpha = 0.5 / 0.69314718055994530942; /* 1 / (2 ln 2) */
    return (int64_t)(alpha * m * m / z + 0.5);
}

static bool sketch_finish(const struct agg_call *c, void *const *state, uint32_t count,
                          struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) builder_i64(out, sketch_estimate(state[i]));
    return !out->failed || err_memory(e);
}

/* Capacity 4, count 4, then the hashes or the registers. */
static bool sketch_save(const struct agg_call *c, const void *state, struct buf *out) {
    (void)c;
    const struct sketch *s = state;
    buf_add(out, &s->capacity, sizeof s->capacity);
    buf_add(out, &s->count, sizeof s->count);
    size_t size = s->capacity == REGISTERS ? 1 : sizeof(uint64_t);
    if (s->capacity > 0) buf_add(out, s->as.hash, s->capacity * size);
    return !out->failed;
}

static bool sketch_load(const struct agg_call *c, void *state, struct text saved, struct err *e) {
    struct sketch *s = state;
    uint32_t head[2] = {0};
    if (saved.bytes >= sizeof head) memcpy(head, saved.at, sizeof head);
    size_t size = head[0] == REGISTERS ? 1 : sizeof(uint64_t);
    bool shape = head[0] == 0 || head[0] == REGISTERS ||
                 (head[0] <= SMALL_MAX && (head[0] & (head[0] - 1)) == 0);
    if (!shape || saved.bytes != sizeof head + head[0] * size || head[1] > head[0] / 2) {
        return err_set(e, ERR_CORRUPT, "XX001", "a saved sketch is damaged");
    }
    *s = (struct sketch){.capacity = head[0], .count = head[1]};
    if (head[0] == 0) return true;
    s->as.hash = (void *)arena_copy(c->arena, saved.at + sizeof head, head[0] * size);
    return s->as.hash || err_memory(e);
}

static const struct aggregate rows[] = {
    {.name = "approx_count_distinct",
     .sig = "approx_count_distinct(ANY) BIGINT",
     .doc = "How many different values there are, to about 0.8 %; exact for few.",
     .example = "approx_count_distinct(v) = 2 FROM (VALUES ('a'), ('b'), ('a'), (NULL)) AS t(v)",
     .flags = AGG_NO_DISTINCT | AGG_IN_PLACE,
     .state_bytes = sizeof(struct sketch),
     .add = sketch_add,
     .merge = sketch_merge,
     .finish = sketch_finish,
     .save = sketch_save,
     .load = sketch_load},
};

const struct agg_table aggregate_sketch_table = {.agg = rows, .count = COUNT_OF(rows)};
