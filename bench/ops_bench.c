/* ops_bench.c: rows a CPU second of windowed aggregation over columns in memory, one thread.
 *
 *     ops_bench p3     TUMBLE, SUM(BIGINT) by 10,000 and by 1,000,000 keys, 1,000,000 or 10,000
 *                      rows a window, and a loop in C that does the same and nothing else: one
 *                      open-addressing table, its slots marked with their window. A line each:
 *                      NAME_KEYS_ROWS, million rows a CPU second.
 *     ops_bench p4     HOP with a slide of 1,000,000 rows and 10,000 keys in every slide; the size
 *                      is 10, 100, 1,000 slides, beside a size of one slide: by turns a few slides
 *                      of this and of that, until the larger window has gone through all its panes
 *                      once, which is when sliding by two stacks has paid all its costs. A line
 *                      each: aggregate, size, million rows a CPU second of size 1 and of that size.
 *                      The filling of the first window goes with 10,000 rows a slide and is not
 *                      counted.
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
    SLIDES_MIN = 100,                       /* of P4 */
    TURNS = 20,
};

#define SLIDE_US INT64_C(1000000) /* a row a microsecond */

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
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

static int64_t loop_run(const struct rows *r, struct loop_slot *slot, uint32_t mask,
                        int64_t window_us) {
    int64_t checksum = 0;
    uint32_t from = 0, window = 1;
    int64_t end = window_us;
    for (uint64_t row = 0; row < (uint64_t)BATCHES * BATCH_ROWS; row++, from++) {
        if (from == WINDOW_ROWS) from = 0;
        if ((int64_t)row >= end) {
            end += window_us;
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

static double p3_ours(const struct rows *r, int64_t window_us) {
    static struct bench b;
    struct window_spec spec = {.kind = WINDOW_TUMBLE, .time_col = 2, .size_us = window_us};
    bench_open(&b, "sum(BIGINT) BIGINT", &spec);
    double start = now_s();
    for (uint32_t i = 0, from = 0; i < BATCHES; i++) {
        bench_push(&b, r, from, BATCH_ROWS, 1);
        from = from + BATCH_ROWS < WINDOW_ROWS ? from + BATCH_ROWS : 0;
    }
    double seconds = now_s() - start;
    query_destroy(b.q);
    return seconds;
}

static double p3_loop(const struct rows *r, uint32_t keys, int64_t window_us) {
    uint32_t slots = 1;
    while (slots < keys * 2) slots *= 2;
    struct loop_slot *slot = calloc(slots, sizeof *slot);
    assert(slot);
    double start = now_s();
    int64_t checksum = loop_run(r, slot, slots - 1, window_us);
    double seconds = now_s() - start;
    if (checksum == 42) fputs("42\n", stderr); /* so that the loop is not left out */
    free(slot);
    return seconds;
}

static void p3(uint32_t keys, uint32_t window) {
    struct rows r = rows_make(keys);
    double millions = (double)BATCHES * BATCH_ROWS / 1e6;
    printf("weir_%u_%u %.3f\n", keys, window, millions / p3_ours(&r, window));
    printf("loop_%u_%u %.3f\n", keys, window, millions / p3_loop(&r, keys, window));
    rows_free(&r);
}

/* A HOP query whose first window is filled. */
static void p4_open(struct bench *b, const char *sig, const struct rows *r, int64_t panes) {
    struct window_spec spec = {
        .kind = WINDOW_HOP, .time_col = 2, .slide_us = SLIDE_US, .size_us = SLIDE_US * panes};
    bench_open(b, sig, &spec);
    for (int64_t p = 0; p < panes; p++) { /* 10,000 rows a slide */
        for (uint32_t from = 0; from < 10000; from += 2000) bench_push(b, r, from, 2000, 100);
    }
}

/* Seconds for so many slides more. */
static double p4_slides(struct bench *b, const struct rows *r, uint32_t slides) {
    double start = now_s();
    for (uint64_t row = 0, from = 0; row < (uint64_t)slides * WINDOW_ROWS; row += 2000) {
        bench_push(b, r, (uint32_t)from, 2000, 1);
        from = from + 2000 < WINDOW_ROWS ? from + 2000 : 0;
    }
    return now_s() - start;
}

static void p4_size(const char *sig, const struct rows *r, uint32_t panes) {
    static struct bench one, many;
    uint32_t slides = panes > SLIDES_MIN ? panes : SLIDES_MIN;
    double one_s = 0, many_s = 0;
    p4_open(&one, sig, r, 1);
    p4_open(&many, sig, r, panes);
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        one_s += p4_slides(&one, r, slides / TURNS);
        many_s += p4_slides(&many, r, slides / TURNS);
    }
    query_destroy(one.q);
    query_destroy(many.q);
    double millions = slides * (WINDOW_ROWS / 1e6);
    printf("%.*s %u %.3f %.3f\n", (int)strcspn(sig, " "), sig, panes, millions / one_s,
           millions / many_s);
    fflush(stdout);
}

static void p4(const char *sig) {
    struct rows r = rows_make(10000);
    for (uint32_t panes = 10; panes <= 1000; panes *= 10) p4_size(sig, &r, panes);
    rows_free(&r);
}

int main(int argc, char **argv) {
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "p3") == 0) {
        p3(10000, WINDOW_ROWS);
        p3(1000000, WINDOW_ROWS);
        p3(10000, 10000);
    } else if (strcmp(what, "p4") == 0) {
        p4("sum(BIGINT) BIGINT");
        p4("sum(DOUBLE) DOUBLE");
        p4("max(BIGINT) BIGINT");
    } else {
        fprintf(stderr, "usage: ops_bench p3 | p4\n");
        return 2;
    }
    return 0;
}
