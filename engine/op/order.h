/* order.h: ids by ordinal: groups in the order of their first rows.
 *
 * Used by: WindowAggregate, GroupAggregate.    Tested by: tests/unit/engine/order_test.c
 */
#ifndef ENGINE_OP_ORDER_H
#define ENGINE_OP_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"

struct order_item {
    uint64_t ordinal;
    uint32_t id;
};

/* Sorts by ordinal, equal ones as they stand. false: no memory for the scratch in `a`. */
bool order_sort(struct order_item *item, uint32_t count, struct arena *a) MUST_USE;

#endif
