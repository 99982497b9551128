/* layer.h: layer: an operator of ONNX as a row of a table: what it reads, its shapes, how it runs.
 *
 * A node is a layer with parameters. read() makes the parameters from the file's attributes, once.
 * Where an operator took an attribute in old opsets and an input in new ones, read() makes an input
 * of the attribute (layer_read_input()), so that the rest knows one form.
 *
 * plan() is given the inputs' types and shapes and, for small integers mostly, their values; it
 * checks them and says the outputs' types and shapes, and what run() needs besides (state, scratch
 * memory). run() computes. A step is one node with the shapes of one run; its inputs and outputs
 * are dense and row-major, and an empty output is never run.
 *
 * To add an operator: plan() and run() in a file of its family, a row in the family's table.
 *
 * Used by: udf/nn.    Tested by: tests/unit/udf/net_layer_test.c
 */
#ifndef UDF_NN_LAYER_H
#define UDF_NN_LAYER_H

#include "udf/nn/blas.h"
#include "udf/nn/chain.h"
#include "udf/nn/graph.h"
#include "udf/nn/loops.h"
#include "udf/nn/onnx.h"

/* What layers run on; const while nets run. */
struct layer_env {
    struct blas blas;
    const struct loops *loops; /* chosen for this machine */
};

enum layer_flags {
    LAYER_VIEW = 1,         /* output 0 is input 0's memory in another shape: no run() */
    LAYER_IN_PLACE = 2,     /* output 0 may lie where input 0 does */
    LAYER_IN_PLACE_1 = 4,   /* or where input 1 does */
    LAYER_IN_PLACE_3 = 128, /* or where input 3 does */
    LAYER_LATE = 8,         /* run() says the outputs' shapes; plan() the largest they can be */
    LAYER_SHAPE_ONLY = 16,  /* gives what is known of a shape: needs no data */
    LAYER_HEAVY = 32,       /* takes much more time than its inputs and outputs are long */
    LAYER_EACH = 64,        /* element by element, with broadcasting */
};

/* One node, planned for the shapes of a run. */
struct step {
    const struct node *node;
    const struct layer_env *env;
    struct tensor *in, *out; /* [node->ins], [node->outs]; .at NULL: absent or not computed yet */
    struct arena *arena;     /* the plan's, for state */
    void *state;             /* what plan() left for run() */
    size_t scratch_bytes;    /* plan(): wanted */
    void *scratch;           /* run(): 64-aligned */
    uint64_t flops;          /* plan(): multiplications and additions, where they count */
    bool view;               /* plan(): output 0 is input 0 in another shape: no run() */
};

struct layer_read {
    const struct onnx_node *from;
    bool *attr_used; /* [from->attrs] */
    uint32_t opset;
    struct graph *graph;
    struct node *node;
};

/* A node is changed to do the same with images whose channels come last (pass_layout.c). */
struct layer_turn {
    struct graph *graph;
    uint32_t node;
    uint32_t images;   /* turn(): bit i: input i is turned; input 0 is where turn() says nothing */
    bool outputs_stay; /* turn(): the outputs are as before */
};

/* Where dimension d of [n][c][h][w] is in [n][h][w][c]. */
static const uint32_t layer_turned[4] = {0, 3, 1, 2};

enum { LAYER_ANY = 255, LAYER_INPUTS_ROOM = 8 };

struct layer {
    const char *name;         /* ONNX's */
    uint8_t since, until;     /* opsets that define it as it is here; 0: from 7 on, to the last */
    uint8_t ins_min, ins_max; /* LAYER_ANY: no limit */
    uint8_t outs_max;         /* 0: one */
    uint8_t variant;          /* which of those that share functions */
    uint16_t types;           /* of input 0: bits 1 << enum net_type; 0: all */
    uint16_t flags;           /* enum layer_flags */
    uint32_t values;          /* bit i: plan() needs the value of input i */
    uint32_t params_bytes;
    bool (*read)(struct layer_read *r, struct err *e); /* NULL: no attributes */
    bool (*plan)(struct step *s, struct err *e);
    bool (*run)(struct step *s, struct err *e); /* NULL: a view */

