/* layer_order.c: ArgMax, ArgMin and TopK: which elements along an axis are the largest.
 *
 * TopK keeps a heap of the k best whose root is the worst of them, then empties it from the back.
 * Of equal values the one with the lower index is better. Values are compared as double, int64 as
 * itself.
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/step.h"

struct order {
    int64_t axis, largest, sorted;
    bool keep, last_index;
};

struct order_state {
    size_t outer, size, inner; /* [outer][size][inner], of the input */
    size_t k;
    uint32_t axis;
};

static bool order_begin(struct step *s, struct order_state *t, struct err *e) {
    const struct order *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    if (!shape_axis(p->axis, in->rank, &t->axis)) {
        return step_error(s, e, "axis %lld is outside rank %u", (long long)p->axis, in->rank);
    }
    t->outer = shape_span(in, 0, t->axis);
    t->size = (size_t)in->dim[t->axis];
    t->inner = shape_span(in, t->axis + 1, in->rank);
    return true;
}

/* Does element a come before element b, equal ones apart? DEFINE per type. NaN is the largest. */
#define DEFINE_AHEAD(sfx, ctype)                                                                   \
    static bool ahead_##sfx(const void *at, size_t a, size_t b, bool largest) {                    \
        ctype x = ((const ctype *)at)[a], y = ((const ctype *)at)[b];                              \
        return largest ? x > y || (x != x && y == y) : x < y || (y != y && x == x);                \
    }
DEFINE_AHEAD(f32, float)
DEFINE_AHEAD(i64, int64_t)
DEFINE_AHEAD(i32, int32_t)
DEFINE_AHEAD(i8, int8_t)
DEFINE_AHEAD(u8, uint8_t)

typedef bool ahead(const void *at, size_t a, size_t b, bool largest);

static ahead *ahead_of(enum net_type t) {
    static ahead *const functions[NET_TYPE_COUNT] = {
        [NET_F32] = ahead_f32, [NET_I64] = ahead_i64, [NET_I32] = ahead_i32,
        [NET_I8] = ahead_i8,   [NET_U8] = ahead_u8,   [NET_BOOL] = ahead_u8};
    assert(t < NET_TYPE_COUNT);
    return functions[t];
}

static bool arg_read(struct layer_read *r, struct err *e) {
    struct order *p = r->node->params;
    p->keep = true;
    return layer_read_int(r, "axis", &p->axis, e) && layer_read_bool(r, "keepdims", &p->keep, e) &&
           layer_read_bool(r, "select_last_index", &p->last_index, e);
}

static bool arg_plan(struct step *s, struct err *e) {
    const struct order *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    struct order_state *t = step_state(s, sizeof *t, e);
    if (!t || !order_begin(s, t, e)) return false;
    if (t->size == 0) return step_error(s, e, "there is nothing along axis %u", t->axis);
    struct net_shape out = {0};
    for (uint32_t d = 0; d < in->rank; d++) {
        if (d != t->axis) out.dim[out.rank++] = in->dim[d];
        if (d == t->axis && p->keep) out.dim[out.rank++] = 1;
    }
    s->out[0].type = NET_I64;
    s->out[0].shape = out;
    return true;
}

static bool arg_run(struct step *s, struct err *e) {
    const struct order *p = s->node->params;
    const struct order_state *t = s->state;
    ahead *f = ahead_of(s->in[0].type);
    bool largest = s->node->layer->variant == 0;
    int64_t *to = s->out[0].at;
    (void)e;
    for (size_t i = 0; i < t->outer * t->inner; i++) {
        size_t from = i / t->inner * t->size * t->inner + i % t->inner, best = 0;
        for (size_t k = 1; k < t->size; k++) {
            size_t at = from + k * t->inner, old = from + best * t->inner;
            bool wins = p->last_index ? !f(s->in[0].at, old, at, largest)
                                      : f(s->in[0].at, at, old, largest);
            if (wins) best = k;
        }
        to[i] = (int64_t)best;
    }
    return true;
}

static bool top_read(struct layer_read *r, struct err *e) {
    struct order *p = r->node->params;
    int64_t k = 0;
    p->axis = -1;
    p->largest = p->sorted = 1;
    if (!layer_read_int(r, "axis", &p->axis, e) || !layer_read_int(r, "largest", &p->largest, e) ||
        !layer_read_int(r, "sorted", &p->sorted, e)) {
        return false;
    }
    if (!layer_read_attr(r, "k")) return true;
    if (!layer_read_int(r, "k", &k, e)) return false;
    struct tensor t = {.type = NET_I64, .shape = {.rank = 1, .dim = {1}}};
    t.at = arena_copy(r->graph->load, &k, sizeof k);
    return t.at ? layer_read_input(r, 1, &t, e) : err_memory(e);
}

