/* assign.h: assignment: which of the lefts goes with which of the rights, for the greatest sum.
 *
 * Only pairs that are listed may go together, each with a weight above 0; a left or right may stay
 * alone. Weights are whole numbers, so the sum found is exactly the greatest there is. Where
 * several assignments have it, which one is taken depends on the order of the pairs alone.
 *
 * Used by: engine/op/tracks.c.    Tested by: tests/unit/engine/assign_test.c
 */
#ifndef ENGINE_OP_ASSIGN_H
#define ENGINE_OP_ASSIGN_H

#include <stdint.h>

#include "engine/base/arena.h"

#define ASSIGN_NONE UINT32_MAX
#define ASSIGN_WEIGHT_MAX (1u << 30)

struct assign_pair {
    uint32_t right;
    uint32_t weight; /* 1 .. ASSIGN_WEIGHT_MAX */
};

struct assign_graph {
    uint32_t lefts, rights;
    const uint32_t *first;          /* [lefts + 1] pairs of left i: first[i] .. first[i + 1] - 1 */
    const struct assign_pair *pair; /* [first[lefts]] */
};

/* right_out[lefts]: of each left its right, or ASSIGN_NONE. false: no memory for the scratch.
 * cost  at most lefts * lefts * (rights + lefts), mostly near the number of pairs */
bool assign(const struct assign_graph *g, uint32_t *right_out, struct arena *scratch) MUST_USE;

#endif
