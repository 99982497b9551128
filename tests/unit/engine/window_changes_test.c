/* window_changes_test.c: windows over a changelog against brute force: what was taken back before a
 * window was final is not in it. Rows of one window are compared as a set: which row of a group is
 * its first is not known once rows are taken back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

enum { ROWS_MAX = 120, WINDOWS_MAX = 4000, ROUNDS = 150, LINES_MAX = 4000 };

static const char aggs[] = "count(*), sum(v), max(v), min(x), sum(x), count(distinct v), "
                           "sum(distinct x), count(distinct v) filter f";

struct row {
    int64_t k, v, x, at_us;
    bool f, retracts;
    uint32_t of; /* retracts: the row it takes back */
};

struct naive_window {
    int64_t start_us, end_us;
    bool emitted;
    bool has[ROWS_MAX];
};

struct naive {
    struct window_spec spec;
    struct row row[ROWS_MAX];
    uint32_t rows, windows;
    struct naive_window *window;
    struct buf out;
};

static int64_t floor_to(int64_t t, int64_t unit) {
    int64_t rest = t % unit;
    return t - (rest < 0 ? rest + unit : rest);
}

static struct naive_window *window_get(struct naive *n, int64_t start_us, int64_t end_us) {
    for (uint32_t i = 0; i < n->windows; i++) {
        struct naive_window *w = &n->window[i];
        if (w->start_us == start_us && w->end_us == end_us) return w;
    }
    assert_true(n->windows < WINDOWS_MAX);
    struct naive_window *w = &n->window[n->windows++];
    *w = (struct naive_window){.start_us = start_us, .end_us = end_us};
    return w;
}

static void group_print(struct naive *n, const struct naive_window *w, int64_t k) {
    int64_t count = 0, sum = 0, max = 0, min = 0, sum_x = 0, distinct = 0, distinct_x = 0;
    int64_t distinct_f = 0;
    bool seen[32] = {false}, seen_x[32] = {false}, seen_f[32] = {false};
    for (uint32_t i = 0; i < n->rows; i++) {
        const struct row *r = &n->row[i];
        if (!w->has[i] || r->k != k) continue;
        if (count == 0 || r->v > max) max = r->v;
        if (count++ == 0 || r->x < min) min = r->x;
        sum += r->v;
        sum_x += r->x;
        distinct += !seen[r->v];
        distinct_x += seen_x[r->x] ? 0 : r->x;
        distinct_f += r->f && !seen_f[r->v];
        seen[r->v] = seen_x[r->x] = true;
        seen_f[r->v] = seen_f[r->v] || r->f;
    }
    if (count == 0) return;
    buf_addf(&n->out, "%lld %lld %lld %lld %lld.0 %lld.0 %lld %lld.0 %lld %llds %llds\n",
             (long long)k, (long long)count, (long long)sum, (long long)max, (long long)min,
             (long long)sum_x, (long long)distinct, (long long)distinct_x, (long long)distinct_f,
             (long long)(w->start_us / RIG_SECOND), (long long)(w->end_us / RIG_SECOND));
}

static void emit_final(struct naive *n, int64_t clock_us) {
    for (uint32_t i = 0; i < n->windows; i++) {
        struct naive_window *w = &n->window[i];
        if (w->emitted || w->end_us > clock_us) continue;
        w->emitted = true;
        for (int64_t k = 0; k < 8; k++) group_print(n, w, k);
    }
}

static void window_change(struct naive *n, uint32_t i, int64_t start_us, int64_t end_us,
                          int64_t clock_us) {
    const struct row *r = &n->row[i];
    if (end_us <= clock_us) return;
    struct naive_window *w = window_get(n, start_us, end_us);
    w->has[r->retracts ? r->of : i] = !r->retracts;
}

static void row_to_windows(struct naive *n, uint32_t i, int64_t clock_us) {
    const struct window_spec *s = &n->spec;
    int64_t t = n->row[i].at_us, step = s->kind == WINDOW_TUMBLE ? s->size_us : s->slide_us;
    if (s->kind == WINDOW_CUMULATE) {
        int64_t start = floor_to(t, s->size_us);
        for (int64_t end = start; end < start + s->size_us;) {
            end = end + step < start + s->size_us ? end + step : start + s->size_us;
            if (end > t) window_change(n, i, start, end, clock_us);
        }
        return;
    }
    for (int64_t start = floor_to(t, step); start + s->size_us > t; start -= step) {
        window_change(n, i, start, start + s->size_us, clock_us);
    }
}

