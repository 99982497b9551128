/* chain.h: chain: convolutions and pools one after the other, a few rows at a time.
 *
 * What one link gives is read by the next while it is in the cache, and is never written to memory
 * as a whole: for large images of few channels, where memory is slower than arithmetic. Each link
 * runs over strips of its image; rows that two strips need are kept, none is computed twice. The
 * result has the bits of running the links one by one.
 *
 * Lifetime: the arena's; plans are borrowed and must live as long.
 *
 * Uses: conv.h, pool.h.    Used by: udf/nn layers.    Tested by: tests/unit/udf/chain_test.c
 */
#ifndef UDF_NN_CHAIN_H
#define UDF_NN_CHAIN_H

#include "udf/nn/conv.h"
#include "udf/nn/pool.h"

enum { CHAIN_LINKS_MAX = 8 };

/* One of the two is NULL. */
struct chain_link {
    const struct conv_plan *conv;
    const struct pool_shape *pool; /* copied */
};

/* Can `second` follow `first` in a chain? The first takes no residual; both are computed row by row
 * (Winograd's algorithm is not). */
bool chain_joins(const struct chain_link *first, const struct chain_link *second);

/* And is it likely to be faster? What is between them is large, and their weights are few. */
bool chain_pays(const struct chain_link *first, const struct chain_link *second);

struct chain;

/* links <= CHAIN_LINKS_MAX, each joins the next, whose input has the channels of its output. The
 * kernels are the first convolution's. NULL: no memory. */
struct chain *chain_create(struct arena *a, const struct chain_link *link, uint32_t links) MUST_USE;

size_t chain_scratch_bytes(const struct chain *c);

/* io->in is the first link's, residual and out are the last one's. */
void chain_run(const struct chain *c, const struct conv_io *io);

#endif
