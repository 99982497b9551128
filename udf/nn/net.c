/* net.c: see net.h: loads a net: reads, builds, folds, turns, settles. */
#include "udf/nn/net.h"

#include <assert.h>
#include <string.h>

#include "udf/nn/batch.h"
#include "udf/nn/build.h"
#include "udf/nn/layer.h"
#include "udf/nn/net_private.h"
#include "udf/nn/pass.h"

enum { KNOWN_DIMS_MAX = 16, SMALL_DIM_MAX = 64 };

struct net {
    struct arena arena;
    struct layer_env env;
    struct graph graph;
    struct net_port *in, *out;
    struct net_facts facts;
    struct text classes;
    bool batches;
};

struct text net_classes(const struct net *n) {
    return n->classes;
}

const struct graph *net_graph(const struct net *n) {
    return &n->graph;
}

/* Inputs' shapes for a trial: declared ones, a free first dimension as `batch`, other free ones as
 * `guess`. */
static struct net_shape *trial_shapes(const struct graph *g, struct arena *a, int64_t batch,
                                      int64_t guess) {
    struct net_shape *s = ARENA_ARRAY(a, s, g->inputs + 1);
    for (uint32_t i = 0; i < g->inputs && s; i++) {
        s[i] = g->value[g->input[i]].shape;
        for (uint32_t d = 0; d < s[i].rank && s[i].rank <= NET_RANK_MAX; d++) {
            if (s[i].dim[d] < 0) s[i].dim[d] = d == 0 ? batch : guess;
        }
    }
    return s;
}

/* Is only the first dimension of inputs free? Then a shape that does not fit never will. */
static bool shapes_are_given(const struct graph *g) {
    for (uint32_t i = 0; i < g->inputs; i++) {
        const struct net_shape *s = &g->value[g->input[i]].shape;
        if (s->rank == SHAPE_UNKNOWN) return false;
        for (uint32_t d = 1; d < s->rank; d++) {
            if (s->dim[d] < 0) return false;
        }
    }
    return true;
}

struct attempt {
    struct trial *trial;
    const struct net_shape *in; /* of the last */
    bool found;                 /* it worked */
    bool sure;                  /* with one row, and nothing guessed */
};

/* false: no other shapes would do. */
static bool try_one(const struct graph *g, struct attempt *a, int64_t batch, int64_t guess,
                    struct err *e) {
    struct net_shape *in = trial_shapes(g, g->load, batch, guess);
    if (!in) return err_memory(e);
    a->in = in;
    a->found = trial_run(g, in, g->load, a->trial, e);
    return a->found || (e->code != ERR_LIMIT && strcmp(e->sqlstate, "0A000") != 0);
}

/* The dimensions of constants and inputs, each once. */
static uint32_t known_dims(const struct graph *g, int64_t out[KNOWN_DIMS_MAX]) {
    uint32_t count = 0;
    for (uint32_t v = 0; v < g->values; v++) {
        const struct net_shape *s = &g->value[v].shape;
        bool known = g->value[v].constant || g->value[v].is_input;
        for (uint32_t d = 0; known && s->rank <= NET_RANK_MAX && d < s->rank; d++) {
            bool new = s->dim[d] > 1;
            for (uint32_t i = 0; i < count; i++) new &= out[i] != s->dim[d];
            if (new &&count < KNOWN_DIMS_MAX) out[count++] = s->dim[d];
        }
    }
    return count;
}

/* A free first dimension that cannot be 1 may be one that stands elsewhere in the file, or a small
 * number. Else what was wrong with 1 stays wrong. */
static bool try_first_dims(const struct graph *g, struct attempt *a, struct err *e) {
    int64_t dims[KNOWN_DIMS_MAX];
    uint32_t count = known_dims(g, dims);
    struct err first = *e;
    bool more = true;
    for (uint32_t i = 0; i < count && more && !a->found; i++) more = try_one(g, a, dims[i], 1, e);
    for (int64_t d = 2; d <= SMALL_DIM_MAX && more && !a->found; d++) {
        more = try_one(g, a, d, 1, e);
    }
    if (!a->found) *e = first;
    return a->found;
}

/* A trial with the declared shapes, or with guesses; not found: none worked. */
static bool try_shapes(const struct graph *g, struct attempt *a, struct err *e) {
    static const int64_t guesses[] = {224, 320, 416, 640, 128, 64, 32, 16, 1};
    if (shapes_are_given(g)) {
        bool more = try_one(g, a, 1, 1, e);
        a->sure = a->found;
        return more && (a->found || try_first_dims(g, a, e));
    }
    for (size_t i = 0; i < COUNT_OF(guesses) && !a->found; i++) {
        if (!try_one(g, a, 1, guesses[i], e)) return false;
    }
    return true;
}

/* What a file says of an output may be wrong; what was found with one row of the inputs' own shapes
 * is not. */
