/* layer_move.c: operators that put elements in another place: Transpose, Concat, Split,
 * DepthToSpace, SpaceToDepth, Expand, Tile. All are moves (move.h).
 */
#include "udf/nn/layer_move.h"

#include <assert.h>
#include <string.h>

#include "udf/nn/move.h"
#include "udf/nn/step.h"

static bool move_state_run(struct step *s, struct err *e) {
    (void)e;
    move_run(s->state, s->env->loops, net_type_bytes(s->in[0].type), s->in[0].at, s->out[0].at);
    return true;
}

static bool transpose_read(struct layer_read *r, struct err *e) {
    struct transpose *p = r->node->params;
    int64_t perm[2 * NET_RANK_MAX];
    if (!layer_read_ints(r, "perm", perm, &p->rank, e)) return false;
    if (p->rank > NET_RANK_MAX) return layer_read_error(r, e, "perm is too long");
    uint32_t seen = 0;
    for (uint32_t i = 0; i < p->rank; i++) {
        if (!shape_axis(perm[i], p->rank, &p->perm[i]) || seen >> p->perm[i] & 1) {
            return layer_read_error(r, e, "perm is no permutation");
        }
        seen |= 1U << p->perm[i];
    }
    return true;
}

static bool transpose_plan(struct step *s, struct err *e) {
    const struct transpose *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    struct move *m = step_state(s, sizeof *m, e);
    if (!m) return false;
    if (p->rank != 0 && p->rank != in->rank) {
        return step_error(s, e, "perm is for %u dimensions, not %u", p->rank, in->rank);
    }
    struct net_shape out = {.rank = in->rank};
    uint32_t from[NET_RANK_MAX], newest = 0;
    s->view = true; /* if dimensions other than 1 keep their order */
    for (uint32_t d = 0; d < in->rank; d++) {
        from[d] = p->rank > 0 ? p->perm[d] : in->rank - 1 - d;
        out.dim[d] = in->dim[from[d]];
        if (out.dim[d] == 1) continue;
        s->view &= from[d] >= newest;
        newest = from[d];
    }
    ptrdiff_t in_step[NET_RANK_MAX], out_step[NET_RANK_MAX];
    move_steps(in, in_step);
    move_steps(&out, out_step);
    for (uint32_t d = 0; d < out.rank; d++) {
        move_add(m, (size_t)out.dim[d], in_step[from[d]], out_step[d]);
    }
    move_ready(m);
    step_like(s);
    s->out[0].shape = out;
    return true;
}

/* Concat and Split: along an axis, pieces of `block` elements follow each other. */
struct along {
    int64_t axis;
    int64_t outputs; /* Split: num_outputs; 0: not given */
};

struct along_state {
    size_t outer, block; /* block: elements of one step along the axis */
    size_t axis_size;    /* of the whole */
};

static bool concat_read(struct layer_read *r, struct err *e) {
    struct along *p = r->node->params;
    if (!layer_read_attr(r, "axis")) return layer_read_error(r, e, "attribute \"axis\" is missing");
    return layer_read_int(r, "axis", &p->axis, e);
}

static bool along_begin(struct step *s, struct along_state *t, uint32_t *axis, struct err *e) {
    const struct along *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    if (!shape_axis(p->axis, in->rank, axis)) {
        return step_error(s, e, "axis %lld is outside rank %u", (long long)p->axis, in->rank);
    }
    t->outer = shape_span(in, 0, *axis);
    t->block = shape_span(in, *axis + 1, in->rank);
    t->axis_size = (size_t)in->dim[*axis];
    return true;
}

static bool concat_plan(struct step *s, struct err *e) {
    struct along_state *t = step_state(s, sizeof *t, e);
    uint32_t axis;
    char one[SHAPE_TEXT_BYTES], two[SHAPE_TEXT_BYTES];
    if (!t || !step_expect_alike(s, e) || !along_begin(s, t, &axis, e)) return false;
    step_like(s);
    for (uint32_t i = 1; i < s->node->ins; i++) {
        struct net_shape like = s->in[i].shape;
        if (like.rank == s->in[0].shape.rank) like.dim[axis] = s->in[0].shape.dim[axis];
        if (!shape_equal(&like, &s->in[0].shape)) {
            return step_error(s, e, "shapes %s and %s cannot be joined",
                              shape_text(&s->in[0].shape, one), shape_text(&s->in[i].shape, two));
        }
        t->axis_size += (size_t)s->in[i].shape.dim[axis];
    }
    s->out[0].shape.dim[axis] = (int64_t)t->axis_size;
    return true;
}

