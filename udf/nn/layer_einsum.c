/* layer_einsum.c: Einsum of up to three inputs.
 *
 * Each letter is an index with a size; an input moves by a step for each letter (the sum of the
 * steps where a letter stands twice: a diagonal). Letters that the result lacks are summed over.
 * "..." stands for letters of its own, aligned from the back, which broadcast. The loops are the
 * plain ones: nothing is turned into matrix products.
 */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "udf/nn/step.h"

enum { EINSUM_INPUTS = 3, LETTERS = 128, DOTS = 0 /* letters 0..7 stand for "..." */ };

struct einsum {
    struct text equation;
};

struct einsum_state {
    uint32_t ranks[2]; /* indices of the result, and summed ones */
    size_t dim[2][2 * NET_RANK_MAX];
    size_t step[2][EINSUM_INPUTS][2 * NET_RANK_MAX];
};

/* A term of the equation: its letters, one a dimension. */
struct term {
    uint32_t rank;
    uint8_t letter[NET_RANK_MAX];
};

static bool einsum_read(struct layer_read *r, struct err *e) {
    struct einsum *p = r->node->params;
    struct text t = {0};
    if (!layer_read_text(r, "equation", &t, e)) return false;
    if (t.bytes == 0) return layer_read_error(r, e, "it has no equation");
    char *copy = arena_copy(r->graph->keep, t.at, t.bytes);
    if (!copy) return err_memory(e);
    p->equation = (struct text){.at = copy, .bytes = t.bytes};
    return true;
}

/* Reads letters up to a comma, "->" or the end. `rank` is the input's, `dots` how many dimensions
 * "..." has where that is not told by it (the result). */
static bool term_read(const char **at, const char *end, uint32_t rank, uint32_t dots,
                      struct term *out) {
    uint32_t letters = 0;
    for (const char *p = *at; p < end && *p != ',' && *p != '-'; p++) {
        letters += isalpha((unsigned char)*p) != 0;
    }
    if (rank != SHAPE_UNKNOWN) dots = rank >= letters ? rank - letters : 0;
    bool dotted = false;
    *out = (struct term){0};
    for (; *at < end && **at != ',' && **at != '-'; (*at)++) {
        if (**at == ' ') continue;
        bool is_dots = end - *at >= 3 && memcmp(*at, "...", 3) == 0 && !dotted;
        if (!is_dots && !isalpha((unsigned char)**at)) return false;
        uint32_t more = is_dots ? dots : 1;
        if (out->rank + more > NET_RANK_MAX) return false;
        for (uint32_t i = 0; i < more; i++) {
            uint32_t dot = DOTS + NET_RANK_MAX - more + i; /* aligned from the back */
            out->letter[out->rank++] = (uint8_t)(is_dots ? dot : (unsigned char)**at);
        }
        if (is_dots) *at += 2;
        dotted |= is_dots;
    }
    return rank == SHAPE_UNKNOWN || out->rank == rank;
}

struct einsum_plan {
    struct term in[EINSUM_INPUTS], out;
    int64_t size[LETTERS];
    uint32_t count[LETTERS]; /* how often a letter stands in the inputs */
    uint32_t dots;
};

/* Without "->": "..." and the letters that stand once, in alphabetical order. */
static bool implied(struct einsum_plan *p) {
    struct term *out = &p->out;
    for (uint32_t i = 0; i < LETTERS; i++) {
        bool wanted = i < NET_RANK_MAX ? p->count[i] > 0 : p->count[i] == 1;
        if (!wanted) continue;
        if (out->rank == NET_RANK_MAX) return false;
        out->letter[out->rank++] = (uint8_t)i;
    }
    return true;
}

static bool terms_read(const struct step *s, struct einsum_plan *p) {
    const struct einsum *q = s->node->params;
    const char *at = q->equation.at, *end = at + q->equation.bytes;
    for (uint32_t i = 0; i < s->node->ins; i++) {
        uint32_t rank = s->in[i].shape.rank;
        if (!term_read(&at, end, rank, 0, &p->in[i])) return false;
        for (uint32_t k = 0; k < rank; k++) p->count[p->in[i].letter[k]]++;
        bool last = i + 1 == s->node->ins;
        if (!last && (at == end || *at++ != ',')) return false;
    }
    for (uint32_t i = 0; i < NET_RANK_MAX; i++) p->dots += p->count[i] > 0;
    if (at == end) return implied(p);
    if (end - at < 2 || at[0] != '-' || at[1] != '>') return false;
    at += 2;
    return term_read(&at, end, SHAPE_UNKNOWN, p->dots, &p->out) && at == end;
}

/* Sizes of the letters; a dimension of 1 broadcasts. */
static bool sizes_fit(const struct step *s, struct einsum_plan *p) {
    for (uint32_t i = 0; i < LETTERS; i++) p->size[i] = 1;
    for (uint32_t i = 0; i < s->node->ins; i++) {
        for (uint32_t d = 0; d < p->in[i].rank; d++) {
            int64_t dim = s->in[i].shape.dim[d], *size = &p->size[p->in[i].letter[d]];
            if (*size == 1) *size = dim;
            if (dim != *size && dim != 1) return false;
        }
    }
    uint32_t seen[LETTERS] = {0};
    for (uint32_t d = 0; d < p->out.rank; d++) {
        uint8_t letter = p->out.letter[d];
        if (p->count[letter] == 0 || seen[letter]++ > 0) return false;
    }
    return true;
}

