/* The gradient of a mini-batch: it is cut into shards, always the same for its size; each is added
 * up by itself in row order by whichever thread takes it, and the shards are added in their order.
 * So the result is a function of the rows alone.
 *
 * Without layers that look at the whole mini-batch a shard goes through in one turn: tile by tile
 * forwards, loss, backwards. With them it goes by segments: all shards forwards through one
 * segment, their sums added up, then the next; the last segment turns; then back.
 */
#include <assert.h>
#include <string.h>

#include "udf/learn/network.h"
#include "udf/learn/noise.h"

struct network_shard {
    struct network_values values;
    real *grad;
    double *sums; /* of a layer that looks at the whole mini-batch */
    struct loss_score score;
    uint32_t first, rows; /* of the mini-batch */
};

struct network_trainer {
    const struct network *net;
    const struct loss *loss;
    struct crew *crew;
    real *packed;
    real **batch; /* [layers] of those that look at the whole mini-batch */
    struct network_shard shard[NETWORK_SHARDS];
    /* Of the mini-batch that is being computed. */
    const struct network_batch *given;
    const real *param;
    uint32_t segment;
};

static bool shard_open(struct network_trainer *t, struct network_shard *s, uint32_t rows,
                       struct arena *a, struct err *e) {
    const struct network *n = t->net;
    uint32_t held = n->whole || rows < n->tile_rows ? rows : n->tile_rows, channels = 1;
    for (uint32_t i = 0; i < n->layers; i++) {
        if (n->layer[i].in.c > channels) channels = n->layer[i].in.c;
    }
    s->grad = ARENA_ARRAY(a, s->grad, n->parameters);
    s->sums = ARENA_ARRAY(a, s->sums, 2 * (size_t)channels);
    if (!s->grad || !s->sums) return err_memory(e);
    return network_values(n, held, true, a, &s->values, e);
}

struct network_trainer *network_trainer_create(const struct network *n, const struct loss *loss,
                                               uint32_t rows, struct crew *crew, struct arena *a,
                                               struct err *e) {
    struct network_trainer *t = ARENA_NEW(a, t);
    real **batch = ARENA_ARRAY(a, batch, n->layers);
    real *packed = ARENA_ARRAY(a, packed, n->packed_size);
    if (!t || !batch || !packed) {
        err_memory(e);
        return NULL;
    }
    *t = (struct network_trainer){
        .net = n, .loss = loss, .crew = crew, .packed = packed, .batch = batch};
    for (uint32_t i = 0; i < n->layers; i++) {
        const struct layer_whole *whole = n->layer[i].type->whole;
        if (!whole) continue;
        batch[i] = ARENA_ARRAY(a, batch[i], (size_t)whole->numbers * n->layer[i].in.c);
        if (batch[i]) continue;
        err_memory(e);
        return NULL;
    }
    uint32_t most = (rows + NETWORK_SHARDS - 1) / NETWORK_SHARDS;
    for (uint32_t i = 0; i < NETWORK_SHARDS; i++) {
        if (!shard_open(t, &t->shard[i], most, a, e)) return NULL;
    }
    return t;
}

/* The pass of layer i over rows [first, first + rows) of a shard's values, which are rows from
 * `row` on of the mini-batch. */
static struct layer_pass pass(const struct network_trainer *t, const struct network_shard *s,
                              uint32_t i, const uint32_t span[2], uint32_t row) {
    const struct layer *l = &t->net->layer[i];
    struct layer_pass p = network_pass(t->net, &s->values, i, span[0], span[1]);
    p.training = true;
    p.noise = noise_row(t->given->noise, s->first + row);
    p.param = t->param + l->param_at;
    p.packed = t->packed + l->packed_at;
    p.grad = s->grad + l->param_at;
    p.batch = t->batch[i];
    return p;
}

