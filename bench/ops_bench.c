/* ops_bench.c: rows a CPU second of windowed aggregation over columns in memory, one thread.
 *
 * P3  TUMBLE, SUM(BIGINT) by 10,000 (and 1,000,000) keys, 1,000,000 rows a window, against a loop
 *     in C that does the same and nothing else: one open-addressing table a window.
 * P4  HOP with a slide of 1,000,000 rows and 10,000 keys in every slide; the size is 1, 10, 100,
 *     1,000 slides. The filling of the first window goes with 10,000 rows a slide and is not
 *     counted.
 *
 *     ops_bench [RUNS [SLIDES]]
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/hash.h"
#include "engine/query.h"
#include "udf/aggregate.h"

enum {
    WINDOW_ROWS = 1000000,
    BATCHES = 8 * WINDOW_ROWS / BATCH_ROWS, /* of P3 */
    RUNS_MAX = 31,
};

#define SLIDE_US INT64_C(1000000) /* a row a microsecond */

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *x, uint32_t n) {
    qsort(x, n, sizeof *x, by_value);
    return x[n / 2];
}

/* One million rows of keys and values, used again and again. */
struct rows {
    int64_t *key, *value;
    double *real;
};

static uint64_t next_random(uint64_t *state) {
    *state += HASH_K0;
    return hash_u64(*state);
}

static struct rows rows_make(uint32_t keys) {
    size_t room = WINDOW_ROWS + BATCH_ROWS;
    struct rows r = {.key = malloc(room * sizeof *r.key),
                     .value = malloc(room * sizeof *r.value),
                     .real = malloc(room * sizeof *r.real)};
    uint64_t seed = 1;
    assert(r.key && r.value && r.real);
    for (size_t i = 0; i < room; i++) {
        r.key[i] = (int64_t)(next_random(&seed) % keys) * 7919;
        if (i < keys && keys * 2 <= WINDOW_ROWS) r.key[i] = (int64_t)i * 7919; /* each is there */
        r.value[i] = (int64_t)(next_random(&seed) % 1000);
        r.real[i] = (double)r.value[i] / 8;
    }
    return r;
}

static void rows_free(struct rows *r) {
    free(r->key);
    free(r->value);
    free(r->real);
}

/* A query k, agg(v) over windows of a scan (k, v, at). */
struct bench {
    struct field in[3], out[5];
    struct schema in_schema, out_schema;
    const struct type *arg_type[1];
    struct plan_agg agg;
    struct plan scan, window, sink;
    struct stream_def def;
    struct plan_input input;
    struct plan_query query;
    uint32_t key_col[1], arg_col[1];
    uint64_t rows_out;
    struct query *q;
    uint64_t row;
    int64_t at[BATCH_ROWS];
};

static const struct aggregate *aggregate_find(const char *sig) {
    struct agg_table tables[UDF_AGGREGATE_TABLES];
    udf_aggregates(tables);
    for (uint32_t t = 0; t < UDF_AGGREGATE_TABLES; t++) {
        for (uint32_t i = 0; i < tables[t].count; i++) {
            if (strcmp(tables[t].agg[i].sig, sig) == 0) return &tables[t].agg[i];
        }
    }
    assert(false);
    return NULL;
}

static bool rows_count(void *context, const struct batch *b, struct err *e) {
    struct bench *x = context;
    (void)e;
    x->rows_out += b->live;
    return true;
}

static void plan_make(struct bench *b, const char *sig, const struct window_spec *spec) {
    const struct type *value = strstr(sig, "DOUBLE") ? &type_double : &type_bigint;
    const struct type *in[] = {&type_bigint, value, &type_timestamp3};
    const struct type *out[] = {&type_bigint, value, &type_timestamp3, &type_timestamp3,
                                &type_timestamp3};
    for (uint32_t i = 0; i < 3; i++) b->in[i].type = in[i];
    for (uint32_t i = 0; i < 5; i++) b->out[i].type = out[i];
    b->in_schema = (struct schema){.cols = 3, .col = b->in};
    b->out_schema = (struct schema){.cols = 5, .col = b->out};
    b->arg_type[0] = value;
    b->arg_col[0] = 1;
    b->agg = (struct plan_agg){.agg = aggregate_find(sig),
                               .bind = {.arg_type = b->arg_type, .args = 1, .type = value},
                               .arg_col = b->arg_col,
                               .filter_col = -1};
    b->scan = (struct plan){.kind = PLAN_SCAN, .id = 2, .schema = &b->in_schema};
    b->window = (struct plan){
        .kind = PLAN_WINDOW_AGGREGATE,
        .id = 1,
        .schema = &b->out_schema,
        .inputs = 1,
        .input = {&b->scan},
        .as.aggregate = {
            .keys = 1, .key_col = b->key_col, .aggs = 1, .agg = &b->agg, .window = *spec}};
    b->sink = (struct plan){
        .kind = PLAN_SINK, .schema = &b->out_schema, .inputs = 1, .input = {&b->window}};
    b->def = (struct stream_def){.schema = &b->in_schema};
    b->input = (struct plan_input){.def = &b->def};
    b->query = (struct plan_query){.root = &b->sink, .plans = 3, .inputs = 1, .input = &b->input};
}

static void bench_open(struct bench *b, const char *sig, const struct window_spec *spec) {
    struct err e;
    memset(b, 0, sizeof *b);
    plan_make(b, sig, spec);
    struct query_options o = {.batch_rows = BATCH_ROWS, .workers = 1};
    struct query_output out = {.context = b, .rows = rows_count};
    b->q = query_create(&b->query, &o, &out, &e);
    assert(b->q);
}