static bool concat_run(struct step *s, struct err *e) {
    const struct along_state *t = s->state;
    size_t bytes = net_type_bytes(s->in[0].type), whole = t->axis_size * t->block * bytes;
    char *to = s->out[0].at;
    (void)e;
    for (uint32_t i = 0; i < s->node->ins; i++) {
        size_t part = t->outer > 0 ? tensor_bytes(&s->in[i]) / t->outer : 0;
        const char *from = s->in[i].at;
        for (size_t k = 0; k < t->outer && part > 0; k++) {
            memcpy(to + k * whole, from + k * part, part);
        }
        to += part;
    }
    return true;
}

static bool split_read(struct layer_read *r, struct err *e) {
    struct along *p = r->node->params;
    return layer_read_int(r, "axis", &p->axis, e) &&
           layer_read_int(r, "num_outputs", &p->outputs, e) &&
           layer_read_input_ints(r, 1, "split", e);
}

/* Equal parts; the last may be smaller. */
static bool split_equally(struct step *s, uint32_t axis, struct err *e) {
    const struct along *p = s->node->params;
    int64_t outs = s->node->outs, size = s->in[0].shape.dim[axis], part = (size + outs - 1) / outs;
    if (p->outputs != 0 && p->outputs != outs) return step_error(s, e, "num_outputs is wrong");
    if (p->outputs == 0 && size % outs != 0) {
        return step_error(s, e, "%lld cannot be split in %lld equal parts", (long long)size,
                          (long long)outs);
    }
    for (uint32_t i = 0; i < s->node->outs; i++) {
        int64_t rest = size - part * i;
        s->out[i].type = s->in[0].type;
        s->out[i].shape = s->in[0].shape;
        s->out[i].shape.dim[axis] = rest < 0 ? 0 : rest < part ? rest : part;
    }
    return true;
}

static bool split_plan(struct step *s, struct err *e) {
    struct along_state *t = step_state(s, sizeof *t, e);
    uint32_t axis;
    if (!t || !along_begin(s, t, &axis, e)) return false;
    if (!step_has(s, 1)) return split_equally(s, axis, e);
    int64_t total = 0;
    const int64_t *part = s->in[1].at;
    if (s->in[1].type != NET_I64 || s->in[1].shape.rank != 1 ||
        s->in[1].shape.dim[0] != s->node->outs) {
        return step_error(s, e, "split must be one int64 for each output");
    }
    for (uint32_t i = 0; i < s->node->outs; i++) {
        if (part[i] < 0 || part[i] > s->in[0].shape.dim[axis]) {
            return step_error(s, e, "a part of %lld", (long long)part[i]);
        }
        total += part[i];
        s->out[i].type = s->in[0].type;
        s->out[i].shape = s->in[0].shape;
        s->out[i].shape.dim[axis] = part[i];
    }
    if (total == s->in[0].shape.dim[axis]) return true;
    return step_error(s, e, "its parts are %lld together, not %lld", (long long)total,
                      (long long)s->in[0].shape.dim[axis]);
}

static bool split_run(struct step *s, struct err *e) {
    const struct along_state *t = s->state;
    size_t bytes = net_type_bytes(s->in[0].type), whole = t->axis_size * t->block * bytes;
    const char *from = s->in[0].at;
    (void)e;
    for (uint32_t i = 0; i < s->node->outs; i++) {
        size_t part = t->outer > 0 ? tensor_bytes(&s->out[i]) / t->outer : 0;
        char *to = step_gives(s, i) ? s->out[i].at : NULL;
        for (size_t k = 0; k < t->outer && part > 0 && to; k++) {
            memcpy(to + k * part, from + k * whole, part);
        }
        from += part;
    }
    return true;
}

/* DepthToSpace and SpaceToDepth: six dimensions in between. */
struct blocks {
    int64_t size;
    bool column_row_depth; /* DepthToSpace: the depth is the outer part of the channel */
};