static void go_forward(const struct network_trainer *t, struct network_shard *s,
                       const uint32_t span[2], uint32_t row) {
    const struct network *n = t->net;
    for (uint32_t i = n->segment[t->segment]; i < n->segment[t->segment + 1]; i++) {
        struct layer_pass p = pass(t, s, i, span, row);
        if (n->layer[i].type->forward) n->layer[i].type->forward(&n->layer[i], &p);
    }
}

/* From layer `from` - 1 down to the segment's first that need not wait for others. */
static void go_back(const struct network_trainer *t, struct network_shard *s, uint32_t from,
                    const uint32_t span[2], uint32_t row) {
    const struct network *n = t->net;
    uint32_t first = n->segment[t->segment];
    if (n->layer[first].type->whole) first++;
    if (first < n->learning) first = n->learning;
    for (uint32_t i = from; i-- > first;) {
        struct layer_pass p = pass(t, s, i, span, row);
        if (n->layer[i].type->backward) n->layer[i].type->backward(&n->layer[i], &p);
    }
}

/* Cross-entropy's gradient is that of the last layer's input. */
static uint32_t add_loss(const struct network_trainer *t, struct network_shard *s,
                         const uint32_t span[2], uint32_t row) {
    const struct network *n = t->net;
    uint32_t out = n->out_size, targets = loss_targets(t->loss);
    uint32_t last = t->loss->kind == LOSS_CROSS_ENTROPY ? n->layers - 1 : n->layers;
    struct loss_row r = {.scale = 1 / (real)t->given->rows.rows};
    for (uint32_t k = 0; k < span[1]; k++) {
        size_t at = (size_t)(span[0] + k) * out;
        r.y = s->values.y[n->layers - 1] + at;
        r.dy = s->values.dy[last - 1] + at;
        r.target = t->given->target + (size_t)(s->first + row + k) * targets;
        loss_add(t->loss, &r, &s->score);
    }
    return last;
}

/* Rows of a shard that are computed at a time; where values of all are held, at their places. */
static bool next_tile(const struct network_trainer *t, const struct network_shard *s, uint32_t *row,
                      uint32_t span[2]) {
    *row += span[1];
    if (*row >= s->rows) return false;
    uint32_t left = s->rows - *row;
    span[0] = t->net->whole ? *row : 0;
    span[1] = left < t->net->tile_rows ? left : t->net->tile_rows;
    return true;
}

static void part_load(void *context, uint32_t part) {
    struct network_trainer *t = context;
    struct network_shard *s = &t->shard[part];
    memset(s->grad, 0, t->net->parameters * sizeof *s->grad);
    s->score = (struct loss_score){0};
    if (t->net->whole) network_load(t->net, &t->given->rows, s->first, s->rows, s->values.x);
}

static void part_forward(void *context, uint32_t part) {
    struct network_trainer *t = context;
    struct network_shard *s = &t->shard[part];
    uint32_t row = 0, span[2] = {0, 0};
    while (next_tile(t, s, &row, span)) go_forward(t, s, span, row);
}

static void part_turn(void *context, uint32_t part) {
    struct network_trainer *t = context;
    struct network_shard *s = &t->shard[part];
    uint32_t row = 0, span[2] = {0, 0};
    if (!t->net->whole) part_load(context, part);
    while (next_tile(t, s, &row, span)) {
        if (!t->net->whole) {
            network_load(t->net, &t->given->rows, s->first + row, span[1], s->values.x);
        }
        go_forward(t, s, span, row);
        uint32_t from = add_loss(t, s, span, row);
        go_back(t, s, from, span, row);
    }
}

/* The layer that the segment behind begins with, then this segment's. */
static void part_back(void *context, uint32_t part) {
    struct network_trainer *t = context;
    struct network_shard *s = &t->shard[part];
    uint32_t row = 0, span[2] = {0, 0};
    while (next_tile(t, s, &row, span)) {
        go_back(t, s, t->net->segment[t->segment + 1] + 1, span, row);
    }
}

