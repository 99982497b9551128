/* layer_slice.c: Slice and Pad.
 *
 * Pad copies the middle, then fills each dimension's borders, innermost first, from what is already
 * there: constant, edge, reflect and wrap differ only in where a border element comes from.
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/move.h"
#include "udf/nn/step.h"

static bool slice_read(struct layer_read *r, struct err *e) {
    return layer_read_input_ints(r, 1, "starts", e) && layer_read_input_ints(r, 2, "ends", e) &&
           layer_read_input_ints(r, 3, "axes", e);
}

struct slice_state {
    struct move move;
    size_t from;    /* elements to the first one */
    bool rows_stay; /* dimension 0 is whole, however long it is */
};

static int64_t limited(int64_t at, int64_t least, int64_t most) {
    return at < least ? least : at > most ? most : at;
}

/* Start, count and step along one axis. NumPy's rules, but for ONNX's: backwards, a start in front
 * of the axis is its first element. */
struct cut {
    int64_t start, count, step;
    bool whole; /* from 0 to the end, however far that is */
};

static struct cut cut_of(int64_t size, int64_t start, int64_t end, int64_t step) {
    struct cut c = {.step = step};
    if (start < 0)
        start = start < -size ? -1 : start + size;
    else if (start > size)
        start = size;
    if (end < 0)
        end = end < -size ? -1 : end + size;
    else if (end > size)
        end = size;
    if (step > 0) {
        c.start = limited(start, 0, size);
        end = limited(end, 0, size);
        c.count = end > c.start ? (end - c.start - 1) / step + 1 : 0;
    } else {
        c.start = limited(start, size > 0 ? 0 : -1, size - 1);
        end = limited(end, -1, size - 1);
        c.count = c.start > end ? (c.start - end - 1) / -step + 1 : 0;
    }
    return c;
}

static bool slice_cuts(const struct step *s, struct cut cut[NET_RANK_MAX], struct err *e) {
    const struct net_shape *in = &s->in[0].shape;
    int64_t list[4][NET_RANK_MAX];
    uint32_t count[4];
    assert(in->rank <= NET_RANK_MAX);
    for (uint32_t i = 0; i < 4; i++) {
        if (!step_ints(s, i + 1, list[i], NET_RANK_MAX, &count[i], e)) return false;
    }
    for (uint32_t d = 0; d < NET_RANK_MAX; d++) {
        cut[d] = (struct cut){.count = 1, .step = 1, .whole = true};
    }
    for (uint32_t d = 0; d < in->rank; d++) cut[d].count = in->dim[d];
    for (uint32_t i = 1; i < 4; i++) {
        if ((i == 1 || step_has(s, i + 1)) && count[i] != count[0]) {
            return step_error(s, e, "starts, ends, axes and steps differ in length");
        }
    }
    uint32_t seen = 0;
    for (uint32_t i = 0; i < count[0]; i++) {
        uint32_t axis;
        int64_t step = step_has(s, 4) ? list[3][i] : 1;
        if (!shape_axis(step_has(s, 3) ? list[2][i] : i, in->rank, &axis) || seen >> axis & 1) {
            return step_error(s, e, "its axes are outside rank %u, or repeat", in->rank);
        }
        if (step == 0) return step_error(s, e, "a step of 0");
        if (step < -INT32_MAX) step = -INT32_MAX;
        seen |= 1U << axis;
        cut[axis] = cut_of(in->dim[axis], list[0][i], list[1][i], step);
        bool to_end = list[1][i] >= INT32_MAX || list[1][i] == in->dim[axis];
        cut[axis].whole = list[0][i] == 0 && step == 1 && to_end;
    }
    return true;
}

static bool slice_plan(struct step *s, struct err *e) {
    struct slice_state *t = step_state(s, sizeof *t, e);
    struct cut cut[NET_RANK_MAX];
    if (!t || !slice_cuts(s, cut, e)) return false;
    t->rows_stay = cut[0].whole;
    step_like(s);
    struct net_shape *out = &s->out[0].shape;
    ptrdiff_t in_step[NET_RANK_MAX], out_step[NET_RANK_MAX];
    move_steps(&s->in[0].shape, in_step);
    for (uint32_t d = 0; d < out->rank; d++) out->dim[d] = cut[d].count;
    if (shape_elements(out) == 0) return true;
    move_steps(out, out_step);
    for (uint32_t d = 0; d < out->rank; d++) {
        ptrdiff_t by = cut[d].count > 1 ? in_step[d] * (ptrdiff_t)cut[d].step : 0;
        t->from += (size_t)cut[d].start * (size_t)in_step[d];
        move_add(&t->move, (size_t)cut[d].count, by, out_step[d]);
    }
    move_ready(&t->move);
    return true;
}

static bool slice_run(struct step *s, struct err *e) {
    const struct slice_state *t = s->state;
    size_t bytes = net_type_bytes(s->in[0].type);
    (void)e;
    move_run(&t->move, s->env->loops, bytes, (const char *)s->in[0].at + t->from * bytes,
             s->out[0].at);
    return true;
}

