/* layer.h: layer: one step of a network that learns, forwards and backwards.
 *
 * Values are [rows][h][w][c], channels innermost; a flat value is [rows][c]. To add a layer: its
 * file, a declaration here and a row in layer.c's table.
 *
 * A layer is const after it was shaped; what it learns lies in the network's parameters, from
 * param_at on: `weights` numbers (which L2 decays), then `biases`, then `state` numbers that are
 * not learnt by gradient (the running mean and variance of batchnorm).
 *
 * backward() adds to the gradient of the parameters and writes the gradient of the input. It may be
 * called for some rows of a mini-batch at a time; whoever calls it adds the parts up in one order.
 *
 * Used by: udf/learn/network.    Tested by: tests/unit/udf/learn_layer_test.c
 */
#ifndef UDF_LEARN_LAYER_H
#define UDF_LEARN_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "udf/learn/kernel.h"

enum {
    LAYER_SIDE_MAX = 16384,         /* of an image, in pixels */
    LAYER_POOL_MAX = 64,            /* of a pooling window or a convolution's, in pixels */
    LAYER_NUMBERS_MAX = 1 << 24,    /* of one row between two layers */
    LAYER_PARAMETERS_MAX = 1 << 28, /* of a network: 1 GiB */
    LAYER_SPARE_ROWS = 64,          /* a pass has at most as many rows */
};

struct shape {
    uint32_t h, w, c; /* flat: 1, 1, numbers */
    bool flat;
};

static inline uint32_t shape_size(struct shape s) {
    return s.h * s.w * s.c;
}

/* What the words of a layer say; 0 where they do not apply. */
struct layer_words {
    uint32_t units;              /* conv: channels that come out; dense */
    uint32_t kernel_h, kernel_w; /* conv, pooling */
    uint32_t stride;
    uint32_t pad;
    bool same; /* pad so that ceil(size / stride) comes out */
    double rate;
};

struct layer {
    const struct layer_type *type;
    uint32_t place;      /* in 'layers', from 1 */
    struct text written; /* "conv 32 3x3" */
    struct layer_words words;
    struct shape in;
    struct shape out;      /* as the words say */
    struct shape computed; /* of it, what the next pooling looks at; else as out */
    uint32_t pad_top, pad_left, pad_bottom, pad_right;
    const uint32_t *at; /* where windows begin in the (padded) input; places: computed.h * w */

    size_t weights, biases, state;
    size_t param_at;
    size_t packed; /* numbers of the packed weights, and where they begin */
    size_t packed_at;
    size_t keep_bytes;  /* of a row, from forward to backward */
    size_t spare_bytes; /* of a pass, whatever its rows */
};

/* Rows of one layer, at most LAYER_SPARE_ROWS unless said. */
struct layer_pass {
    const struct learn_kernels *kernels;
    uint32_t rows;
    bool training;     /* dropout and batchnorm differ */
    uint64_t noise;    /* of the first row; each row's is its own, whatever it is computed with */
    const real *x;     /* [rows][in] */
    real *y;           /* [rows][computed]; backwards: as forward() left it */
    const real *dy;    /* [rows][computed] */
    real *dx;          /* [rows][in]; NULL: nobody needs it */
    const real *param; /* of this layer */
    const real *packed;
    real *grad;  /* as param, to be added to; not for state */
    real *batch; /* batchnorm: see there */
    char *keep;  /* [rows][keep_bytes] */
    char *spare; /* [spare_bytes], 64-aligned */
};

/* A layer that looks at all rows of a mini-batch. Sums are [2 * c], of parts of the rows, to be
 * added up by the caller. */
struct layer_whole {
    uint32_t numbers; /* of pass.batch, a channel */
    void (*sum)(const struct layer *l, const struct layer_pass *p, double *sums);
    void (*sum_back)(const struct layer *l, const struct layer_pass *p, double *sums);
    /* Fills `batch` from the sums over `rows` rows and moves the running values. */
    void (*settle)(const struct layer *l, const double *sums, uint64_t rows, real *batch,
                   real *param);
    void (*settle_back)(const struct layer *l, const double *sums, uint64_t rows, real *batch,
                        real *grad);
};

/* What writing a layer as ONNX needs (onnx_write.h). */
struct layer_export {
    struct buf *graph;
    const real *param; /* of this layer */
    struct text in;    /* names of its values */
    struct text out;
    struct shape unrolled; /* of a flat input: the image that was flattened; else flat */
};

struct layer_type {
    const char *word;
    const char *usage;
    const char *doc;
    /* Reads what follows the word. 22023 without the layer's place, which the caller adds. */
    bool (*parse)(struct text rest, struct layer_words *out, struct err *e);
    /* From in and words: out, parameters, sizes. */
    bool (*shape)(struct layer *l, struct arena *a, struct err *e);
    /* Behind the last change of its shapes: tables, and the sizes keep, spare and packed. NULL: it
     * has none. */
    bool (*ready)(struct layer *l, const struct learn_kernels *k, struct arena *a, struct err *e);
    /* NULL: the initial parameters are 0. `noise` is the layer's own. */
    void (*init)(const struct layer *l, uint64_t noise, real *param);
    void (*pack)(const struct layer *l, const struct learn_kernels *k, const real *param,
                 real *packed);                                          /* NULL: no weights */
    void (*forward)(const struct layer *l, const struct layer_pass *p);  /* NULL: y is x */
    void (*backward)(const struct layer *l, const struct layer_pass *p); /* NULL: dx is dy */
    const struct layer_whole *whole;                                     /* NULL: row by row */
    bool trims; /* need not compute what the pooling behind it does not look at */
    bool pools; /* looks at windows of words.kernel_h by kernel_w pixels, words.stride apart */
    bool picks; /* gives the largest of some of its numbers */
    bool rises; /* number by number, and a larger number gives one as large or larger */
    uint64_t (*flops)(const struct layer *l); /* of a row forwards; NULL: not worth counting */
    void (*export_onnx)(const struct layer *l, const struct layer_export *x);
};

extern const struct layer_type *const layer_table[]; /* ends with NULL */

/* Reads 'layers'. The array and its texts are in `a`. 22023 naming layer and place. */
bool layers_parse(struct text written, struct arena *a, struct layer **out, uint32_t *count_out,
                  struct err *e) MUST_USE;
/* Shapes them one behind the other and lays out their parameters. */
bool layers_shape(struct layer *l, uint32_t count, struct shape in, struct arena *a,
                  struct err *e) MUST_USE;

/* Puts "layer 3, 'conv 8 3x3': " in front of *e's message. Returns false. */
bool layer_error(const struct layer *l, struct err *e);

void shape_print(struct buf *out, struct shape s); /* "26x26x32", "1600" */

/* Reading the words of a layer: each takes a word from *rest. */
struct text words_next(struct text *rest);
bool words_count(struct text word, uint32_t max, uint32_t *out);      /* 1 .. max */
bool words_sides(struct text word, uint32_t *h_out, uint32_t *w_out); /* "3x5", "2" */

#endif
