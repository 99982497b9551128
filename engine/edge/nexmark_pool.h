/* nexmark_pool.h: the texts that events are made of, made once from the seed.
 *
 * Used by: nexmark.
 */
#ifndef ENGINE_EDGE_NEXMARK_POOL_H
#define ENGINE_EDGE_NEXMARK_POOL_H

#include "engine/base/batch.h"
#include "engine/base/text.h"
#include "engine/edge/seeded.h"

enum {
    POOL_BYTES = 1 << 16,     /* of letters */
    POOL_SLICE_MAX = 1 << 16, /* the longest slice */
    POOL_CHANNELS = 10000,
    POOL_HOT_CHANNELS = 4,
    POOL_PRICES = 1024, /* steps of each of two factors */
    POOL_NAMES = 99,
    POOL_CITIES = 10,
    POOL_STATES = 6,
    POOL_OWN_BYTES = 40, /* for the texts of one row that no other has */
};

struct nexmark_channel {
    struct text name, url;
};

struct nexmark_pools {
    char letter[POOL_BYTES + POOL_SLICE_MAX];   /* a-z */
    char sentence[POOL_BYTES + POOL_SLICE_MAX]; /* a-z and spaces, never two together */
    struct nexmark_channel hot[POOL_HOT_CHANNELS];
    struct nexmark_channel channel[POOL_CHANNELS];
    struct text name[POOL_NAMES], city[POOL_CITIES], state[POOL_STATES];
    double price_high[POOL_PRICES], price_low[POOL_PRICES]; /* price = high * low */
    char own[BATCH_ROWS * POOL_OWN_BYTES];
    char *bytes; /* of the texts above */
};

/* NULL: no memory. */
struct nexmark_pools *nexmark_pools_create(uint64_t seed);
void nexmark_pools_destroy(struct nexmark_pools *p); /* accepts NULL */

#endif
