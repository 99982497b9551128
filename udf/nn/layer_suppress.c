/* layer_suppress.c: NonMaxSuppression.
 *
 * For each image and class: boxes above the score, best first; a box is taken unless it overlaps
 * one that was taken by more than the threshold (intersection over union). How many come out is
 * known only then: the output's shape is that of the run.
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/step.h"

enum { IN_BOXES, IN_SCORES, IN_MOST, IN_OVERLAP, IN_SCORE };

struct suppress {
    int64_t center; /* boxes are x, y of the middle, width, height; else y1, x1, y2, x2 */
};

struct suppress_state {
    size_t most; /* boxes of one image and class */
};

static bool suppress_read(struct layer_read *r, struct err *e) {
    struct suppress *p = r->node->params;
    return layer_read_int(r, "center_point_box", &p->center, e);
}

static bool suppress_plan(struct step *s, struct err *e) {
    const struct net_shape *boxes = &s->in[IN_BOXES].shape, *scores = &s->in[IN_SCORES].shape;
    int64_t most = 0;
    uint32_t count;
    struct suppress_state *t = step_state(s, sizeof *t, e);
    if (!t || !step_expect(s, IN_SCORES, NET_F32, e) || !step_expect(s, IN_OVERLAP, NET_F32, e) ||
        !step_expect(s, IN_SCORE, NET_F32, e) || !step_ints(s, IN_MOST, &most, 1, &count, e)) {
        return false;
    }
    if (boxes->rank != 3 || scores->rank != 3 || boxes->dim[2] != 4 ||
        boxes->dim[0] != scores->dim[0] || boxes->dim[1] != scores->dim[2]) {
        return step_error(s, e, "boxes must be [n][boxes][4], scores [n][classes][boxes]");
    }
    for (uint32_t i = IN_OVERLAP; i <= IN_SCORE; i++) {
        if (step_has(s, i) && shape_elements(&s->in[i].shape) != 1) {
            return step_error(s, e, "input %u must be one number", i);
        }
    }
    if (most < 0) most = 0;
    if (most > boxes->dim[1]) most = boxes->dim[1];
    t->most = (size_t)most;
    int64_t rows = scores->dim[0] * scores->dim[1];
    if (rows > shape_elements_max) rows = shape_elements_max;
    s->out[0].type = NET_I64;
    s->out[0].shape = (struct net_shape){.rank = 2, .dim = {rows * most, 3}};
    s->scratch_bytes = 2 * (size_t)boxes->dim[1] * sizeof(uint32_t);
    return true;
}

struct box {
    float x1, y1, x2, y2;
};

static void swap_floats(float *a, float *b) {
    float t = *a;
    *a = *b;
    *b = t;
}

static struct box box_of(const float *at, bool center) {
    struct box b = {.y1 = at[0], .x1 = at[1], .y2 = at[2], .x2 = at[3]};
    if (center) {
        float w = at[2] / 2, h = at[3] / 2;
        b = (struct box){.x1 = at[0] - w, .y1 = at[1] - h, .x2 = at[0] + w, .y2 = at[1] + h};
    }
    if (b.x1 > b.x2) swap_floats(&b.x1, &b.x2);
    if (b.y1 > b.y2) swap_floats(&b.y1, &b.y2);
    return b;
}

static bool overlap(const struct box *a, const struct box *b, float threshold) {
    float w = (a->x2 < b->x2 ? a->x2 : b->x2) - (a->x1 > b->x1 ? a->x1 : b->x1);
    float h = (a->y2 < b->y2 ? a->y2 : b->y2) - (a->y1 > b->y1 ? a->y1 : b->y1);
    if (!(w > 0) || !(h > 0)) return false;
    float both = w * h, one = (a->x2 - a->x1) * (a->y2 - a->y1);
    float all = one + (b->x2 - b->x1) * (b->y2 - b->y1) - both;
    return all > 0 && both / all > threshold;
}

/* Box a after box b, by score, then by number: what a heap has at its root is the last. */
static bool after(const float *score, uint32_t a, uint32_t b) {
    return score[a] < score[b] || (!(score[a] > score[b]) && a > b);
}

