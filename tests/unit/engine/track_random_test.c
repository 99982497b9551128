/* track_random_test.c: Track against a naive one, and against things whose ways are known.
 *
 * The naive one sorts all rows, looks at one frame after another, and tries every assignment. The
 * things move through pictures of two cameras, are seen with noise, not at all now and then, pass
 * behind each other, and must keep their numbers.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/op/assign.h"
#include "engine/op/motion.h"
#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

#define S RIG_SECOND

enum { ROWS_MAX = 400, TRACKS_MAX = ROWS_MAX, CAMERAS = 3, BOXES_MAX = 16 };

static const char columns[] = "cam TEXT, n BIGINT, label TEXT, score DOUBLE, x DOUBLE, y DOUBLE, "
                              "w DOUBLE, h DOUBLE, at TIMESTAMP(3)";

struct row {
    int cam, label;
    bool strong, boxed;
    struct rect rect;
    int64_t at_us;
    int64_t id;
    int match;
};

struct naive_track {
    int cam, label;
    int64_t id, at_us;
    struct motion motion;
};

struct naive {
    const struct plan_track *o;
    struct row row[ROWS_MAX];
    int rows;
    struct naive_track track[TRACKS_MAX];
    int tracks;
    int64_t given[CAMERAS], last_us[CAMERAS];
    bool seen[CAMERAS];
    int64_t ttl_us; /* 0: none */
    struct buf out;
};

/* One frame of one camera and label: its rows, and every assignment tried. */
struct trial {
    struct naive *n;
    int box[BOXES_MAX], boxes;
    bool taken[TRACKS_MAX];
    int now[BOXES_MAX], best[BOXES_MAX];
    uint64_t best_sum;
};

static uint32_t weight_of(const struct naive *n, const struct row *r, const struct naive_track *k) {
    if (k->cam != r->cam || (n->o->label_col >= 0 && k->label != r->label)) return 0;
    if (r->at_us - k->at_us > n->o->age_max_us) return 0;
    struct motion m = k->motion;
    motion_ahead(&m, (double)(r->at_us - k->at_us) / S);
    struct rect thought = motion_rect(&m);
    double overlap = rect_overlap(&r->rect, &thought);
    return overlap >= n->o->overlap_min ? (uint32_t)(overlap * ASSIGN_WEIGHT_MAX) : 0;
}

static void try_box(struct trial *t, int at, uint64_t sum) {
    if (at == t->boxes) {
        if (sum <= t->best_sum) return;
        t->best_sum = sum;
        memcpy(t->best, t->now, sizeof t->best);
        return;
    }
    t->now[at] = -1;
    try_box(t, at + 1, sum);
    for (int k = 0; k < t->n->tracks; k++) {
        uint32_t weight = weight_of(t->n, &t->n->row[t->box[at]], &t->n->track[k]);
        if (weight == 0 || t->taken[k]) continue;
        t->taken[k] = true;
        t->now[at] = k;
        try_box(t, at + 1, sum + weight);
        t->taken[k] = false;
    }
}

/* Rows of a frame: order[first] .. order[last - 1]. */
struct frame {
    const int *order;
    int first, last;
};

/* The frame's rows that are in the lane of `of`, strong or weak. */
static void try_lane(struct trial *t, const struct frame *f, const struct row *of, bool strong) {
    t->boxes = 0;
    for (int i = f->first; i < f->last; i++) {
        const struct row *r = &t->n->row[f->order[i]];
        bool label = t->n->o->label_col < 0 || r->label == of->label;
        bool is = r->boxed && r->cam == of->cam && label && r->strong == strong;
        if (is) t->box[t->boxes++] = f->order[i];
        assert_true(t->boxes < BOXES_MAX);
    }
    t->best_sum = 0;
    for (int i = 0; i < t->boxes; i++) t->best[i] = -1;
    try_box(t, 0, 0);
    for (int i = 0; i < t->boxes; i++) {
        t->n->row[t->box[i]].match = t->best[i];
        if (t->best[i] >= 0) t->taken[t->best[i]] = true;
    }
}

