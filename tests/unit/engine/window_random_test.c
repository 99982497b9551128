/* window_random_test.c: all kinds of windows against brute force: at each row everything is looked
 * at again: which windows are final now, which rows they hold, what their groups are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/number.h"
#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

enum { ROWS_MAX = 200, WINDOWS_MAX = 20000, ROUNDS = 150 };

static const char aggs[] = "count(*), sum(v), max(v), min(x), avg(v), sum(x), first_value(s), "
                           "last_value(v), group_concat(s), count(distinct v), sum(distinct x), "
                           "count(v) filter f, max(s), count(distinct v) filter f, sum(distinct v)";

struct row {
    int64_t k, v, x, at_us;
    bool has_k, has_v, f;
    char s[3];
};

/* One window of one row (or one session), or a window that was found for the model. */
struct naive_window {
    int64_t start_us, end_us;
    int64_t partition; /* sessions */
    bool emitted;
    bool has[ROWS_MAX];
};

struct naive {
    struct window_spec spec;
    bool by_partition; /* SESSION with PARTITION BY k */
    const struct row *row;
    uint32_t rows;
    struct naive_window *window;
    uint32_t windows;
    struct buf out, late;
};

static int64_t floor_to(int64_t t, int64_t unit) {
    int64_t rest = t % unit;
    return t - (rest < 0 ? rest + unit : rest);
}

static int64_t key_of(const struct row *r) {
    return r->has_k ? r->k : INT64_MIN;
}

static struct naive_window *window_get(struct naive *n, int64_t start_us, int64_t end_us) {
    for (uint32_t i = 0; i < n->windows; i++) {
        if (n->window[i].start_us == start_us && n->window[i].end_us == end_us) {
            return &n->window[i];
        }
    }
    assert_true(n->windows < WINDOWS_MAX);
    struct naive_window *w = &n->window[n->windows++];
    *w = (struct naive_window){.start_us = start_us, .end_us = end_us};
    return w;
}

static void print_time(struct buf *out, int64_t us) {
    if (us % RIG_SECOND == 0) {
        buf_addf(out, "%llds", (long long)(us / RIG_SECOND));
    } else {
        buf_addf(out, "%lldus", (long long)us);
    }
}

static void print_i64(struct buf *out, bool has, int64_t v) {
    buf_add_char(out, ' ');
    if (has) {
        buf_add_i64(out, v);
    } else {
        buf_add_str(out, "NULL");
    }
}

static void print_f64(struct buf *out, bool has, double v) {
    buf_add_char(out, ' ');
    if (has) {
        buf_add_f64(out, v);
    } else {
        buf_add_str(out, "NULL");
    }
}

/* The aggregates of the given rows, in row order. */
static void print_group(struct naive *n, const uint32_t *at, uint32_t count) {
    int64_t sum = 0, max = 0, last = 0, values = 0, min_x = 0, sum_x = 0, filtered = 0;
    int64_t distinct_v = 0, distinct_x = 0, distinct_f = 0, sum_v = 0;
    const char *max_s = "";
    for (uint32_t i = 0; i < count; i++) {
        const struct row *r = &n->row[at[i]];
        bool new_v = r->has_v, new_x = true, new_f = r->has_v && r->f;
        for (uint32_t j = 0; j < i; j++) {
            const struct row *o = &n->row[at[j]];
            if (o->has_v && r->has_v && o->v == r->v) new_v = false;
            if (o->has_v && r->has_v && o->v == r->v && o->f) new_f = false;
            if (o->x == r->x) new_x = false;
        }
        if (r->has_v) {
            if (values == 0 || r->v > max) max = r->v;
            sum += r->v;
            last = r->v;
            values++;
            filtered += r->f;
        }
        distinct_v += new_v;
        distinct_f += new_f;
        if (new_v) sum_v += r->v;
        if (new_x) distinct_x += r->x;
        if (i == 0 || r->x < min_x) min_x = r->x;
        sum_x += r->x;
        if (strcmp(r->s, max_s) > 0) max_s = r->s;
    }
    struct buf *o = &n->out;
    print_i64(o, n->row[at[0]].has_k, n->row[at[0]].k);
    print_i64(o, true, count);
    print_i64(o, values > 0, sum);
    print_i64(o, values > 0, max);
    print_f64(o, true, (double)min_x);
    print_f64(o, values > 0, values > 0 ? (double)sum / (double)values : 0);
    print_f64(o, true, (double)sum_x);
    buf_addf(o, " %s", n->row[at[0]].s);
    print_i64(o, values > 0, last);
    for (uint32_t i = 0; i < count; i++) buf_addf(o, "%s%s", i ? "," : " ", n->row[at[i]].s);
    print_i64(o, true, distinct_v);
    print_f64(o, true, (double)distinct_x);
    print_i64(o, true, filtered);
    buf_addf(o, " %s", max_s);
    print_i64(o, true, distinct_f);
    print_i64(o, distinct_v > 0, sum_v);
    buf_add_char(o, ' ');
}