static void rows_draw(struct random *g, struct naive *n) {
    bool gone[ROWS_MAX] = {false};
    int64_t now = 0, disorder = 1 + (int64_t)random_below(g, 15);
    n->rows = (uint32_t)random_below(g, ROWS_MAX + 1);
    for (uint32_t i = 0; i < n->rows; i++) {
        if (random_below(g, 3) == 0) now += (int64_t)random_below(g, 4);
        n->row[i] = (struct row){.k = (int64_t)random_below(g, 4),
                                 .v = (int64_t)random_below(g, 6),
                                 .x = (int64_t)random_below(g, 6),
                                 .f = random_below(g, 2)};
        n->row[i].at_us = (now - (int64_t)random_below(g, (uint64_t)disorder)) * RIG_SECOND;
        uint32_t of = i > 0 ? (uint32_t)random_below(g, i) : 0;
        if (i == 0 || gone[of] || n->row[of].retracts || random_below(g, 3) == 0) continue;
        gone[of] = true;
        n->row[i] = n->row[of];
        n->row[i].retracts = true;
        n->row[i].of = of;
    }
}

static void rows_give(struct rig *r, const struct naive *n) {
    struct buf b;
    buf_init(&b);
    for (uint32_t i = 0; i < n->rows; i++) {
        const struct row *x = &n->row[i];
        buf_addf(&b, "%s %lld %lld %lld %c %llds\n", x->retracts ? "-D" : "+I", (long long)x->k,
                 (long long)x->v, (long long)x->x, x->f ? 't' : 'f',
                 (long long)(x->at_us / RIG_SECOND));
    }
    rig_rows(r, 0, n->rows ? arena_copy(&r->probe.arena, b.at, b.bytes) : "");
    buf_done(&b);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text in the order of their bytes, without late ones and window_time. */
static const char *lines_sorted(struct rig *r, const char *text) {
    char *line[LINES_MAX], *rest = arena_copy(&r->probe.arena, text, strlen(text));
    uint32_t lines = 0;
    while (*rest) {
        char *at = rest, *end = strchr(rest, '\n');
        assert_non_null(end);
        *end = '\0';
        rest = end + 1;
        if (strncmp(at, "late", 4) == 0) continue;
        assert_true(lines < LINES_MAX);
        char *us = strstr(at, "us");
        if (us) *strrchr(at, ' ') = '\0';
        line[lines++] = at;
    }
    qsort(line, lines, sizeof *line, by_text);
    struct buf b;
    buf_init(&b);
    for (uint32_t i = 0; i < lines; i++) buf_addf(&b, "%s\n", line[i]);
    const char *sorted = arena_copy(&r->probe.arena, b.at ? b.at : "", b.bytes);
    buf_done(&b);
    return sorted;
}

static struct window_spec spec_draw(struct random *g, const struct plan *scan) {
    int64_t size_us = (1 + (int64_t)random_below(g, 12)) * RIG_SECOND;
    int64_t slide_us = (1 + (int64_t)random_below(g, 6)) * RIG_SECOND;
    switch (random_below(g, 3)) {
    case 0: return rig_tumble(scan, "at", size_us);
    case 1: return rig_cumulate(scan, "at", slide_us < size_us ? slide_us : size_us, size_us);
    default: return rig_hop(scan, "at", slide_us, size_us);
    }
}

static void windows_of_changelogs_are_what_brute_force_says(void **unused) {
    (void)unused;
    struct random g = random_start("window changes");
    static struct naive n;
    n.window = malloc(WINDOWS_MAX * sizeof *n.window);
    assert_non_null(n.window);
    size_t bytes = 0;
    buf_init(&n.out);
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct rig r;
        rig_init(&r);
        r.workers_max = round % 5 == 0 ? 2 : 1;
        int64_t delay_us = (int64_t)random_below(&g, 12) * RIG_SECOND;
        struct plan *scan = rig_scan(&r, "k BIGINT, v BIGINT, x DOUBLE, f BOOLEAN, at TIMESTAMP(3)",
                                     "at", delay_us);
        scan->changes = true;
        rows_draw(&g, &n);
        rows_give(&r, &n);
        n.spec = spec_draw(&g, scan);
        n.windows = 0;
        buf_reset(&n.out);
        for (uint32_t i = 0; i < n.rows; i++) {
            emit_final(&n, r.input[0].watermark_us[i]);
            row_to_windows(&n, i, r.input[0].watermark_us[i]);
        }
        emit_final(&n, TIME_END_US);
        const char *got = rig_run(&r, rig_window_group(&r, scan, "k", aggs, &n.spec));
        const char *want = lines_sorted(&r, n.out.bytes ? n.out.at : "");
        rig_same(lines_sorted(&r, got), want);
        bytes += strlen(want);
        rig_done(&r);
    }
    assert_true(bytes > ROUNDS * 100);
    buf_done(&n.out);
    free(n.window);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_of_changelogs_are_what_brute_force_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
