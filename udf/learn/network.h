/* network.h: network: layers one behind the other, and what they compute with.
 *
 * A network is const after network_create() and shared by threads. Its parameters are one array,
 * laid out by the layers (layer.h), that the caller holds: of every version one. network_pack()
 * makes of them what the forward pass multiplies with.
 *
 * Rows go through in tiles that fit the second-level cache, forwards and (training) backwards
 * before the next tile begins; where a layer looks at the whole mini-batch, the network is cut into
 * segments, of which only the last does that.
 *
 * A row's input is `in` numbers, channels innermost, as reals or as pixels (bytes, taken as
 * byte / 255).
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_layer_test.c
 */
#ifndef UDF_LEARN_NETWORK_H
#define UDF_LEARN_NETWORK_H

#include "udf/learn/crew.h"
#include "udf/learn/layer.h"
#include "udf/learn/loss.h"

struct network {
    const struct learn_kernels *kernels;
    struct layer *layer; /* [layers] in the order in which they are computed */
    uint32_t layers;
    struct shape in;
    uint32_t in_size, out_size;
    size_t parameters; /* of all layers */
    size_t packed_size;
    uint32_t features;  /* the layer whose input is the row's embedding: the last that learns */
    uint32_t learning;  /* the first layer that learns: nobody needs the gradient before it */
    bool whole;         /* a layer looks at the whole mini-batch */
    uint32_t segments;  /* each begins at layer 0 or at one that looks at the whole mini-batch */
    uint32_t *segment;  /* [segments + 1] the layer that each begins with; layers */
    uint32_t tile_rows; /* <= LAYER_SPARE_ROWS */
    size_t spare_bytes; /* the most that a layer wants */
};

struct network_words {
    struct text layers;
    struct shape in;
    const struct learn_kernels *kernels; /* NULL: the machine's best */
};

/* In `a`. NULL: 22023 naming the layer, 54000, 53200. */
struct network *network_create(const struct network_words *w, struct arena *a,
                               struct err *e) MUST_USE;
/* The initial parameters of a seed. */
void network_init(const struct network *n, uint64_t seed, real *param);
void network_pack(const struct network *n, const real *param, real *packed);
uint64_t network_flops(const struct network *n); /* of a row, forwards */

/* Rows as they are given: reals, or pixels. */
struct network_rows {
    const char *at;
    size_t row_bytes;
    bool pixels;
    uint32_t rows;
};

/* What one thread computes with: values between layers, of `rows` rows. */
struct network_values {
    uint32_t rows; /* that fit */
    real *x;       /* [rows][in] */
    real **y;      /* [layers][rows][computed] */
    real **dy;     /* as y; NULL: nothing is learnt */
    char **keep;   /* [layers][rows][keep_bytes] */
    char *spare;   /* [spare_bytes] */
};

/* The pass of layer i over `rows` of the values, from row `first` on; what belongs to parameters is
 * left to the caller. */
struct layer_pass network_pass(const struct network *n, const struct network_values *v, uint32_t i,
                               uint32_t first, uint32_t rows);

bool network_values(const struct network *n, uint32_t rows, bool learns, struct arena *a,
                    struct network_values *out, struct err *e) MUST_USE;

/* The values of given rows as reals. */
void network_load(const struct network *n, const struct network_rows *r, uint32_t first,
                  uint32_t rows, real *x);

/* Predicts: y[rows][out]; features (NULL: not wanted) [rows][features' input]. */
struct network_use {
    const real *param, *packed;
    struct network_values *values;
    real *y;
    real *features;
};
void network_predict(const struct network *n, const struct network_use *u,
                     const struct network_rows *r);

/* Training: the gradient of the mean loss of a mini-batch. */
enum { NETWORK_SHARDS = 4 }; /* parts of a mini-batch, each added up by itself */

struct network_trainer;

struct network_batch {
    struct network_rows rows;
    const double *target; /* [rows][targets]: a class, or the numbers themselves */
    uint64_t noise;       /* of this mini-batch */
};

/* For mini-batches of up to `rows`, in `a`; the crew is borrowed. NULL: 53200. */
struct network_trainer *network_trainer_create(const struct network *n, const struct loss *loss,
                                               uint32_t rows, struct crew *crew, struct arena *a,
                                               struct err *e) MUST_USE;
/* The gradient is the trainer's until the next call. Moves the layers' running values in param. */
const real *network_gradient(struct network_trainer *t, const struct network_batch *b, real *param,
                             struct loss_score *score);

#endif