static void sum_shard(struct network_trainer *t, uint32_t part, bool back) {
    struct network_shard *s = &t->shard[part];
    const struct layer *l = &t->net->layer[t->net->segment[t->segment]];
    const uint32_t span[2] = {0, s->rows};
    memset(s->sums, 0, 2 * (size_t)l->in.c * sizeof *s->sums);
    if (s->rows == 0) return;
    struct layer_pass p = pass(t, s, (uint32_t)(l - t->net->layer), span, 0);
    if (back) {
        l->type->whole->sum_back(l, &p, s->sums);
    } else {
        l->type->whole->sum(l, &p, s->sums);
    }
}

static void part_sum(void *context, uint32_t part) {
    sum_shard(context, part, false);
}

static void part_sum_back(void *context, uint32_t part) {
    sum_shard(context, part, true);
}

/* Adds up what the shards counted for the layer that the segment begins with. */
static const double *add_sums(struct network_trainer *t, crew_part *part) {
    const struct layer *l = &t->net->layer[t->net->segment[t->segment]];
    crew_run(t->crew, part, t, NETWORK_SHARDS);
    for (uint32_t i = 1; i < NETWORK_SHARDS; i++) {
        for (uint32_t k = 0; k < 2 * l->in.c; k++) t->shard[0].sums[k] += t->shard[i].sums[k];
    }
    return t->shard[0].sums;
}

/* Through the segments, and back to the first. */
static void go_by_segments(struct network_trainer *t, real *param) {
    const struct network *n = t->net;
    uint64_t rows = t->given->rows.rows;
    crew_run(t->crew, part_load, t, NETWORK_SHARDS);
    for (t->segment = 0;; t->segment++) {
        uint32_t i = n->segment[t->segment];
        const struct layer *l = &n->layer[i];
        if (l->type->whole) {
            const double *sums = add_sums(t, part_sum);
            l->type->whole->settle(l, sums, rows, t->batch[i], param + l->param_at);
        }
        if (t->segment + 1 == n->segments) break;
        crew_run(t->crew, part_forward, t, NETWORK_SHARDS);
    }
    crew_run(t->crew, part_turn, t, NETWORK_SHARDS);
    for (;; t->segment--) {
        uint32_t i = n->segment[t->segment];
        const struct layer *l = &n->layer[i];
        if (l->type->whole) {
            const double *sums = add_sums(t, part_sum_back);
            l->type->whole->settle_back(l, sums, rows, t->batch[i], t->shard[0].grad + l->param_at);
        }
        if (t->segment == 0) return;
        t->segment--;
        crew_run(t->crew, part_back, t, NETWORK_SHARDS);
        t->segment++;
    }
}

const real *network_gradient(struct network_trainer *t, const struct network_batch *b, real *param,
                             struct loss_score *score) {
    const struct network *n = t->net;
    assert(b->rows.rows > 0);
    t->given = b;
    t->param = param;
    network_pack(n, param, t->packed);
    for (uint32_t i = 0; i < NETWORK_SHARDS; i++) {
        uint64_t first = (uint64_t)b->rows.rows * i / NETWORK_SHARDS;
        uint64_t end = (uint64_t)b->rows.rows * (i + 1) / NETWORK_SHARDS;
        t->shard[i].first = (uint32_t)first;
        t->shard[i].rows = (uint32_t)(end - first);
    }
    t->segment = 0;
    if (n->whole) {
        go_by_segments(t, param);
    } else {
        crew_run(t->crew, part_turn, t, NETWORK_SHARDS);
    }
    for (uint32_t i = 0; i < NETWORK_SHARDS; i++) {
        if (i > 0) n->kernels->add(n->parameters, t->shard[i].grad, t->shard[0].grad);
        score->loss += t->shard[i].score.loss;
        score->rows += t->shard[i].score.rows;
        score->correct += t->shard[i].score.correct;
    }
    return t->shard[0].grad;
}
