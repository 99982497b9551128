/* net.h: net: a network of layers, loaded from ONNX and made ready to run.
 *
 * Loading reads the file, checks every node, folds what is constant, fuses (BatchNorm and scale
 * in convolutions, activations and residual additions in epilogues), chooses layouts, and packs the
 * weights. A net is const after that and shared by threads; each runs it in a net_run, which plans
 * its memory when the shapes of its inputs change and else allocates nothing.
 *
 * Shapes are in the file's order (images: NCHW), values row-major. Element types: float32, int64,
 * int32, uint8, int8, bool; float16 and double are float32 inside and at the borders.
 *
 * Opsets 7 to 22; newer ones to 25, and older ones, where the file's operators are defined alike.
 *
 * Errors: ERR_SQL 22023 at load, naming node and reason: an operator, type or opset that is not
 * supported, a shape that does not fit, a file that is no ONNX. Sizes and nesting are
 * bounded before anything is allocated. At run: ERR_DATA where the data make a shape impossible.
 *
 * Lifetime: net_load .. net_destroy; runs end before their net.
 *
 * Used by: udf/vision, tests/onnx_backend.    Tested by: tests/unit/udf/net_test.c
 */
#ifndef UDF_NN_NET_H
#define UDF_NN_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

enum { NET_RANK_MAX = 8, NET_DIM_FREE = -1 };

/* Element types:  id   one value   in ONNX */
#define NET_TYPE_LIST(X)                                                                           \
    X(F32, float, "float")                                                                         \
    X(I64, int64_t, "int64")                                                                       \
    X(I32, int32_t, "int32")                                                                       \
    X(U8, uint8_t, "uint8")                                                                        \
    X(I8, int8_t, "int8")                                                                          \
    X(BOOL, uint8_t, "bool")

#define X(ID, ctype, name) NET_##ID,
enum net_type { NET_TYPE_LIST(X) NET_TYPE_COUNT };
#undef X

struct net_shape {
    uint32_t rank;             /* 0: a scalar */
    int64_t dim[NET_RANK_MAX]; /* NET_DIM_FREE: not known before a run */
};

/* A value at a border of the net. */
struct net_tensor {
    enum net_type type;
    struct net_shape shape; /* no free dimension */
    const void *at;         /* row-major */
};

/* An input or output as declared. */
struct net_port {
    struct text name;
    enum net_type type;
    struct net_shape shape;
};

struct net;     /* const after net_load() */
struct net_run; /* of one thread */

/* NULL: see *e. Copies what it needs of the file. */
struct net *net_load(struct text onnx, struct err *e) MUST_USE;
void net_destroy(struct net *n); /* accepts NULL */

uint32_t net_inputs(const struct net *n);
uint32_t net_outputs(const struct net *n);
const struct net_port *net_input(const struct net *n, uint32_t i);
const struct net_port *net_output(const struct net *n, uint32_t i);

/* Can dimension 0 of the first input be any number of independent rows? True for a file whose batch
 * is free, and for one whose batch is fixed at 1 where every layer is shown to carry dimension 0
 * along (then the reshapes that name it have been rewritten). */
bool net_batches(const struct net *n);

struct net_facts {
    uint32_t layers;     /* after fusing */
    uint64_t parameters; /* weights */
    uint64_t flops;      /* of one row: multiplications and additions; 0: shapes are not known */
};
void net_facts(const struct net *n, struct net_facts *out);

/* The names of its classes, one a line, where the file's metadata say them ("classes"): what
 * EXPORT MODEL writes. bytes 0: none. */
struct text net_classes(const struct net *n);

struct net_run *net_run_create(const struct net *n, struct err *e) MUST_USE;
void net_run_destroy(struct net_run *r); /* accepts NULL */

/* in[net_inputs()], out[net_outputs()]: the outputs' memory is the run's, valid until its next
 * call. The shapes of the inputs may change from call to call. */
bool net_run(struct net_run *r, const struct net_tensor *in, struct net_tensor *out,
             struct err *e) MUST_USE;

#endif