static void print_window(struct naive *n, const struct naive_window *w) {
    bool done[ROWS_MAX] = {false};
    for (uint32_t i = 0; i < n->rows; i++) {
        uint32_t at[ROWS_MAX], count = 0;
        if (!w->has[i] || done[i]) continue;
        for (uint32_t j = i; j < n->rows; j++) {
            if (!w->has[j] || key_of(&n->row[j]) != key_of(&n->row[i])) continue;
            at[count++] = j;
            done[j] = true;
        }
        size_t from = n->out.bytes;
        print_group(n, at, count);
        memmove(n->out.at + from, n->out.at + from + 1, n->out.bytes - from - 1);
        n->out.bytes--;
        print_time(&n->out, w->start_us);
        buf_add_char(&n->out, ' ');
        print_time(&n->out, w->end_us);
        buf_add_char(&n->out, ' ');
        print_time(&n->out, w->end_us - 1000);
        buf_add_char(&n->out, '\n');
    }
}

static bool comes_before(const struct naive_window *a, const struct naive_window *b) {
    return a->end_us != b->end_us ? a->end_us < b->end_us : a->start_us < b->start_us;
}

/* Sessions of several partitions may be one window: they are printed as one. */
static void emit_final(struct naive *n, int64_t clock_us) {
    for (;;) {
        struct naive_window *first = NULL;
        for (uint32_t i = 0; i < n->windows; i++) {
            struct naive_window *w = &n->window[i];
            if (w->emitted || w->end_us > clock_us) continue;
            if (!first || comes_before(w, first)) first = w;
        }
        if (!first) return;
        struct naive_window *whole = malloc(sizeof *whole);
        assert_non_null(whole);
        *whole = *first;
        for (uint32_t i = 0; i < n->windows; i++) {
            struct naive_window *w = &n->window[i];
            if (w->emitted || w->end_us != first->end_us || w->start_us != whole->start_us)
                continue;
            w->emitted = true;
            for (uint32_t r = 0; r < n->rows; r++) whole->has[r] = whole->has[r] || w->has[r];
        }
        print_window(n, whole);
        free(whole);
    }
}

static void print_late(struct naive *n, int64_t clock_us, uint32_t missed) {
    if (missed == 0) return;
    buf_add_str(&n->late, "late ");
    print_time(&n->late, clock_us);
    buf_addf(&n->late, " %u\n", missed);
}

static void row_to_windows(struct naive *n, uint32_t i, int64_t clock_us) {
    const struct window_spec *s = &n->spec;
    int64_t t = n->row[i].at_us, step = s->kind == WINDOW_TUMBLE ? s->size_us : s->slide_us;
    uint32_t missed = 0;
    if (s->kind == WINDOW_CUMULATE) {
        int64_t start = floor_to(t - s->offset_us, s->size_us) + s->offset_us;
        for (int64_t end = start; end < start + s->size_us;) {
            end = end + step < start + s->size_us ? end + step : start + s->size_us;
            if (end <= t) continue;
            if (end <= clock_us) {
                missed++;
            } else {
                window_get(n, start, end)->has[i] = true;
            }
        }
    } else {
        int64_t start = floor_to(t - s->offset_us, step) + s->offset_us;
        for (; start + s->size_us > t; start -= step) {
            if (start + s->size_us <= clock_us) {
                missed++;
            } else {
                window_get(n, start, start + s->size_us)->has[i] = true;
            }
        }
    }
    print_late(n, clock_us, missed);
}

static void row_to_session(struct naive *n, uint32_t i, int64_t clock_us) {
    struct naive_window own = {.start_us = n->row[i].at_us,
                               .end_us = n->row[i].at_us + n->spec.slide_us,
                               .partition = n->by_partition ? key_of(&n->row[i]) : 0};
    own.has[i] = true;
    for (uint32_t j = 0; j < n->windows; j++) {
        struct naive_window *w = &n->window[j];
        if (w->emitted || w->partition != own.partition || w->end_us <= clock_us) continue;
        if (w->start_us > own.end_us || w->end_us < own.start_us) continue;
        if (w->start_us < own.start_us) own.start_us = w->start_us;
        if (w->end_us > own.end_us) own.end_us = w->end_us;
        for (uint32_t r = 0; r < n->rows; r++) own.has[r] = own.has[r] || w->has[r];
        n->window[j--] = n->window[--n->windows];
    }
    if (own.end_us <= clock_us) {
        print_late(n, clock_us, 1);
    } else {
        n->window[n->windows++] = own;
    }
}

static void naive_run(struct naive *n, const int64_t *watermark_us) {
    n->windows = 0;
    for (uint32_t i = 0; i < n->rows; i++) {
        emit_final(n, watermark_us[i]);
        if (n->spec.kind == WINDOW_SESSION) {
            row_to_session(n, i, watermark_us[i]);
        } else {
            row_to_windows(n, i, watermark_us[i]);
        }
    }
    emit_final(n, TIME_END_US);
    buf_add(&n->out, n->late.at, n->late.bytes);
    buf_reset(&n->late);
}