static bool top_plan(struct step *s, struct err *e) {
    struct order_state *t = step_state(s, sizeof *t, e);
    int64_t k;
    uint32_t count;
    if (!t || !order_begin(s, t, e) || !step_ints(s, 1, &k, 1, &count, e)) return false;
    if (count != 1 || k < 0 || (size_t)k > t->size) {
        return step_error(s, e, "k is not one number from 0 to %zu", t->size);
    }
    t->k = (size_t)k;
    step_like(s);
    s->out[0].shape.dim[t->axis] = k;
    if (step_gives(s, 1)) {
        s->out[1].type = NET_I64;
        s->out[1].shape = s->out[0].shape;
    }
    s->scratch_bytes = t->k * sizeof(size_t);
    return true;
}

/* A heap of element numbers: the root is the worst. */
struct heap {
    const void *at;
    ahead *ahead;
    size_t *item;
    size_t count;
    bool largest;
};

/* Of equal ones the first is better. */
static bool better(const struct heap *h, size_t a, size_t b) {
    if (h->ahead(h->at, a, b, h->largest)) return true;
    return a < b && !h->ahead(h->at, b, a, h->largest);
}

static void sift_down(struct heap *h, size_t i) {
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->count) return;
        if (child + 1 < h->count && better(h, h->item[child], h->item[child + 1])) child++;
        if (!better(h, h->item[i], h->item[child])) return;
        size_t swap = h->item[i];
        h->item[i] = h->item[child];
        h->item[child] = swap;
        i = child;
    }
}

/* The best k of a line, best first. */
static void top_line(struct heap *h, const struct order_state *t, size_t from) {
    for (size_t i = 0; i < t->k; i++) h->item[i] = from + i * t->inner;
    h->count = t->k;
    for (size_t i = t->k / 2; i-- > 0;) sift_down(h, i);
    for (size_t i = t->k; i < t->size; i++) {
        size_t at = from + i * t->inner;
        if (!better(h, at, h->item[0])) continue;
        h->item[0] = at;
        sift_down(h, 0);
    }
    while (h->count > 1) {
        size_t worst = h->item[0];
        h->item[0] = h->item[--h->count];
        sift_down(h, 0);
        h->item[h->count] = worst;
    }
}

static bool top_run(struct step *s, struct err *e) {
    const struct order *p = s->node->params;
    const struct order_state *t = s->state;
    size_t bytes = net_type_bytes(s->in[0].type);
    struct heap h = {.at = s->in[0].at,
                     .ahead = ahead_of(s->in[0].type),
                     .item = s->scratch,
                     .largest = p->largest != 0};
    int64_t *index = step_gives(s, 1) ? s->out[1].at : NULL;
    char *value = step_gives(s, 0) ? s->out[0].at : NULL;
    (void)e;
    for (size_t i = 0; i < t->outer * t->inner; i++) {
        size_t from = i / t->inner * t->size * t->inner + i % t->inner;
        size_t to = i / t->inner * t->k * t->inner + i % t->inner;
        top_line(&h, t, from);
        for (size_t k = 0; k < t->k; k++) {
            size_t at = to + k * t->inner;
            if (value) memcpy(value + at * bytes, (const char *)h.at + h.item[k] * bytes, bytes);
            if (index) index[at] = (int64_t)((h.item[k] - from) / t->inner);
        }
    }
    return true;
}

static const struct layer rows[] = {
    {.name = "ArgMax",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .types = TYPE_NUMBERS,
     .params_bytes = sizeof(struct order),
     .read = arg_read,
     .plan = arg_plan,
     .run = arg_run},
    {.name = "ArgMin",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .variant = 1,
     .types = TYPE_NUMBERS,
     .params_bytes = sizeof(struct order),
     .read = arg_read,
     .plan = arg_plan,
     .run = arg_run},
    {.name = "TopK",
     .since = 1,
     .ins_min = 1,
     .ins_max = 2,
     .outs_max = 2,
     .types = TYPE_NUMBERS,
     .values = 1 << 1,
     .params_bytes = sizeof(struct order),
     .read = top_read,
     .plan = top_plan,
     .run = top_run},
};

const struct layer_family layers_order = {.layer = rows, .count = COUNT_OF(rows)};