/* How much input `i` moves for one step of a letter. */
static size_t step_of(const struct step *s, const struct einsum_plan *p, uint32_t i,
                      uint8_t letter) {
    const struct net_shape *in = &s->in[i].shape;
    size_t step = 0;
    for (uint32_t d = 0; d < in->rank; d++) {
        if (p->in[i].letter[d] == letter && in->dim[d] != 1) {
            step += shape_span(in, d + 1, in->rank);
        }
    }
    return step;
}

static void index_add(const struct step *s, const struct einsum_plan *p, struct einsum_state *t,
                      uint32_t group, uint8_t letter) {
    uint32_t k = t->ranks[group]++;
    t->dim[group][k] = (size_t)p->size[letter];
    for (uint32_t i = 0; i < s->node->ins; i++) t->step[group][i][k] = step_of(s, p, i, letter);
}

/* Sizes of inputs do not bound the work: "i,j,k->" has the product of them. */
static bool products_bounded(struct step *s, const struct einsum_state *t, struct err *e) {
    const double products_max = 0x1p36;
    double products = 1;
    for (uint32_t group = 0; group < 2; group++) {
        for (uint32_t k = 0; k < t->ranks[group]; k++) products *= (double)t->dim[group][k];
    }
    if (products > products_max) return step_error(s, e, "it would take %g products", products);
    s->flops = 2 * (uint64_t)products;
    return true;
}

static bool einsum_plan(struct step *s, struct err *e) {
    struct einsum_state *t = step_state(s, sizeof *t, e);
    struct einsum_plan p = {0};
    if (!t || !step_expect_alike(s, e)) return false;
    if (!terms_read(s, &p)) {
        return step_unsupported(s, e, "its equation is not understood, or does not fit the inputs");
    }
    if (!sizes_fit(s, &p)) return step_error(s, e, "its inputs' shapes do not go together");
    s->out[0].type = NET_F32;
    s->out[0].shape = (struct net_shape){.rank = p.out.rank};
    for (uint32_t d = 0; d < p.out.rank; d++) {
        s->out[0].shape.dim[d] = p.size[p.out.letter[d]];
        index_add(s, &p, t, 0, p.out.letter[d]);
    }
    for (uint32_t letter = 0; letter < LETTERS; letter++) {
        bool summed = p.count[letter] > 0;
        for (uint32_t d = 0; d < p.out.rank; d++) summed &= p.out.letter[d] != letter;
        if (!summed) continue;
        if (t->ranks[1] == 2 * NET_RANK_MAX) return step_unsupported(s, e, "too many letters");
        index_add(s, &p, t, 1, (uint8_t)letter);
    }
    return products_bounded(s, t, e);
}

/* The next index of a group; false: it is back at the first. */
static bool next(const struct einsum_state *t, uint32_t group, size_t *index, size_t *at) {
    for (uint32_t k = t->ranks[group]; k-- > 0;) {
        for (uint32_t i = 0; i < EINSUM_INPUTS; i++) at[i] += t->step[group][i][k];
        if (++index[k] < t->dim[group][k]) return true;
        for (uint32_t i = 0; i < EINSUM_INPUTS; i++) {
            at[i] -= t->step[group][i][k] * t->dim[group][k];
        }
        index[k] = 0;
    }
    return false;
}

static bool einsum_run(struct step *s, struct err *e) {
    const struct einsum_state *t = s->state;
    size_t at[EINSUM_INPUTS] = {0}, index[2 * NET_RANK_MAX] = {0};
    float *y = s->out[0].at;
    bool empty = false;
    (void)e;
    for (uint32_t k = 0; k < t->ranks[1]; k++) empty |= t->dim[1][k] == 0;
    do {
        size_t inner[2 * NET_RANK_MAX] = {0};
        double sum = 0;
        bool more = !empty;
        while (more) {
            double product = 1;
            for (uint32_t i = 0; i < s->node->ins; i++) {
                product *= (double)((const float *)s->in[i].at)[at[i]];
            }
            sum += product;
            more = next(t, 1, inner, at);
        }
        *y++ = (float)sum;
    } while (next(t, 0, index, at));
    return true;
}

static bool einsum_mixes(const struct step *s) {
    (void)s;
    return true;
}

static const struct layer rows[] = {
    {.name = "Einsum",
     .since = 12,
     .ins_min = 1,
     .ins_max = EINSUM_INPUTS,
     .types = TYPE_F32,
     .flags = LAYER_HEAVY,
     .params_bytes = sizeof(struct einsum),
     .read = einsum_read,
     .plan = einsum_plan,
     .run = einsum_run,
     .mixes = einsum_mixes},
};

const struct layer_family layers_einsum = {.layer = rows, .count = COUNT_OF(rows)};