static void output_port(struct net_port *out, const struct onnx_port *said, const struct attempt *a,
                        uint32_t value) {
    const struct tensor *found = a->found ? &a->trial->value[value].t : NULL;
    bool known = found && found->shape.rank != SHAPE_UNKNOWN;
    bool rows = said->shape.rank <= NET_RANK_MAX && said->shape.rank > 0 &&
                said->shape.dim[0] == NET_DIM_FREE;
    if (known)
        out->type = found->type;
    else if (!onnx_type_of(said->onnx_type, &out->type))
        out->type = NET_F32;
    out->shape = said->shape;
    if (!known || (!a->sure && out->shape.rank != SHAPE_UNKNOWN)) return;
    out->shape = found->shape;
    if (rows && out->shape.rank > 0) out->shape.dim[0] = NET_DIM_FREE;
}

static bool ports_make(struct net *n, const struct onnx_model *m, const struct attempt *a,
                       struct err *e) {
    const struct graph *g = &n->graph;
    n->in = ARENA_ARRAY(&n->arena, n->in, g->inputs + 1);
    n->out = ARENA_ARRAY(&n->arena, n->out, g->outputs + 1);
    if (!n->in || !n->out) return err_memory(e);
    for (uint32_t i = 0; i < g->inputs; i++) {
        const struct value *v = &g->value[g->input[i]];
        n->in[i] = (struct net_port){.name = v->name, .type = v->type, .shape = v->shape};
    }
    for (uint32_t i = 0; i < g->outputs; i++) {
        const struct onnx_port *p = &m->out[i];
        char *name = arena_copy(&n->arena, p->name.at, p->name.bytes);
        if (!name) return err_memory(e);
        n->out[i].name = (struct text){.at = name, .bytes = p->name.bytes};
        output_port(&n->out[i], p, a, g->output[i]);
    }
    return true;
}

/* As the file has them. */
static void parameters_count(struct net *n) {
    const struct graph *g = &n->graph;
    for (uint32_t v = 0; v < g->values; v++) {
        if (g->value[v].constant && g->value[v].uses > 0 && g->value[v].type == NET_F32) {
            n->facts.parameters += shape_elements(&g->value[v].shape);
        }
    }
}

/* Each pass is told of the graph as the one before left it. */
static bool improve(struct net *n, const struct net_shape *in, struct err *e) {
    struct graph *g = &n->graph;
    struct trial t;
    return pass_pattern(g, e) && trial_run(g, in, g->load, &t, e) && pass_fuse(g, &t, e) &&
           pass_layout(g, &t, e) && trial_run(g, in, g->load, &t, e) &&
           pass_pack(g, &t, n->batches, e);
}

static bool load(struct net *n, struct text onnx, const struct net_options *o, struct err *e) {
    struct graph *g = &n->graph;
    struct onnx_model m;
    struct trial t;
    struct attempt a = {.trial = &t};
    if (!onnx_read(onnx, g->load, &m, e) || !build_graph(&m, g, e) ||
        !build_drop_identities(g, e)) {
        return false;
    }
    n->classes.bytes = m.classes.bytes;
    n->classes.at = arena_copy(&n->arena, m.classes.at, m.classes.bytes);
    if (!n->classes.at) return err_memory(e);
    parameters_count(n);
    if (!trial_fold(g, e)) return false;
    if (!try_shapes(g, &a, e)) return false;
    n->facts.flops = a.found && t.whole ? t.flops : 0;
    if (!ports_make(n, &m, &a, e)) return false;
    if (a.found && !batch_find(g, a.in, &n->batches, e)) return false;
    if (a.found && !o->plain && !improve(n, a.in, e)) return false;
    n->facts.layers = g->nodes;
    return graph_settle(g, e);
}

struct net *net_load_with(struct text onnx, const struct net_options *o, struct err *e) {
    struct arena keep, work;
    arena_init(&keep, 0);
    arena_init(&work, 0);
    struct net *n = ARENA_NEW(&keep, n);
    if (!n) {
        arena_done(&keep);
        err_memory(e);
        return NULL;
    }
    n->arena = keep;
    n->env.loops = loops_best();
    n->graph = (struct graph){.keep = &n->arena, .load = &work, .env = &n->env};
    bool good = blas_open(&n->env.blas, e) && load(n, onnx, o, e);
    arena_done(&work);
    n->graph.load = NULL;
    if (good) return n;
    net_destroy(n);
    return NULL;
}

struct net *net_load(struct text onnx, struct err *e) {
    return net_load_with(onnx, &(struct net_options){0}, e);
}

void net_destroy(struct net *n) {
    if (!n) return;
    blas_close(&n->env.blas);
    struct arena a = n->arena; /* holds *n itself */
    arena_done(&a);
}

uint32_t net_inputs(const struct net *n) {
    return n->graph.inputs;
}

uint32_t net_outputs(const struct net *n) {
    return n->graph.outputs;
}

const struct net_port *net_input(const struct net *n, uint32_t i) {
    assert(i < n->graph.inputs);
    return &n->in[i];
}

const struct net_port *net_output(const struct net *n, uint32_t i) {
    assert(i < n->graph.outputs);
    return &n->out[i];
}

bool net_batches(const struct net *n) {
    return n->batches;
}

void net_facts(const struct net *n, struct net_facts *out) {
    *out = n->facts;
}