/* Rows [from, from + rows) of the million, times going on from where they were. */
static void bench_push(struct bench *b, const struct rows *r, uint32_t from, uint32_t rows,
                       int64_t step_us) {
    int64_t t = (int64_t)b->row;
    for (uint32_t i = 0; i < rows; i++) b->at[i] = t + (int64_t)i * step_us;
    struct column col[3] = {{.type = b->in[0].type, .as.i64 = r->key + from},
                            {.type = b->in[1].type, .as.i64 = r->value + from},
                            {.type = b->in[2].type, .as.i64 = b->at}};
    if (b->in[1].type == &type_double) col[1].as.f64 = r->real + from;
    struct batch in = {
        .schema = &b->in_schema, .col = col, .rows = rows, .live = rows, .watermark_us = b->at};
    uint32_t taken;
    struct err e;
    bool done = query_push(b->q, 0, &in, 0, &taken, &e);
    assert(done && taken == rows);
    (void)done;
    b->row += (uint64_t)rows * (uint64_t)step_us;
}

/* The yardstick: the same sums, window by window. */
struct loop_slot {
    int64_t key, sum;
    uint32_t window;
};

static int64_t loop_run(const struct rows *r, struct loop_slot *slot, uint32_t mask) {
    int64_t checksum = 0;
    uint32_t from = 0, window = 1;
    int64_t end = SLIDE_US;
    for (uint64_t row = 0; row < (uint64_t)BATCHES * BATCH_ROWS; row++, from++) {
        if (from == WINDOW_ROWS) from = 0;
        if ((int64_t)row >= end) {
            end += SLIDE_US;
            window++;
        }
        uint32_t at = (uint32_t)(((uint64_t)r->key[from] * HASH_K0) >> 32) & mask;
        while (slot[at].window == window && slot[at].key != r->key[from]) at = (at + 1) & mask;
        if (slot[at].window != window) {
            checksum += slot[at].sum;
            slot[at] = (struct loop_slot){.key = r->key[from], .window = window};
        }
        slot[at].sum += r->value[from];
    }
    return checksum;
}

static void p3(uint32_t keys, uint32_t runs) {
    struct rows r = rows_make(keys);
    uint32_t slots = 1;
    while (slots < keys * 2) slots *= 2;
    double ours[RUNS_MAX], loop[RUNS_MAX];
    double millions = (double)BATCHES * BATCH_ROWS / 1e6;
    int64_t checksum = 0;
    for (uint32_t run = 0; run < runs; run++) {
        static struct bench b;
        struct window_spec spec = {.kind = WINDOW_TUMBLE, .time_col = 2, .size_us = SLIDE_US};
        bench_open(&b, "sum(BIGINT) BIGINT", &spec);
        double start = now_s();
        for (uint32_t i = 0, from = 0; i < BATCHES; i++) {
            bench_push(&b, &r, from, BATCH_ROWS, 1);
            from = from + BATCH_ROWS < WINDOW_ROWS ? from + BATCH_ROWS : 0;
        }
        ours[run] = millions / (now_s() - start);
        query_destroy(b.q);
        struct loop_slot *slot = calloc(slots, sizeof *slot);
        start = now_s();
        if (slot) checksum += loop_run(&r, slot, slots - 1);
        loop[run] = millions / (now_s() - start);
        free(slot);
    }
    double a = median(ours, runs), c = median(loop, runs);
    printf("P3 TUMBLE SUM(BIGINT), %7u keys  %6.1f M rows/s  C loop %6.1f  ratio %.2f\n", keys, a,
           c, a / c);
    if (checksum == 42) puts("");
    rows_free(&r);
}

static double p4_one(const char *sig, const struct rows *r, int64_t panes, uint32_t slides) {
    static struct bench b;
    struct window_spec spec = {
        .kind = WINDOW_HOP, .time_col = 2, .slide_us = SLIDE_US, .size_us = SLIDE_US * panes};
    bench_open(&b, sig, &spec);
    for (int64_t p = 0; p < panes; p++) { /* 10,000 rows a slide */
        for (uint32_t from = 0; from < 10000; from += 2000) bench_push(&b, r, from, 2000, 100);
    }
    double start = now_s();
    for (uint64_t row = 0, from = 0; row < (uint64_t)slides * WINDOW_ROWS; row += 2000) {
        bench_push(&b, r, (uint32_t)from, 2000, 1);
        from = from + 2000 < WINDOW_ROWS ? from + 2000 : 0;
    }
    double seconds = now_s() - start;
    query_destroy(b.q);
    return slides * (WINDOW_ROWS / 1e6) / seconds;
}

static void p4(const char *sig, uint32_t slides) {
    struct rows r = rows_make(10000);
    static const int64_t panes[] = {1, 10, 100, 1000};
    double one = 0;
    for (uint32_t i = 0; i < COUNT_OF(panes); i++) {
        uint32_t n = slides > panes[i] ? slides : (uint32_t)panes[i];
        double rate = p4_one(sig, &r, panes[i], n);
        if (i == 0) one = rate;
        printf("P4 HOP %-20s size %4lld slides  %6.1f M rows/s  of size 1: %.2f\n", sig,
               (long long)panes[i], rate, rate / one);
        fflush(stdout);
    }
    rows_free(&r);
}

int main(int argc, char **argv) {
    uint32_t runs = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 5;
    uint32_t slides = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 100;
    if (runs < 1 || runs > RUNS_MAX) return 2;
    p3(10000, runs);
    p3(1000000, runs);
    if (slides == 0) return 0;
    p4("sum(BIGINT) BIGINT", slides);
    p4("sum(DOUBLE) DOUBLE", slides);
    p4("max(BIGINT) BIGINT", slides);
    return 0;
}