static void sift_down(const float *score, uint32_t *item, size_t count, size_t i) {
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= count) return;
        if (child + 1 < count && after(score, item[child + 1], item[child])) child++;
        if (!after(score, item[child], item[i])) return;
        uint32_t t = item[i];
        item[i] = item[child];
        item[child] = t;
        i = child;
    }
}

/* Heapsort (Williams 1964): best first. */
static void sort_by_score(const float *score, uint32_t *item, size_t count) {
    for (size_t i = count / 2; i-- > 0;) sift_down(score, item, count, i);
    for (size_t n = count; n > 1; n--) {
        uint32_t t = item[0];
        item[0] = item[n - 1];
        item[n - 1] = t;
        sift_down(score, item, n - 1, 0);
    }
}

struct suppress_job {
    const float *boxes, *scores; /* of one image, of one class */
    size_t count, most;          /* boxes; that may be taken */
    float overlap, score;
    bool center, score_given;
    uint32_t *candidate, *taken; /* [count] */
};

static size_t take(const struct suppress_job *j) {
    size_t candidates = 0, taken = 0;
    for (size_t i = 0; i < j->count; i++) {
        if (!j->score_given || j->scores[i] > j->score) j->candidate[candidates++] = (uint32_t)i;
    }
    sort_by_score(j->scores, j->candidate, candidates);
    for (size_t i = 0; i < candidates && taken < j->most; i++) {
        struct box a = box_of(j->boxes + 4 * (size_t)j->candidate[i], j->center);
        bool free_standing = true;
        for (size_t k = 0; k < taken && free_standing; k++) {
            struct box b = box_of(j->boxes + 4 * (size_t)j->taken[k], j->center);
            free_standing = !overlap(&a, &b, j->overlap);
        }
        if (free_standing) j->taken[taken++] = j->candidate[i];
    }
    return taken;
}

static bool suppress_run(struct step *s, struct err *e) {
    const struct suppress *p = s->node->params;
    const struct suppress_state *t = s->state;
    const struct net_shape *scores = &s->in[IN_SCORES].shape;
    size_t classes = (size_t)scores->dim[1], boxes = (size_t)scores->dim[2], rows = 0;
    size_t groups = (size_t)scores->dim[0] * classes;
    struct suppress_job j = {.count = boxes,
                             .center = p->center != 0,
                             .score_given = step_has(s, IN_SCORE),
                             .candidate = s->scratch,
                             .taken = (uint32_t *)s->scratch + boxes};
    int64_t *to = s->out[0].at;
    (void)e;
    j.most = t->most;
    if (step_has(s, IN_OVERLAP)) j.overlap = *(const float *)s->in[IN_OVERLAP].at;
    if (step_has(s, IN_SCORE)) j.score = *(const float *)s->in[IN_SCORE].at;
    for (size_t g = 0; g < groups; g++) {
        j.boxes = (const float *)s->in[IN_BOXES].at + g / classes * boxes * 4;
        j.scores = (const float *)s->in[IN_SCORES].at + g * boxes;
        size_t taken = take(&j);
        for (size_t i = 0; i < taken; i++, rows++) {
            to[3 * rows] = (int64_t)(g / classes);
            to[3 * rows + 1] = (int64_t)(g % classes);
            to[3 * rows + 2] = j.taken[i];
        }
    }
    s->out[0].shape.dim[0] = (int64_t)rows;
    return true;
}

static bool suppress_mixes(const struct step *s) {
    (void)s;
    return true;
}

static const struct layer rows[] = {
    {.name = "NonMaxSuppression",
     .since = 10,
     .ins_min = 2,
     .ins_max = 5,
     .types = TYPE_F32,
     .flags = LAYER_LATE | LAYER_HEAVY,
     .values = 1 << IN_MOST,
     .params_bytes = sizeof(struct suppress),
     .read = suppress_read,
     .plan = suppress_plan,
     .run = suppress_run,
     .mixes = suppress_mixes},
};

const struct layer_family layers_suppress = {.layer = rows, .count = COUNT_OF(rows)};
