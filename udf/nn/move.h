/* move.h: move: a copy between two strided arrangements of the same elements.
 *
 * Element (i0, i1, ...) goes from `from` + sum(i * from_step) to `to` + sum(i * to_step); a step of
 * the source may be 0 or negative. Transposing, slicing, tiling and space-to-depth are all this.
 *
 * Used by: udf/nn/layer_*.c.    Tested by: tests/unit/udf/net_layer_test.c
 */
#ifndef UDF_NN_MOVE_H
#define UDF_NN_MOVE_H

#include <stddef.h>

#include "udf/nn/loops.h"
#include "udf/nn/shape.h"

enum { MOVE_DIMS_MAX = 2 * NET_RANK_MAX };

struct move {
    uint32_t rank;
    size_t dim[MOVE_DIMS_MAX];
    ptrdiff_t from_step[MOVE_DIMS_MAX], to_step[MOVE_DIMS_MAX]; /* elements */
    uint32_t column; /* a dimension along which the source moves by 1, for a two-dimensional
                        transposition with the last; rank: none */
};

/* Adds a dimension behind those there are; merges it where it goes on from the last. */
void move_add(struct move *m, size_t dim, ptrdiff_t from_step, ptrdiff_t to_step);
/* After the last dimension was added. */
void move_ready(struct move *m);

void move_run(const struct move *m, const struct loops *loops, size_t element_bytes,
              const void *from, void *to);

/* Row-major steps of a shape. */
void move_steps(const struct net_shape *s, ptrdiff_t step[NET_RANK_MAX]);

#endif