static bool blocks_read(struct layer_read *r, struct err *e) {
    struct blocks *p = r->node->params;
    struct text mode = TEXT_LITERAL("DCR");
    if (!layer_read_int(r, "blocksize", &p->size, e) || !layer_read_text(r, "mode", &mode, e)) {
        return false;
    }
    p->column_row_depth = text_equal(mode, TEXT_LITERAL("CRD"));
    if (!p->column_row_depth && !text_equal(mode, TEXT_LITERAL("DCR"))) {
        return layer_read_error(r, e, "mode \"%.*s\" is unknown", TEXT_ARG(mode));
    }
    bool sane = p->size > 0 && p->size <= INT16_MAX;
    return sane || layer_read_error(r, e, "blocksize is %lld", (long long)p->size);
}

static bool image_expected(const struct step *s, struct err *e) {
    return s->in[0].shape.rank == 4 || step_error(s, e, "its input must have 4 dimensions");
}

static bool depth_to_space_plan(struct step *s, struct err *e) {
    const struct blocks *p = s->node->params;
    const struct net_shape in = s->in[0].shape;
    struct move *m = step_state(s, sizeof *m, e);
    if (!m || !image_expected(s, e)) return false;
    ptrdiff_t b = (ptrdiff_t)p->size, h = (ptrdiff_t)in.dim[2], w = (ptrdiff_t)in.dim[3];
    if (in.dim[1] % (b * b) != 0) return step_error(s, e, "channels are no multiple of blocksize");
    ptrdiff_t c = (ptrdiff_t)in.dim[1] / (b * b), hw = h * w;
    step_like(s);
    s->out[0].shape = (struct net_shape){.rank = 4, .dim = {in.dim[0], c, h * b, w * b}};
    if (!shape_fits(&s->out[0].shape)) return true;
    ptrdiff_t by_channel = p->column_row_depth ? b * b * hw : hw;
    ptrdiff_t by_block = p->column_row_depth ? hw : c * hw;
    move_add(m, (size_t)in.dim[0], c * b * b * hw, c * b * b * hw);
    move_add(m, (size_t)c, by_channel, hw * b * b);
    move_add(m, (size_t)h, w, w * b * b);
    move_add(m, (size_t)b, by_block * b, w * b);
    move_add(m, (size_t)w, 1, b);
    move_add(m, (size_t)b, by_block, 1);
    move_ready(m);
    return true;
}

static bool space_to_depth_plan(struct step *s, struct err *e) {
    const struct blocks *p = s->node->params;
    const struct net_shape in = s->in[0].shape;
    struct move *m = step_state(s, sizeof *m, e);
    if (!m || !image_expected(s, e)) return false;
    ptrdiff_t b = (ptrdiff_t)p->size, c = (ptrdiff_t)in.dim[1];
    if (in.dim[2] % b != 0 || in.dim[3] % b != 0) {
        return step_error(s, e, "height and width are no multiples of blocksize");
    }
    ptrdiff_t h = (ptrdiff_t)in.dim[2] / b, w = (ptrdiff_t)in.dim[3] / b, hw = h * w;
    step_like(s);
    s->out[0].shape = (struct net_shape){.rank = 4, .dim = {in.dim[0], c * b * b, h, w}};
    if (!shape_fits(&s->out[0].shape)) return true;
    move_add(m, (size_t)in.dim[0], c * hw * b * b, c * hw * b * b);
    move_add(m, (size_t)b, w * b, b * c * hw);
    move_add(m, (size_t)b, 1, c * hw);
    move_add(m, (size_t)c, hw * b * b, hw);
    move_add(m, (size_t)h, w * b * b, w);
    move_add(m, (size_t)w, b, 1);
    move_ready(m);
    return true;
}

static bool expand_plan(struct step *s, struct err *e) {
    int64_t dim[NET_RANK_MAX];
    uint32_t count;
    struct move *m = step_state(s, sizeof *m, e);
    if (!m || !step_ints(s, 1, dim, NET_RANK_MAX, &count, e)) return false;
    struct net_shape to = shape_of(count, dim), out = s->in[0].shape;
    if (!shape_fits(&to) || !shape_broadcast(&out, &to)) {
        return step_error(s, e, "its input does not broadcast to that shape");
    }
    step_like(s);
    s->out[0].shape = out;
    if (!shape_fits(&out)) return true;
    const struct net_shape *in = &s->in[0].shape;
    ptrdiff_t in_step[NET_RANK_MAX], out_step[NET_RANK_MAX];
    move_steps(in, in_step);
    move_steps(&out, out_step);
    for (uint32_t d = 0; d < out.rank; d++) {
        uint32_t lead = out.rank - in->rank;
        bool moves = d >= lead && in->dim[d - lead] != 1;
        move_add(m, (size_t)out.dim[d], moves ? in_step[d - lead] : 0, out_step[d]);
    }
    move_ready(m);
    return true;
}