    /* As a link of a chain of image operators (chain.h); false: it cannot be one. NULL: never. */
    bool (*link)(const struct step *s, struct chain_link *out);

    /* Do rows (along dimension 0) meet although shapes carry them along? NULL: never. */
    bool (*mixes)(const struct step *s);
    /* Makes the node do the same with channels last, if its parameters allow it: *done_out. NULL:
     * never. false: see *e. */
    bool (*turn)(struct layer_turn *t, bool *done_out, struct err *e);
};

enum {
    TYPE_F32 = 1 << NET_F32,
    TYPE_I64 = 1 << NET_I64,
    TYPE_I32 = 1 << NET_I32,
    TYPE_U8 = 1 << NET_U8,
    TYPE_I8 = 1 << NET_I8,
    TYPE_BOOL = 1 << NET_BOOL,
    TYPE_NUMBERS = TYPE_F32 | TYPE_I64 | TYPE_I32 | TYPE_U8 | TYPE_I8,
};

/* Families of layers. To add one: a row here, udf/nn/layer_<name>.c with layers_<name>. */
#define LAYER_FAMILY_LIST(X)                                                                       \
    X(unary)                                                                                       \
    X(binary)                                                                                      \
    X(conv)                                                                                        \
    X(conv_transpose)                                                                              \
    X(dropout)                                                                                     \
    X(pool)                                                                                        \
    X(matrix)                                                                                      \
    X(normal)                                                                                      \
    X(softmax)                                                                                     \
    X(reduce)                                                                                      \
    X(view)                                                                                        \
    X(move)                                                                                        \
    X(slice)                                                                                       \
    X(fill)                                                                                        \
    X(pick)                                                                                        \
    X(order)                                                                                       \
    X(resize)                                                                                      \
    X(suppress)                                                                                    \
    X(einsum)

struct layer_family {
    const struct layer *layer;
    uint32_t count;
};

#define X(name) extern const struct layer_family layers_##name;
LAYER_FAMILY_LIST(X)
#undef X

/* NULL: there is none of that name. */
const struct layer *layer_find(struct text name);

/* Attributes by name; `*out` keeps its value (the default) where the file gives none.
 * errors  22023: it is of another kind */
bool layer_read_int(struct layer_read *r, const char *name, int64_t *out, struct err *e) MUST_USE;
bool layer_read_float(struct layer_read *r, const char *name, float *out, struct err *e) MUST_USE;
bool layer_read_text(struct layer_read *r, const char *name, struct text *out,
                     struct err *e) MUST_USE;
bool layer_read_bool(struct layer_read *r, const char *name, bool *out, struct err *e) MUST_USE;
/* NULL: not given. */
const struct onnx_attr *layer_read_attr(struct layer_read *r, const char *name);
/* out[2 * NET_RANK_MAX]; *count_out stays where it is not given. */
bool layer_read_ints(struct layer_read *r, const char *name, int64_t *out, uint32_t *count_out,
                     struct err *e) MUST_USE;

/* Input `i` becomes a constant. */
bool layer_read_input(struct layer_read *r, uint32_t i, const struct tensor *t,
                      struct err *e) MUST_USE;
/* Input `i` becomes the attribute's integers, if it is given. */
bool layer_read_input_ints(struct layer_read *r, uint32_t i, const char *name,
                           struct err *e) MUST_USE;
/* turn() of what does not care where an axis stands. */
bool layer_turn_any(struct layer_turn *t, bool *done_out, struct err *e) MUST_USE;
/* An axis of a turned image; false: it is outside. */
bool layer_turn_axis(int64_t *axis) MUST_USE;
/* A constant input of axes is replaced; *done_out false: it is not constant. */
bool layer_turn_axes_input(struct layer_turn *t, uint32_t i, bool *done_out,
                           struct err *e) MUST_USE;

bool layer_read_error(const struct layer_read *r, struct err *e, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
