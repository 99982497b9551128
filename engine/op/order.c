/* order.c: least-significant-digit radix sort, 8 bits a pass, of what differs: ordinals of one
 * window lie near each other, so a few passes do. Few items are inserted one by one.
 */
#include "engine/op/order.h"

#include <string.h>

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, INSERTION_MAX = 32 };

static void insertion_sort(struct order_item *item, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        struct order_item x = item[i];
        uint32_t at = i;
        for (; at > 0 && item[at - 1].ordinal > x.ordinal; at--) item[at] = item[at - 1];
        item[at] = x;
    }
}

static void radix_pass(const struct order_item *from, struct order_item *to, uint32_t count,
                       uint64_t least, uint32_t shift) {
    uint32_t start[DIGITS] = {0};
    for (uint32_t i = 0; i < count; i++) {
        start[(from[i].ordinal - least) >> shift & (DIGITS - 1)]++;
    }
    uint32_t sum = 0;
    for (uint32_t d = 0; d < DIGITS; d++) {
        uint32_t n = start[d];
        start[d] = sum;
        sum += n;
    }
    for (uint32_t i = 0; i < count; i++) {
        to[start[(from[i].ordinal - least) >> shift & (DIGITS - 1)]++] = from[i];
    }
}

bool order_sort(struct order_item *item, uint32_t count, struct arena *a) {
    uint64_t least = UINT64_MAX, greatest = 0;
    bool sorted = true;
    for (uint32_t i = 0; i < count; i++) {
        if (item[i].ordinal < least) least = item[i].ordinal;
        if (item[i].ordinal < greatest) sorted = false;
        if (item[i].ordinal > greatest) greatest = item[i].ordinal;
    }
    if (sorted) return true;
    if (count <= INSERTION_MAX) {
        insertion_sort(item, count);
        return true;
    }
    struct order_item *other = ARENA_ARRAY(a, other, count);
    if (!other) return false;
    struct order_item *from = item, *to = other;
    for (uint32_t shift = 0; shift < 64 && (greatest - least) >> shift > 0; shift += DIGIT_BITS) {
        radix_pass(from, to, count, least, shift);
        struct order_item *swap = from;
        from = to;
        to = swap;
    }
    if (from != item) memcpy(item, from, count * sizeof *item);
    return true;
}
