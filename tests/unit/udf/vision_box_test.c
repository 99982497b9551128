/* Boxes: overlaps are those of the definition, and suppression keeps what it must. */
#include "udf/vision/box.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"

enum { BOXES = 60, ROUNDS = 200 };

static struct box draw(struct random *g) {
    return (struct box){.x = (float)random_below(g, 40),
                        .y = (float)random_below(g, 40),
                        .w = (float)random_below(g, 20),
                        .h = (float)random_below(g, 20),
                        .score = (float)random_below(g, 20) / 20,
                        .label = (uint32_t)random_below(g, 3)};
}

/* Whole coordinates: pixels of both can be counted. */
static float overlap_counted(const struct box *a, const struct box *b) {
    uint32_t both = 0, either = 0;
    for (int i = 0; i < 64 * 64; i++) {
        float x = (float)(i % 64), y = (float)(i / 64);
        bool in_a = x >= a->x && x < a->x + a->w && y >= a->y && y < a->y + a->h;
        bool in_b = x >= b->x && x < b->x + b->w && y >= b->y && y < b->y + b->h;
        both += in_a && in_b;
        either += in_a || in_b;
    }
    return either > 0 ? (float)both / (float)either : 0;
}

static void overlap_is_what_pixels_say(void **unused) {
    (void)unused;
    struct random g = {20260801};
    for (int i = 0; i < ROUNDS; i++) {
        struct box a = draw(&g), b = draw(&g);
        assert_true(fabsf(box_overlap(&a, &b) - overlap_counted(&a, &b)) < 1e-6f);
        assert_true(box_overlap(&a, &b) == box_overlap(&b, &a));
    }
}

/* Scores fall, none is below the limit, and equal ones stay in their order. */
static void boxes_are_sorted_by_score(void **unused) {
    (void)unused;
    struct random g = {7};
    struct arena a;
    struct box_list l;
    arena_init(&a, 0);
    box_list_init(&l, &a, 0.3f);
    for (uint32_t i = 0; i < 500; i++) {
        struct box b = draw(&g);
        b.x = (float)i;
        box_list_add(&l, &b);
    }
    box_list_add(&l, &(struct box){.score = NAN});
    box_list_sort(&l);
    assert_true(l.count > 100 && l.count < 500 && !l.failed);
    for (uint32_t i = 0; i < l.count; i++) {
        assert_true(l.box[i].score >= 0.3f);
        if (i == 0) continue;
        const struct box *x = &l.box[i - 1], *y = &l.box[i];
        assert_true(x->score > y->score || (x->score == y->score && x->x < y->x));
    }
    arena_done(&a);
}

/* Of the kept boxes no two of a label overlap by more; each dropped one overlaps a better one. */
static void suppression_keeps_the_best_apart(void **unused) {
    (void)unused;
    struct random g = {11};
    for (int round = 0; round < ROUNDS; round++) {
        struct arena a;
        struct box_list l;
        struct box all[BOXES];
        arena_init(&a, 0);
        box_list_init(&l, &a, 0);
        for (uint32_t i = 0; i < BOXES; i++) {
            struct box b = draw(&g);
            box_list_add(&l, &b);
        }
        box_list_sort(&l);
        for (uint32_t i = 0; i < BOXES; i++) all[i] = l.box[i];
        float most = (float)random_below(&g, 10) / 10;
        uint32_t kept = box_suppress(l.box, l.count, most), k = 0;
        for (uint32_t i = 0; i < BOXES; i++) {
            bool covered = false;
            for (uint32_t j = 0; j < k; j++) {
                bool same = l.box[j].label == all[i].label;
                covered = covered || (same && box_overlap(&l.box[j], &all[i]) > most);
            }
            if (covered) continue;
            assert_true(k < kept && l.box[k].x == all[i].x && l.box[k].score == all[i].score);
            k++;
        }
        assert_int_equal(k, kept);
        arena_done(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlap_is_what_pixels_say),
        cmocka_unit_test(boxes_are_sorted_by_score),
        cmocka_unit_test(suppression_keeps_the_best_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
