#include "tests/unit/edge/runner_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool note_rows(void *context, const struct batch *b, struct err *e) {
    struct buf *out = context;
    (void)e;
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        bool has = column_has(&b->col[0], row);
        if (type_rep(b->col[0].type) == REP_I64) {
            buf_addf(out, "%lld ", has ? (long long)b->col[0].as.i64[row] : -1);
        } else {
            buf_addf(out, "%.*s ", has ? (int)b->col[0].as.text[row].bytes : 4,
                     has ? b->col[0].as.text[row].at : "NULL");
        }
    }
    return true;
}

void query_input(struct probe_query *q, const struct stream_def *def, struct stream *s) {
    uint32_t i = q->plan.inputs++;
    q->in[i] = (struct plan_input){.def = def};
    q->input[i] = s;
    q->scan[i] = (struct plan){.kind = PLAN_SCAN, .schema = def->schema, .as.scan = {i}};
}

void query_make(struct probe_query *q, const char *name, int64_t limit) {
    const struct schema *schema = q->in[0].def->schema;
    const struct plan *top = &q->scan[0];
    uint32_t id = 0;
    q->sink = (struct plan){.kind = PLAN_SINK, .id = id++, .schema = schema, .inputs = 1};
    q->sink.input[0] = top;
    struct plan *below = &q->sink;
    if (limit >= 0) {
        q->limit = (struct plan){.kind = PLAN_LIMIT, .id = id++, .schema = schema, .inputs = 1};
        q->limit.as.limit = (struct plan_limit){.limit = limit};
        below->input[0] = &q->limit;
        below = &q->limit;
    }
    if (q->plan.inputs == 2) {
        q->both = (struct plan){.kind = PLAN_UNION, .id = id++, .schema = schema, .inputs = 2};
        below->input[0] = &q->both;
        q->both.input[0] = &q->scan[0];
        q->both.input[1] = &q->scan[1];
    } else {
        below->input[0] = &q->scan[0];
    }
    for (uint32_t i = 0; i < q->plan.inputs; i++) q->scan[i].id = id++;
    q->plan.root = &q->sink;
    q->plan.plans = id;
    q->plan.input = q->in;
    buf_init(&q->out);
    buf_add_str(&q->out, "");
    q->o = (struct job_options){
        .name = text_of(name),
        .plan = &q->plan,
        .input = q->input,
        .output = note_rows,
        .context = &q->out,
        .query = {.batch_rows = BATCH_ROWS, .workers = 1},
    };
}

void run_all(struct runner *r) {
    struct err e;
    const struct runner_until all = {.job = NULL};
    assert_true(runner_run(r, &all, &e));
}