static void naive_number(struct naive *n, struct row *r) {
    if (!r->boxed || (r->match < 0 && !r->strong)) return;
    struct naive_track *k = &n->track[r->match < 0 ? n->tracks++ : r->match];
    if (r->match < 0) {
        *k = (struct naive_track){.cam = r->cam, .label = r->label, .id = ++n->given[r->cam]};
        motion_begin(&k->motion, &r->rect);
    } else {
        motion_ahead(&k->motion, (double)(r->at_us - k->at_us) / S);
        motion_see(&k->motion, &r->rect);
    }
    k->at_us = r->at_us;
    r->id = k->id;
}

/* The numbers of a camera begin again after a pause that is longer than the ttl and the age. */
static void naive_see(struct naive *n, const struct row *r) {
    if (!r->boxed) return;
    int64_t idle_us = r->at_us - n->last_us[r->cam];
    bool again = n->seen[r->cam] && idle_us > n->ttl_us && idle_us > n->o->age_max_us;
    if (n->ttl_us > 0 && again) n->given[r->cam] = 0;
    n->last_us[r->cam] = r->at_us;
    n->seen[r->cam] = true;
}

static void naive_frame(struct naive *n, const struct frame *f) {
    for (int i = f->first; i < f->last; i++) n->row[f->order[i]].match = -2;
    for (int i = f->first; i < f->last; i++) {
        struct trial t = {.n = n};
        const struct row *r = &n->row[f->order[i]];
        if (!r->boxed || r->match != -2) continue;
        try_lane(&t, f, r, true);
        try_lane(&t, f, r, false);
    }
    for (int i = f->first; i < f->last; i++) naive_see(n, &n->row[f->order[i]]);
    for (int i = f->first; i < f->last; i++) naive_number(n, &n->row[f->order[i]]);
}

static void print_time(struct buf *out, int64_t us) {
    if (us % S == 0) buf_addf(out, "%llds", (long long)(us / S));
    if (us % S != 0) buf_addf(out, "%lldus", (long long)us);
}

static void naive_run(struct naive *n, int64_t delay_us) {
    struct buf late;
    int order[ROWS_MAX], rows = 0;
    int64_t watermark_us = INT64_MIN;
    buf_init(&late);
    for (int i = 0; i < n->rows; i++) {
        const struct row *r = &n->row[i];
        if (r->at_us < watermark_us) {
            buf_add_str(&late, "late ");
            print_time(&late, watermark_us);
            buf_add_str(&late, " 1\n");
        } else {
            int at = rows++;
            for (; at > 0 && n->row[order[at - 1]].at_us > r->at_us; at--)
                order[at] = order[at - 1];
            order[at] = i;
        }
        if (r->at_us - delay_us > watermark_us) watermark_us = r->at_us - delay_us;
    }
    for (int first = 0, last; first < rows; first = last) {
        for (last = first; last < rows; last++) {
            if (n->row[order[last]].at_us != n->row[order[first]].at_us) break;
        }
        naive_frame(n, &(struct frame){.order = order, .first = first, .last = last});
    }
    for (int i = 0; i < rows; i++) {
        const struct row *r = &n->row[order[i]];
        buf_addf(&n->out, "c%d %d ", r->cam, order[i]);
        print_time(&n->out, r->at_us);
        if (r->id > 0) buf_addf(&n->out, " %lld\n", (long long)r->id);
        if (r->id == 0) buf_add_str(&n->out, " NULL\n");
    }
    buf_add(&n->out, late.at ? late.at : "", late.bytes);
    buf_done(&late);
}

static double part(struct random *g) {
    return (double)random_below(g, 1u << 24) / (1u << 24);
}

static void add_row(struct buf *in, const struct row *r, int n) {
    const char *score = r->strong ? "0.9" : n % 2 ? "0.1" : "NULL";
    buf_addf(in, "c%d %d l%d %s ", r->cam, n, r->label, score);
    if (r->boxed) buf_addf(in, "%.17g %.17g ", r->rect.x, r->rect.y);
    if (!r->boxed) buf_addf(in, "NULL 0 ");
    buf_addf(in, "%.17g %.17g %lld\n", r->rect.w, r->rect.h, (long long)r->at_us);
}

