/* box.c: see box.h. */
#include "udf/vision/box.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BOXES = 64 };

void box_list_init(struct box_list *l, struct arena *a, float score_min) {
    *l = (struct box_list){.arena = a, .score_min = score_min};
}

static bool grow(struct box_list *l) {
    uint32_t capacity = l->capacity ? l->capacity * 2 : FIRST_BOXES;
    struct box *box = arena_alloc(l->arena, capacity * sizeof *box);
    if (!box) return false;
    if (l->count > 0) memcpy(box, l->box, l->count * sizeof *box);
    l->box = box;
    l->capacity = capacity;
    return true;
}

void box_list_add(struct box_list *l, const struct box *b) {
    if (!(b->score >= l->score_min)) return; /* a NaN is no score */
    if (l->count == l->capacity && !grow(l)) {
        l->failed = true;
        return;
    }
    l->box[l->count++] = *b;
}

struct placed {
    struct box box;
    uint32_t place;
};

static int placed_order(const void *a, const void *b) {
    const struct placed *x = a, *y = b;
    if (x->box.score != y->box.score) return x->box.score > y->box.score ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

void box_list_sort(struct box_list *l) {
    if (l->count == 0 || l->failed) return;
    struct placed *p = arena_alloc(l->arena, l->count * sizeof *p);
    if (!p) {
        l->failed = true;
        return;
    }
    for (uint32_t i = 0; i < l->count; i++) p[i] = (struct placed){l->box[i], i};
    qsort(p, l->count, sizeof *p, placed_order);
    if (l->count > BOXES_MAX) l->count = BOXES_MAX;
    for (uint32_t i = 0; i < l->count; i++) l->box[i] = p[i].box;
}

static float span(float a, float a_size, float b, float b_size) {
    float from = a > b ? a : b;
    float a_end = a + a_size, b_end = b + b_size;
    float to = a_end < b_end ? a_end : b_end;
    return to > from ? to - from : 0;
}

float box_overlap(const struct box *a, const struct box *b) {
    float both = span(a->x, a->w, b->x, b->w) * span(a->y, a->h, b->y, b->h);
    float either = a->w * a->h + b->w * b->h - both;
    return either > 0 ? both / either : 0;
}

static bool is_covered(const struct box *kept, uint32_t count, const struct box *b,
                       float overlap_max) {
    for (uint32_t i = 0; i < count; i++) {
        if (kept[i].label == b->label && box_overlap(&kept[i], b) > overlap_max) return true;
    }
    return false;
}

uint32_t box_suppress(struct box *box, uint32_t count, float overlap_max) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert(i == 0 || box[i].score <= box[kept > 0 ? kept - 1 : 0].score);
        if (!is_covered(box, kept, &box[i], overlap_max)) box[kept++] = box[i];
    }
    return kept;
}