/* Rows change places, or only some are left. */
static bool slice_mixes(const struct step *s) {
    const struct slice_state *t = s->state;
    return !t->rows_stay;
}

enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP };

struct pad {
    enum pad_mode mode;
};

static bool pad_read(struct layer_read *r, struct err *e) {
    static const char *const modes[] = {"constant", "edge", "reflect", "wrap"};
    struct pad *p = r->node->params;
    struct text mode = TEXT_LITERAL("constant");
    const struct onnx_attr *a = layer_read_attr(r, "value");
    if (!layer_read_text(r, "mode", &mode, e) || !layer_read_input_ints(r, 1, "pads", e)) {
        return false;
    }
    if (a) {
        struct tensor t = {.type = NET_F32};
        t.at = arena_copy(r->graph->load, &a->f, sizeof a->f);
        if (!t.at) return err_memory(e);
        if (!layer_read_input(r, 2, &t, e)) return false;
    }
    for (uint32_t i = 0; i < COUNT_OF(modes); i++) {
        if (!text_equal(mode, text_of(modes[i]))) continue;
        p->mode = (enum pad_mode)i;
        return true;
    }
    return layer_read_error(r, e, "mode \"%.*s\" is unknown", TEXT_ARG(mode));
}

struct pad_state {
    int64_t before[NET_RANK_MAX], after[NET_RANK_MAX]; /* negative: cut off */
    struct move middle;
    size_t from, to; /* elements to the first of the middle */
};