/* Boxes that crowd, a few in each frame; frames out of order. */
static void random_make(struct naive *n, struct random *g, struct buf *in) {
    n->rows = 1 + (int)random_below(g, 150);
    for (int i = 0; i < n->rows; i++) {
        struct row *r = &n->row[i];
        *r = (struct row){.cam = (int)random_below(g, CAMERAS),
                          .label = (int)random_below(g, 2),
                          .strong = n->o->score_col < 0 || random_below(g, 3) > 0,
                          .boxed = random_below(g, 12) > 0 && (i / 20) % CAMERAS != 1,
                          .rect = {part(g) * 60, part(g) * 10, 20 + part(g) * 9, 30 + part(g)}};
        int64_t at = i / 6 - (int64_t)random_below(g, 4) * (int64_t)random_below(g, 3);
        r->at_us = at * S / 5;
        add_row(in, r, i);
    }
}

/* Only camera, row number, time and track_id of what `p` gives. */
static struct plan *shown(struct rig *r, struct plan *p) {
    static const uint32_t cols[] = {0, 1, 8, 9};
    const struct expr **x = ARENA_ARRAY(&r->probe.arena, x, COUNT_OF(cols));
    for (uint32_t i = 0; i < p->schema->cols; i++) r->probe.field[i] = p->schema->col[i];
    r->probe.schema = (struct schema){.cols = p->schema->cols, .col = r->probe.field};
    for (size_t i = 0; i < COUNT_OF(cols); i++) x[i] = x_column(&r->probe, cols[i]);
    return rig_project(r, p, "cam TEXT, n BIGINT, at TIMESTAMP(3), track_id BIGINT", x);
}

static void as_a_naive_one(void **unused) {
    (void)unused;
    struct random g = random_start("track");
    static struct naive n;
    for (uint32_t round = 0; round < random_rounds(60); round++) {
        struct rig r;
        struct buf in;
        const struct plan_track o = {.label_col = random_below(&g, 2) ? 0 : -1,
                                     .score_col = random_below(&g, 2) ? 0 : -1,
                                     .score_min = 0.5,
                                     .overlap_min = random_below(&g, 2) ? 0.3 : 0.05,
                                     .age_max_us = (int64_t)random_below(&g, 6) * S / 5 + 1};
        int64_t delay_us = (int64_t)random_below(&g, 4) * S / 5;
        memset(&n, 0, sizeof n);
        n.o = &o;
        if (random_below(&g, 2)) n.ttl_us = (1 + (int64_t)random_below(&g, 8)) * S / 5;
        buf_init(&n.out);
        buf_init(&in);
        random_make(&n, &g, &in);
        naive_run(&n, delay_us);
        rig_init(&r);
        r.workers_max = round % 4 == 0 ? 3 : 1;
        r.query.state_ttl_us = n.ttl_us;
        struct plan *scan = rig_scan(&r, columns, "at", delay_us);
        rig_rows(&r, 0, in.at);
        rig_same(rig_run(&r, shown(&r, rig_track(&r, scan, "cam", &o))), n.out.at);
        buf_done(&n.out);
        buf_done(&in);
        rig_done(&r);
    }
}

/* A thing that moves; times in seconds, places in pixels. */
struct thing {
    int cam;
    struct rect rect;
    double speed_x, speed_y;
    int64_t id; /* that it got first; 0: none yet */
};

enum { THINGS = 12, FRAMES = 150 };

/* Half of the things of a camera go right, half left, in rows that overlap by less than half. */
static void things_make(struct thing *t, struct random *g) {
    for (int i = 0; i < THINGS; i++) {
        bool right = i % 4 < 2;
        double size = 40 + part(g) * 8;
        t[i] = (struct thing){.cam = i % 2,
                              .rect = {.w = size, .h = size},
                              .speed_x = (right ? 1 : -1) * (60 + part(g) * 60),
                              .speed_y = part(g) * 2 - 1};
        t[i].rect.x = right ? part(g) * 200 : 500 + part(g) * 200;
        t[i].rect.y = (i / 2) * 30;
    }
}

