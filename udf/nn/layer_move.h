/* layer_move.h: the parameters of a Transpose node, which passes make and read.
 *
 * Used by: udf/nn/layer_move.c, pass_*.c.
 */
#ifndef UDF_NN_LAYER_MOVE_H
#define UDF_NN_LAYER_MOVE_H

#include "udf/nn/layer.h"

struct transpose {
    uint32_t rank;               /* 0: dimensions are reversed */
    uint32_t perm[NET_RANK_MAX]; /* output dimension d is input dimension perm[d] */
};

/* As in the table, for passes to make nodes of. */
extern const struct layer layer_transpose;

#endif
