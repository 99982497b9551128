/* layer_dropout.c: Dropout: at inference nothing is dropped, and it does not become a node unless
 * its mask is wanted (build.c).
 *
 * A file may ask for training_mode. Then elements are dropped by the random numbers of the
 * reference implementation, NumPy's: the Mersenne Twister (Matsumoto, Nishimura 1998), seeded with
 * one number, 53 bits of two draws for each element; so the same seed gives the same mask.
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/step.h"

enum { IN_X, IN_RATIO, IN_TRAINING };

struct dropout {
    float ratio; /* of old files; an input else */
    int64_t seed;
};

static bool dropout_read(struct layer_read *r, struct err *e) {
    struct dropout *p = r->node->params;
    p->ratio = 0.5F;
    return layer_read_float(r, "ratio", &p->ratio, e) && layer_read_int(r, "seed", &p->seed, e);
}

struct dropout_state {
    double ratio; /* 0: nothing is dropped */
};

static bool dropout_plan(struct step *s, struct err *e) {
    const struct dropout *p = s->node->params;
    struct dropout_state *t = step_state(s, sizeof *t, e);
    if (!t || !step_expect(s, IN_TRAINING, NET_BOOL, e) || !step_expect(s, IN_RATIO, NET_F32, e)) {
        return false;
    }
    for (uint32_t i = IN_RATIO; i <= IN_TRAINING; i++) {
        if (step_has(s, i) && shape_elements(&s->in[i].shape) != 1) {
            return step_error(s, e, "input %u must be one value", i);
        }
    }
    bool training = step_has(s, IN_TRAINING) && *(const uint8_t *)s->in[IN_TRAINING].at;
    double ratio = (double)(step_has(s, IN_RATIO) ? *(const float *)s->in[IN_RATIO].at : p->ratio);
    if (training && !(ratio >= 0 && ratio < 1)) return step_error(s, e, "a ratio of %g", ratio);
    t->ratio = training ? ratio : 0;
    step_like(s);
    if (step_gives(s, 1)) {
        s->out[1].type = NET_BOOL;
        s->out[1].shape = s->in[0].shape;
    }
    return true;
}

enum { TWISTER_WORDS = 624, TWISTER_MIDDLE = 397 };

struct twister {
    uint32_t word[TWISTER_WORDS];
    uint32_t next;
};

static void twister_seed(struct twister *t, uint32_t seed) {
    t->word[0] = seed;
    for (uint32_t i = 1; i < TWISTER_WORDS; i++) {
        t->word[i] = 1812433253U * (t->word[i - 1] ^ t->word[i - 1] >> 30) + i;
    }
    t->next = TWISTER_WORDS;
}

static void twister_turn(struct twister *t) {
    for (uint32_t i = 0; i < TWISTER_WORDS; i++) {
        uint32_t after = t->word[(i + 1) % TWISTER_WORDS];
        uint32_t y = (t->word[i] & 0x80000000U) | (after & 0x7FFFFFFFU);
        t->word[i] =
            t->word[(i + TWISTER_MIDDLE) % TWISTER_WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908B0DFU : 0);
    }
    t->next = 0;
}

static uint32_t twister_draw(struct twister *t) {
    if (t->next == TWISTER_WORDS) twister_turn(t);
    uint32_t y = t->word[t->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680U;
    y ^= y << 15 & 0xEFC60000U;
    return y ^ y >> 18;
}

/* Of [0, 1). */
static double twister_number(struct twister *t) {
    uint32_t high = twister_draw(t) >> 5, low = twister_draw(t) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

static bool dropout_run(struct step *s, struct err *e) {
    const struct dropout *p = s->node->params;
    const struct dropout_state *t = s->state;
    struct twister random;
    size_t n = shape_elements(&s->in[0].shape);
    const float *x = s->in[0].at;
    float *y = step_gives(s, 0) ? s->out[0].at : NULL, scale = (float)(1 / (1 - t->ratio));
    uint8_t *mask = step_gives(s, 1) ? s->out[1].at : NULL;
    (void)e;
    if (t->ratio > 0) twister_seed(&random, (uint32_t)p->seed);
    for (size_t i = 0; i < n; i++) {
        bool stays = t->ratio == 0 || twister_number(&random) >= t->ratio;
        if (y) y[i] = stays ? x[i] * scale : 0;
        if (mask) mask[i] = stays;
    }
    return true;
}

/* Which elements go depends on how many came before. */
static bool dropout_mixes(const struct step *s) {
    const struct dropout_state *t = s->state;
    return t->ratio > 0;
}

static const struct layer rows[] = {
    {.name = "Dropout",
     .ins_min = 1,
     .ins_max = 3,
     .outs_max = 2,
     .types = TYPE_F32,
     .values = 1 << IN_RATIO | 1 << IN_TRAINING,
     .params_bytes = sizeof(struct dropout),
     .read = dropout_read,
     .plan = dropout_plan,
     .run = dropout_run,
     .mixes = dropout_mixes},
};

const struct layer_family layers_dropout = {.layer = rows, .count = COUNT_OF(rows)};