static void things_move(struct thing *t, struct random *g, double seconds) {
    for (int i = 0; i < THINGS; i++) {
        t[i].speed_x += (part(g) - 0.5) * 10 * seconds;
        t[i].rect.x += t[i].speed_x * seconds;
        t[i].rect.y += t[i].speed_y * seconds;
    }
}

/* Row i shows thing shows[i]. */
static int things_show(struct thing *t, struct random *g, struct buf *in, int *shows) {
    int rows = 0;
    int64_t at_us = 0;
    for (int f = 0; f < FRAMES; f++) {
        int64_t step_us = 30000 + (int64_t)random_below(g, 20) * 1000;
        at_us += step_us;
        things_move(t, g, (double)step_us / S);
        int first = (int)random_below(g, THINGS);
        for (int k = 0; k < THINGS; k++) {
            int i = (first + k) % THINGS;
            if (random_below(g, 10) == 0) continue; /* not seen */
            struct row r = {.cam = t[i].cam, .strong = true, .boxed = true, .at_us = at_us};
            double noise = t[i].rect.w / 25;
            r.rect = (struct rect){.x = t[i].rect.x + (part(g) - 0.5) * noise,
                                   .y = t[i].rect.y + (part(g) - 0.5) * noise,
                                   .w = t[i].rect.w + (part(g) - 0.5) * noise,
                                   .h = t[i].rect.h + (part(g) - 0.5) * noise};
            add_row(in, &r, rows);
            shows[rows++] = i;
        }
    }
    return rows;
}

/* Each thing has one number, and no other of its camera has it. */
static void assert_kept(struct thing *t, const int *shows, const char *out) {
    int cam, n, at;
    long long us, id;
    for (; sscanf(out, "c%d %d %lldus %lld%n", &cam, &n, &us, &id, &at) == 4 ||
           sscanf(out, "c%d %d %llds %lld%n", &cam, &n, &us, &id, &at) == 4;
         out += at + 1) {
        struct thing *x = &t[shows[n]];
        if (x->id == 0) x->id = id;
        if (x->id != id)
            fail_msg("thing %d has number %lld and %lld", shows[n], (long long)x->id, id);
    }
    assert_int_equal(*out, '\0');
    for (int i = 0; i < THINGS; i++) {
        assert_true(t[i].id > 0 && t[i].id <= THINGS / 2);
        for (int k = 0; k < i; k++) assert_true(t[k].cam != t[i].cam || t[k].id != t[i].id);
    }
}

static void things_that_pass_each_other_keep_their_numbers(void **unused) {
    (void)unused;
    static int shows[THINGS * FRAMES];
    static const struct plan_track o = {
        .label_col = -1, .score_col = -1, .overlap_min = 0.3, .age_max_us = S};
    struct random g = random_start("things");
    for (uint32_t round = 0; round < random_rounds(20); round++) {
        struct rig r;
        struct buf in, out, full;
        struct err e;
        struct thing t[THINGS];
        rig_init(&r);
        buf_init(&in);
        buf_init(&out);
        buf_init(&full);
        things_make(t, &g);
        things_show(t, &g, &in, shows);
        struct plan *scan = rig_scan(&r, columns, "at", S / 10);
        rig_rows(&r, 0, in.at);
        rig_seal(&r, shown(&r, rig_track(&r, scan, "cam", &o)));
        struct rig_cut cut = {.input_rows = 100,
                              .output_rows = 64,
                              .workers = 1 + round % 2,
                              .saves = round % 3 == 0};
        assert_true(rig_run_once(&r, &cut, &out, &full, &e));
        assert_kept(t, shows, out.at);
        buf_done(&in);
        buf_done(&out);
        buf_done(&full);
        rig_done(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_naive_one),
        cmocka_unit_test(things_that_pass_each_other_keep_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
