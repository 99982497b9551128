/* assign_test.c: an assignment has the greatest sum there is: against all of them where they are
 * few, and that no exchange would gain where they are many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/op/assign.h"
#include "tests/unit/base/random.h"

enum { SMALL = 6, LARGE = 120 };

/* Weights as a table; 0: the pair may not be. */
struct table {
    uint32_t lefts, rights;
    uint32_t weight[LARGE][LARGE];
};

static void table_fill(struct table *t, struct random *g, uint32_t most) {
    t->lefts = (uint32_t)random_below(g, most + 1);
    t->rights = (uint32_t)random_below(g, most + 1);
    uint64_t dense = random_below(g, 5), values = 1 + random_below(g, 40);
    for (uint32_t i = 0; i < t->lefts; i++) {
        for (uint32_t k = 0; k < t->rights; k++) {
            bool there = random_below(g, 4) < dense;
            uint32_t w = (uint32_t)(1 + random_below(g, values)) * (ASSIGN_WEIGHT_MAX / 40);
            t->weight[i][k] = there ? w : 0;
        }
    }
}

/* The sum, of an assignment that is one. */
static uint64_t table_assign(const struct table *t, uint32_t right[LARGE], struct arena *a) {
    uint32_t *first = ARENA_ARRAY(a, first, t->lefts + 1), n = 0;
    struct assign_pair *pair = ARENA_ARRAY(a, pair, t->lefts * t->rights + 1);
    assert_true(first && pair);
    for (uint32_t i = 0; i < t->lefts; i++) {
        first[i] = n;
        for (uint32_t k = 0; k < t->rights; k++) {
            if (t->weight[i][k] > 0) pair[n++] = (struct assign_pair){k, t->weight[i][k]};
        }
    }
    first[t->lefts] = n;
    const struct assign_graph g = {
        .lefts = t->lefts, .rights = t->rights, .first = first, .pair = pair};
    assert_true(assign(&g, right, a));
    bool taken[LARGE] = {false};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < t->lefts; i++) {
        if (right[i] == ASSIGN_NONE) continue;
        assert_true(right[i] < t->rights && !taken[right[i]] && t->weight[i][right[i]] > 0);
        taken[right[i]] = true;
        sum += t->weight[i][right[i]];
    }
    return sum;
}

/* The greatest sum of lefts from `left` on, of the rights that are free. */
static uint64_t try_all(const struct table *t, uint32_t left, uint32_t free) {
    if (left == t->lefts) return 0;
    uint64_t best = try_all(t, left + 1, free);
    for (uint32_t k = 0; k < t->rights; k++) {
        if (!(free >> k & 1) || t->weight[left][k] == 0) continue;
        uint64_t sum = t->weight[left][k] + try_all(t, left + 1, free & ~(1u << k));
        if (sum > best) best = sum;
    }
    return best;
}

static void few_get_the_greatest_sum(void **unused) {
    (void)unused;
    static struct table t;
    struct random g = random_start("assign");
    for (uint32_t round = 0; round < random_rounds(5000); round++) {
        struct arena a;
        uint32_t right[LARGE];
        arena_init(&a, 0);
        table_fill(&t, &g, SMALL);
        assert_int_equal(table_assign(&t, right, &a), try_all(&t, 0, (1u << SMALL) - 1));
        arena_done(&a);
    }
}

/* What could be gained by exchanges: best[] of a path that ends at a left, a right, or being alone.
 * It grows for ever exactly where a cycle of exchanges gains something. */
struct exchange {
    int64_t left[LARGE], right[LARGE], alone;
    bool grew;
};

static void lift(struct exchange *x, int64_t *to, int64_t gain) {
    if (gain <= *to) return;
    *to = gain;
    x->grew = true;
}

static void exchange_pair(struct exchange *x, const struct table *t, uint32_t i, uint32_t k,
                          bool paired) {
    int64_t weight = t->weight[i][k];
    if (weight == 0) return;
    if (paired) {
        lift(x, &x->left[i], x->right[k] - weight); /* the right leaves its left */
    } else {
        lift(x, &x->right[k], x->left[i] + weight); /* the left takes the right */
    }
}

static void exchange_step(struct exchange *x, const struct table *t, const uint32_t *right) {
    bool taken[LARGE] = {false};
    x->grew = false;
    for (uint32_t i = 0; i < t->lefts; i++) {
        if (right[i] != ASSIGN_NONE) taken[right[i]] = true;
        if (right[i] == ASSIGN_NONE) lift(x, &x->left[i], x->alone);
        lift(x, &x->alone, x->left[i]);
        for (uint32_t k = 0; k < t->rights; k++) exchange_pair(x, t, i, k, right[i] == k);
    }
    for (uint32_t k = 0; k < t->rights; k++) {
        if (!taken[k]) lift(x, &x->alone, x->right[k]);
        if (taken[k]) lift(x, &x->right[k], x->alone);
    }
}

static void no_exchange_gains_where_they_are_many(void **unused) {
    (void)unused;
    static struct table t;
    struct random g = random_start("exchange");
    for (uint32_t round = 0; round < random_rounds(60); round++) {
        struct arena a;
        struct exchange x = {.alone = 0};
        uint32_t right[LARGE];
        arena_init(&a, 0);
        table_fill(&t, &g, LARGE);
        (void)table_assign(&t, right, &a);
        uint32_t steps = t.lefts + t.rights + 2;
        do exchange_step(&x, &t, right);
        while (x.grew && --steps > 0);
        assert_false(x.grew);
        arena_done(&a);
    }
}

/* The test itself would see it: one pair taken away, or a worse one. */
static void a_worse_assignment_is_seen(void **unused) {
    (void)unused;
    static struct table t = {.lefts = 2, .rights = 2, .weight = {{5, 9}, {1, 5}}};
    const uint32_t good[] = {1, 0}, worse[][2] = {{1, ASSIGN_NONE}, {ASSIGN_NONE, 1}};
    for (int i = -1; i < 2; i++) {
        struct exchange x = {.alone = 0};
        for (int step = 0; step < 10; step++) exchange_step(&x, &t, i < 0 ? good : worse[i]);
        assert_int_equal(x.grew, i >= 0);
    }
}

static void without_memory_it_says_so(void **unused) {
    (void)unused;
    const uint32_t first[] = {0, 1};
    const struct assign_pair pair = {.right = 0, .weight = 1};
    const struct assign_graph one = {.lefts = 1, .rights = 1, .first = first, .pair = &pair};
    struct arena a;
    uint32_t right = 7;
    arena_init(&a, 1);
    assert_false(assign(&one, &right, &a));
    assert_int_equal(right, 7);
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_get_the_greatest_sum),
        cmocka_unit_test(no_exchange_gains_where_they_are_many),
        cmocka_unit_test(a_worse_assignment_is_seen),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
