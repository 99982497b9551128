/* order_test.c: ids by ordinal: sorted, and equal ones as they stood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/op/order.h"
#include "tests/unit/base/random.h"

enum { ITEMS_MAX = 3000, ROUNDS = 200 };

static void order_is_that_of_ordinals_and_stable(void **unused) {
    (void)unused;
    static struct order_item item[ITEMS_MAX];
    struct random r = random_start("order");
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        uint32_t count = (uint32_t)(random_spread(&r) % (ITEMS_MAX + 1));
        uint64_t from = random_spread(&r), range = 1 + random_spread(&r) / 2;
        for (uint32_t i = 0; i < count; i++) {
            item[i] = (struct order_item){.ordinal = from / 2 + random_below(&r, range), .id = i};
        }
        assert_true(order_sort(item, count, &a));
        for (uint32_t i = 1; i < count; i++) {
            const struct order_item *x = &item[i - 1], *y = &item[i];
            assert_true(x->ordinal < y->ordinal || (x->ordinal == y->ordinal && x->id < y->id));
        }
        arena_reset(&a);
    }
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_is_that_of_ordinals_and_stable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