static bool pad_amounts(const struct step *s, struct pad_state *t, struct err *e) {
    uint32_t rank = s->in[0].shape.rank, axes_count, count, seen = 0;
    int64_t pads[2 * NET_RANK_MAX], axes[NET_RANK_MAX];
    if (!step_ints(s, 1, pads, 2 * NET_RANK_MAX, &count, e) ||
        !step_ints(s, 3, axes, NET_RANK_MAX, &axes_count, e)) {
        return false;
    }
    uint32_t padded = step_has(s, 3) ? axes_count : rank;
    if (count != 2 * padded) return step_error(s, e, "pads must be two for each axis");
    for (uint32_t i = 0; i < padded; i++) {
        uint32_t axis;
        if (!shape_axis(step_has(s, 3) ? axes[i] : i, rank, &axis) || seen >> axis & 1) {
            return step_error(s, e, "its axes are outside rank %u, or repeat", rank);
        }
        seen |= 1U << axis;
        t->before[axis] = pads[i];
        t->after[axis] = pads[padded + i];
        bool sane = pads[i] > -INT32_MAX && pads[i] < INT32_MAX && pads[padded + i] > -INT32_MAX &&
                    pads[padded + i] < INT32_MAX;
        if (!sane) return step_error(s, e, "pads out of range");
    }
    return true;
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* The part of the input that is in the output, along dimension d. */
static int64_t middle_of(const struct step *s, const struct pad_state *t, uint32_t d) {
    return s->in[0].shape.dim[d] + (t->before[d] < 0 ? t->before[d] : 0) +
           (t->after[d] < 0 ? t->after[d] : 0);
}

static bool pad_fits(const struct step *s, const struct pad_state *t, uint32_t d, struct err *e) {
    const struct pad *p = s->node->params;
    int64_t middle = middle_of(s, t, d), most = larger(t->before[d], t->after[d]);
    if (s->out[0].shape.dim[d] < 0 || middle < 0) {
        return step_error(s, e, "pads take more than dimension %u has", d);
    }
    if (p->mode == PAD_CONSTANT || most <= 0) return true;
    bool can = p->mode == PAD_REFLECT ? most < middle
               : p->mode == PAD_WRAP  ? most <= middle
                                      : middle > 0;
    return can ||
           step_error(s, e, "dimension %u is too small for pads of %lld", d, (long long)most);
}

static bool pad_plan(struct step *s, struct err *e) {
    struct pad_state *t = step_state(s, sizeof *t, e);
    if (!t || !pad_amounts(s, t, e) || !step_expect(s, 2, s->in[0].type, e)) return false;
    if (step_has(s, 2) && shape_elements(&s->in[2].shape) != 1) {
        return step_error(s, e, "the constant must be one value");
    }
    step_like(s);
    struct net_shape *out = &s->out[0].shape;
    for (uint32_t d = 0; d < out->rank; d++) {
        out->dim[d] += t->before[d] + t->after[d];
        if (!pad_fits(s, t, d, e)) return false;
    }
    if (!shape_fits(out)) return true;
    ptrdiff_t in_step[NET_RANK_MAX], out_step[NET_RANK_MAX];
    move_steps(&s->in[0].shape, in_step);
    move_steps(out, out_step);
    for (uint32_t d = 0; d < out->rank; d++) {
        t->from += (size_t)larger(-t->before[d], 0) * (size_t)in_step[d];
        t->to += (size_t)larger(t->before[d], 0) * (size_t)out_step[d];
        move_add(&t->middle, (size_t)middle_of(s, t, d), in_step[d], out_step[d]);
    }
    move_ready(&t->middle);
    return true;
}

/* Where element `at` of a padded dimension comes from: both inside [0, out). */
static int64_t source_of(enum pad_mode mode, int64_t at, int64_t before, int64_t middle) {
    int64_t i = at - before;
    if (i >= 0 && i < middle) return at;
    if (mode == PAD_EDGE) return before + limited(i, 0, middle - 1);
    if (mode == PAD_WRAP) return before + (i < 0 ? i + middle : i - middle);
    return before + (i < 0 ? -i : 2 * (middle - 1) - i);
}

/* Fills the borders of dimension d: all slabs of it, of which the middle is there already. */
static void pad_borders(const struct step *s, uint32_t d) {
    const struct pad_state *t = s->state;
    const struct pad *p = s->node->params;
    const struct net_shape *out = &s->out[0].shape;
    size_t bytes = net_type_bytes(s->out[0].type) * shape_span(out, d + 1, out->rank);
    int64_t before = larger(t->before[d], 0), middle = middle_of(s, t, d);
    for (size_t slab = 0; slab < shape_span(out, 0, d); slab++) {
        char *at = (char *)s->out[0].at + slab * bytes * (size_t)out->dim[d];
        for (int64_t i = 0; i < out->dim[d]; i++) {
            int64_t from = source_of(p->mode, i, before, middle);
            if (from != i) memcpy(at + (size_t)i * bytes, at + (size_t)from * bytes, bytes);
        }
    }
}

static void fill(const struct step *s) {
    size_t bytes = net_type_bytes(s->out[0].type), n = shape_elements(&s->out[0].shape);
    char *to = s->out[0].at;
    if (!step_has(s, 2)) {
        memset(to, 0, n * bytes);
        return;
    }
    for (size_t i = 0; i < n; i++) memcpy(to + i * bytes, s->in[2].at, bytes);
}

static bool pad_run(struct step *s, struct err *e) {
    const struct pad_state *t = s->state;
    const struct pad *p = s->node->params;
    size_t bytes = net_type_bytes(s->in[0].type);
    bool empty = false;
    (void)e;
    for (uint32_t d = 0; d < s->out[0].shape.rank; d++) empty |= middle_of(s, t, d) == 0;
    if (p->mode == PAD_CONSTANT) fill(s);
    if (empty) return true;
    move_run(&t->middle, s->env->loops, bytes, (const char *)s->in[0].at + t->from * bytes,
             (char *)s->out[0].at + t->to * bytes);
    if (p->mode == PAD_CONSTANT) return true;
    for (uint32_t d = s->out[0].shape.rank; d-- > 0;) pad_borders(s, d);
    return true;
}

/* What is cut off at one end of dimension 0 and added at the other moves the rows. */
static bool pad_mixes(const struct step *s) {
    const struct pad_state *t = s->state;
    return t->before[0] != 0;
}

/* Axes that are not given are 0, 1, ... as many as there are starts or pairs of pads (input 1). */
static bool axes_turn(struct layer_turn *t, uint32_t per_axis, bool *done_out, struct err *e) {
    struct node *n = &t->graph->node[t->node];
    if (n->ins > 3 && n->in[3] != GRAPH_NONE) return layer_turn_axes_input(t, 3, done_out, e);
    const struct value *v = &t->graph->value[n->in[1]];
    int64_t axes[4];
    *done_out = v->constant && v->shape.rank == 1 && v->shape.dim[0] <= 4 * (int64_t)per_axis;
    if (!*done_out) return true;
    uint32_t count = (uint32_t)v->shape.dim[0] / per_axis;
    for (uint32_t k = 0; k < count; k++) axes[k] = layer_turned[k];
    uint32_t with = graph_constant_ints(t->graph, axes, count, e);
    if (with == GRAPH_NONE) return false;
    n->in[3] = with; /* there is room: LAYER_INPUTS_ROOM */
    if (n->ins < 4) n->ins = 4;
    return true;
}

static bool slice_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    return axes_turn(t, 1, done_out, e);
}

static bool pad_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    return axes_turn(t, 2, done_out, e);
}

static const struct layer rows[] = {
    {.name = "Slice",
     .since = 1,
     .ins_min = 1,
     .ins_max = 5,
     .values = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4,
     .read = slice_read,
     .plan = slice_plan,
     .run = slice_run,
     .mixes = slice_mixes,
     .turn = slice_turn},
    {.name = "Pad",
     .since = 2,
     .ins_min = 1,
     .ins_max = 4,
     .values = 1 << 1 | 1 << 3,
     .params_bytes = sizeof(struct pad),
     .read = pad_read,
     .plan = pad_plan,
     .run = pad_run,
     .mixes = pad_mixes,
     .turn = pad_turn},
};

const struct layer_family layers_slice = {.layer = rows, .count = COUNT_OF(rows)};
