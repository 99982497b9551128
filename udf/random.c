/* random.c: random numbers from a generator seeded by the query, one for each call in its text.
 *
 * The generator is xoshiro256++ (Blackman and Vigna, 2019), its state filled by splitmix64 from
 * the seed. It draws once for each row in row order, so that the cut of batches does not show,
 * and its 32 bytes are the saved state.
 */
#include <assert.h>

#include "udf/each.h"
#include "udf/table.h"

struct generator {
    uint64_t s[4];
};

static uint64_t splitmix(uint64_t *x) {
    uint64_t z = *x += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static uint64_t rotate(uint64_t x, uint32_t by) {
    return x << by | x >> (64 - by);
}

static uint64_t draw(struct generator *g) {
    uint64_t *s = g->s, result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

static bool random_open(const struct fn_bind *b, void **state_out, struct err *e) {
    struct generator *g = ARENA_NEW(b->arena, g);
    if (!g) return err_memory(e);
    uint64_t x = b->seed;
    for (uint32_t i = 0; i < COUNT_OF(g->s); i++) g->s[i] = splitmix(&x);
    *state_out = g;
    return true;
}

static bool random_save(const void *state, struct buf *out) {
    const struct generator *g = state;
    buf_add(out, g->s, sizeof g->s);
    return !out->failed;
}

static bool random_load(void *state, struct text saved, struct err *e) {
    struct generator *g = state;
    if (saved.bytes != sizeof g->s) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of random() has %u bytes",
                       saved.bytes);
    }
    memcpy(g->s, saved.at, sizeof g->s);
    return true;
}

static bool random_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = (int64_t)draw(c->state);
    return true;
}
DEFINE_EACH(random)

/* 53 bits of 0 <= x < 1. */
static bool rand_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.f64[row] = (double)(draw(c->state) >> 11) * 0x1p-53;
    return true;
}
DEFINE_EACH(rand)

/* 0 <= x < bound, each as likely: draws that would favour small ones are thrown away. */
static bool rand_integer_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t bound = arg_i64(c, 0, row);
    if (bound <= 0) {
        fn_fail(c, row, "22003", "the bound of rand_integer() is not above 0");
        return true;
    }
    uint64_t n = (uint64_t)bound, skipped = (0 - n) % n, x;
    do x = draw(c->state);
    while (x < skipped);
    out->as.i64[row] = (int64_t)(x % n);
    return true;
}
DEFINE_EACH(rand_integer)

/* Random bytes, at least one. */
static bool randomblob_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum { BLOB_MAX = 64 << 20 };
    int64_t n = arg_i64(c, 0, row);
    if (n < 1) n = 1;
    if (n > BLOB_MAX) {
        fn_fail(c, row, "54000", "the result has more than %d MiB", BLOB_MAX >> 20);
        return true;
    }
    char *to = arena_alloc(c->arena, (size_t)n);
    if (!to) return false;
    for (int64_t i = 0; i < n; i += 8) {
        uint64_t x = draw(c->state);
        memcpy(to + i, &x, n - i < 8 ? (size_t)(n - i) : sizeof x);
    }
    out->as.text[row] = (struct text){.at = to, .bytes = (uint32_t)n};
    return true;
}
DEFINE_EACH(randomblob)

static const struct fn table[] = {
    {.name = "random",
     .sig = "random() BIGINT",
     .doc = "a random BIGINT, another for each row",
     .example = "typeof(random()) = 'integer'",
     .flags = FN_VOLATILE,
     .open = random_open,
     .call = random_call,
     .save = random_save,
     .load = random_load},
    {.name = "rand",
     .sig = "rand() DOUBLE",
     .doc = "a random DOUBLE from 0 to below 1, another for each row",
     .example = "rand() < 1",
     .flags = FN_VOLATILE,
     .open = random_open,
     .call = rand_call,
     .save = random_save,
     .load = random_load},
    {.name = "rand_integer",
     .sig = "rand_integer(BIGINT) BIGINT",
     .doc = "a random BIGINT from 0 to below the bound, another for each row",
     .example = "rand_integer(1) = 0",
     .flags = FN_VOLATILE | FN_STRICT | FN_CAN_FAIL,
     .open = random_open,
     .call = rand_integer_call,
     .save = random_save,
     .load = random_load},
    {.name = "randomblob",
     .sig = "randomblob(BIGINT) BLOB",
     .doc = "so many random bytes",
     .example = "length(randomblob(16)) = 16",
     .flags = FN_VOLATILE | FN_STRICT | FN_CAN_FAIL,
     .open = random_open,
     .call = randomblob_call,
     .save = random_save,
     .load = random_load},
};

const struct fn_table fn_random = {table, COUNT_OF(table)};