/* Rows whose times go forward by jumps and back by less, around the epoch. */
static uint32_t rows_draw(struct random *g, struct row *row) {
    uint32_t rows = (uint32_t)random_below(g, ROWS_MAX + 1);
    int64_t now = -(int64_t)random_below(g, 60), disorder = 1 + (int64_t)random_below(g, 20);
    int64_t unit_us = random_below(g, 3) ? RIG_SECOND : 250000;
    uint32_t keys = 1 + (uint32_t)random_below(g, 6);
    for (uint32_t i = 0; i < rows; i++) {
        if (random_below(g, 3) == 0) now += (int64_t)random_below(g, random_below(g, 20) ? 4 : 70);
        row[i] = (struct row){.k = (int64_t)random_below(g, keys),
                              .has_k = random_below(g, 10) > 0,
                              .v = (int64_t)random_below(g, 12) - 4,
                              .has_v = random_below(g, 6) > 0,
                              .x = (int64_t)random_below(g, 9) - 3,
                              .f = random_below(g, 2)};
        row[i].at_us = (now - (int64_t)random_below(g, (uint64_t)disorder)) * unit_us;
        row[i].s[0] = (char)('a' + random_below(g, 5));
        row[i].s[1] = random_below(g, 2) ? (char)('a' + random_below(g, 5)) : '\0';
    }
    return rows;
}

static void rows_print(struct rig *r, const struct row *row, uint32_t rows) {
    struct buf b;
    buf_init(&b);
    for (uint32_t i = 0; i < rows; i++) {
        size_t from = b.bytes;
        print_i64(&b, row[i].has_k, row[i].k);
        memmove(b.at + from, b.at + from + 1, b.bytes - from - 1);
        b.bytes--;
        print_i64(&b, row[i].has_v, row[i].v);
        buf_addf(&b, " %lld %s %s %lld\n", (long long)row[i].x, row[i].s, row[i].f ? "t" : "f",
                 (long long)row[i].at_us);
    }
    rig_rows(r, 0, rows ? arena_copy(&r->probe.arena, b.at, b.bytes) : "");
    buf_done(&b);
}

static struct window_spec spec_draw(struct random *g, struct rig *r, const struct plan *scan,
                                    bool *by_partition) {
    static const int64_t sizes[] = {1, 2, 3, 5, 7, 10, 12, 30};
    int64_t size_us = sizes[random_below(g, COUNT_OF(sizes))] * RIG_SECOND;
    int64_t slide_us = sizes[random_below(g, COUNT_OF(sizes))] * RIG_SECOND;
    if (random_below(g, 4) == 0) slide_us /= 2;
    *by_partition = random_below(g, 2);
    struct window_spec w;
    switch (random_below(g, 4)) {
    case 0: w = rig_tumble(scan, "at", size_us); break;
    case 1: w = rig_cumulate(scan, "at", slide_us < size_us ? slide_us : size_us, size_us); break;
    case 2: w = rig_session(r, scan, "at", *by_partition ? "k" : "", slide_us); break;
    default: w = rig_hop(scan, "at", slide_us, size_us); break;
    }
    if (random_below(g, 3) == 0 && w.kind != WINDOW_SESSION) {
        w.offset_us = (int64_t)random_below(g, 20) * 500000 - 5 * RIG_SECOND;
    }
    return w;
}

static void windows_are_what_brute_force_says(void **unused) {
    (void)unused;
    struct random g = random_start("windows");
    struct naive n = {0};
    struct row row[ROWS_MAX];
    n.window = malloc(WINDOWS_MAX * sizeof *n.window);
    assert_non_null(n.window);
    buf_init(&n.out);
    buf_init(&n.late);
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct rig r;
        rig_init(&r);
        r.workers_max = round % 4 == 0 ? 3 : 1;
        int64_t delay_us = (int64_t)random_below(&g, 25) * RIG_SECOND;
        struct plan *scan = rig_scan(
            &r, "k BIGINT, v BIGINT, x DOUBLE, s TEXT, f BOOLEAN, at TIMESTAMP(3)", "at", delay_us);
        uint32_t rows = rows_draw(&g, row);
        rows_print(&r, row, rows);
        struct window_spec spec = spec_draw(&g, &r, scan, &n.by_partition);
        n.spec = spec;
        n.row = row;
        n.rows = rows;
        buf_reset(&n.out);
        naive_run(&n, r.input[0].watermark_us);
        const char *got = rig_run(&r, rig_window_group(&r, scan, "k", aggs, &spec));
        const char *want = n.out.at ? n.out.at : "";
        if (n.out.at) n.out.at[n.out.bytes] = '\0';
        if (strcmp(got, want) != 0) {
            print_message("round %u: kind %d size %lld slide %lld offset %lld delay %lld\n", round,
                          (int)spec.kind, (long long)spec.size_us, (long long)spec.slide_us,
                          (long long)spec.offset_us, (long long)delay_us);
        }
        rig_same(got, want);
        rig_done(&r);
    }
    buf_done(&n.out);
    buf_done(&n.late);
    free(n.window);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(windows_are_what_brute_force_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
