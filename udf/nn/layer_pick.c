/* layer_pick.c: Gather: pieces of the data by their number along an axis. */
#include <assert.h>
#include <string.h>

#include "udf/nn/step.h"

struct gather {
    int64_t axis;
};

struct gather_state {
    size_t outer, size, block; /* data is [outer][size][block] */
    uint32_t axis;
};

static bool gather_read(struct layer_read *r, struct err *e) {
    struct gather *p = r->node->params;
    return layer_read_int(r, "axis", &p->axis, e);
}

static int64_t index_given(const struct step *s, size_t i) {
    const int64_t *i64 = s->in[1].at;
    const int32_t *i32 = s->in[1].at;
    return s->in[1].type == NET_I64 ? i64[i] : i32[i];
}

/* The i-th index, counted from the front. */
static int64_t index_at(const struct step *s, size_t i) {
    const struct gather_state *t = s->state;
    int64_t index = index_given(s, i);
    return index < 0 ? index + (int64_t)t->size : index;
}

static bool indices_fit(const struct step *s, struct err *e) {
    const struct gather_state *t = s->state;
    for (size_t i = 0; i < shape_elements(&s->in[1].shape); i++) {
        int64_t index = index_at(s, i);
        if (index >= 0 && (uint64_t)index < t->size) continue;
        return step_bad_data(s, e, "index %lld is outside %zu", (long long)index_given(s, i),
                             t->size);
    }
    return true;
}

static bool gather_plan(struct step *s, struct err *e) {
    const struct gather *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape, *index = &s->in[1].shape;
    struct gather_state *t = step_state(s, sizeof *t, e);
    if (!t) return false;
    if (s->in[1].type != NET_I64 && s->in[1].type != NET_I32) {
        return step_error(s, e, "indices are %s, not integers", net_type_name(s->in[1].type));
    }
    if (!shape_axis(p->axis, in->rank, &t->axis)) {
        return step_error(s, e, "axis %lld is outside rank %u", (long long)p->axis, in->rank);
    }
    if (in->rank - 1 + index->rank > NET_RANK_MAX) {
        return step_error(s, e, "more than %d dimensions", NET_RANK_MAX);
    }
    struct net_shape out = shape_of(t->axis, in->dim);
    for (uint32_t d = 0; d < index->rank; d++) out.dim[out.rank++] = index->dim[d];
    for (uint32_t d = t->axis + 1; d < in->rank; d++) out.dim[out.rank++] = in->dim[d];
    t->outer = shape_span(in, 0, t->axis);
    t->size = (size_t)in->dim[t->axis];
    t->block = shape_span(in, t->axis + 1, in->rank);
    step_like(s);
    s->out[0].shape = out;
    return !s->in[1].at || indices_fit(s, e);
}

static bool gather_run(struct step *s, struct err *e) {
    const struct gather_state *t = s->state;
    size_t bytes = t->block * net_type_bytes(s->in[0].type);
    size_t n = shape_elements(&s->in[1].shape);
    char *to = s->out[0].at;
    if (!indices_fit(s, e)) return false;
    for (size_t outer = 0; outer < t->outer; outer++) {
        const char *from = (const char *)s->in[0].at + outer * t->size * bytes;
        for (size_t i = 0; i < n; i++, to += bytes) {
            memcpy(to, from + (size_t)index_at(s, i) * bytes, bytes);
        }
    }
    return true;
}

/* Rows are picked by the data of the batch, unless the batch is that of the indices. */
static bool gather_mixes(const struct step *s) {
    const struct gather_state *t = s->state;
    return t->axis == 0 && s->in[0].at == NULL;
}

static const struct layer rows[] = {
    {.name = "Gather",
     .since = 1,
     .ins_min = 2,
     .ins_max = 2,
     .params_bytes = sizeof(struct gather),
     .read = gather_read,
     .plan = gather_plan,
     .run = gather_run,
     .mixes = gather_mixes},
};

const struct layer_family layers_pick = {.layer = rows, .count = COUNT_OF(rows)};