static bool tile_plan(struct step *s, struct err *e) {
    const struct net_shape *in = &s->in[0].shape;
    int64_t times[NET_RANK_MAX];
    uint32_t count;
    struct move *m = step_state(s, sizeof *m, e);
    if (!m || !step_ints(s, 1, times, NET_RANK_MAX, &count, e)) return false;
    if (count != in->rank) return step_error(s, e, "repeats are not one for each dimension");
    step_like(s);
    struct net_shape *out = &s->out[0].shape;
    for (uint32_t d = 0; d < count; d++) {
        if (times[d] < 0 || times[d] > INT32_MAX) return step_error(s, e, "repeats out of range");
        out->dim[d] *= times[d];
    }
    if (!shape_fits(out)) return true;
    ptrdiff_t in_step[NET_RANK_MAX], out_step[NET_RANK_MAX];
    move_steps(in, in_step);
    move_steps(out, out_step);
    for (uint32_t d = 0; d < count; d++) {
        move_add(m, (size_t)times[d], 0, out_step[d] * (ptrdiff_t)in->dim[d]);
        move_add(m, (size_t)in->dim[d], in_step[d], out_step[d]);
    }
    move_ready(m);
    return true;
}

static bool along_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    struct node *n = &t->graph->node[t->node];
    struct along *p = n->params;
    (void)e;
    if (n->layer->ins_max == LAYER_ANY) t->images = UINT32_MAX;
    *done_out = layer_turn_axis(&p->axis);
    return true;
}

/* What comes out is as before: only where it comes from has moved. */
static bool transpose_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    struct transpose *p = t->graph->node[t->node].params;
    (void)e;
    for (uint32_t d = 0; d < 4; d++) {
        uint32_t from = p->rank > 0 ? p->perm[d] : 3 - d;
        p->perm[d] = layer_turned[from];
    }
    p->rank = 4;
    t->outputs_stay = *done_out = true;
    return true;
}

const struct layer layer_transpose = {.name = "Transpose",
                                      .ins_min = 1,
                                      .ins_max = 1,
                                      .params_bytes = sizeof(struct transpose),
                                      .plan = transpose_plan,
                                      .run = move_state_run};

static const struct layer rows[] = {
    {.name = "Transpose",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .params_bytes = sizeof(struct transpose),
     .read = transpose_read,
     .plan = transpose_plan,
     .run = move_state_run,
     .turn = transpose_turn},
    {.name = "Concat",
     .since = 4,
     .ins_min = 1,
     .ins_max = LAYER_ANY,
     .params_bytes = sizeof(struct along),
     .read = concat_read,
     .plan = concat_plan,
     .run = concat_run,
     .turn = along_turn},
    {.name = "Split",
     .since = 2,
     .ins_min = 1,
     .ins_max = 2,
     .outs_max = LAYER_ANY,
     .values = 1 << 1,
     .params_bytes = sizeof(struct along),
     .read = split_read,
     .plan = split_plan,
     .run = split_run,
     .turn = along_turn},
    {.name = "DepthToSpace",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .params_bytes = sizeof(struct blocks),
     .read = blocks_read,
     .plan = depth_to_space_plan,
     .run = move_state_run},
    {.name = "SpaceToDepth",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .params_bytes = sizeof(struct blocks),
     .read = blocks_read,
     .plan = space_to_depth_plan,
     .run = move_state_run},
    {.name = "Expand",
     .since = 8,
     .ins_min = 2,
     .ins_max = 2,
     .values = 1 << 1,
     .plan = expand_plan,
     .run = move_state_run},
    {.name = "Tile",
     .since = 6,
     .ins_min = 2,
     .ins_max = 2,
     .values = 1 << 1,
     .plan = tile_plan,
     .run = move_state_run},
};

const struct layer_family layers_move = {.layer = rows, .count = COUNT_OF(rows)};
