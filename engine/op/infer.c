/* infer.c: Infer: asks a model, with rows gathered to runs that pay.
 *
 * Rows are gathered across the batches that come in until the plan's number of contents wait that
 * nobody has computed yet. A row waits no longer than the plan says by the clock of the rows and of
 * the marks between batches; and as soon as a mark tells a watermark that is not known below yet,
 * all that wait are run, few as they are, so that no window is held up. Rows go on in their order,
 * each with its own time: where runs begin and end shows nowhere.
 *
 * Where a model learns from the same source (version_at), rows are asked for by their ordinals, and
 * what has been asked is told, so that old versions can go.
 */
#include "engine/op/infer.h"

#include "engine/batch_slice.h"
#include "engine/query_private.h"

enum { MANY_RUNS = 8 }; /* of a batch: where the last one ends matters no more */

/* Of a query with one input: where its rows come from. */
static void find_source(struct op *op) {
    struct infer *f = op->state;
    const struct query *q = op->query;
    if (q->plan->inputs != 1 || !q->options.source) return;
    f->source = q->options.source[0].what;
    f->source_before = q->options.source[0].before;
}

static bool infer_open(struct op *op, const struct plan *plan, struct err *e) {
    struct infer *f = op->state;
    const struct plan_infer *p = &plan->as.infer;
    const struct map_options keys = {.key_bytes = sizeof(struct answer_key)};
    f->plan = p;
    f->shared = p->model;
    f->told_us = TIME_MIN_US;
    map_init(&f->waiting, &keys);
    map_init(&f->asked, &keys);
    buf_init(&f->packed);
    pairs_init(&f->pairs, op);
    find_source(op);
    /* The first bad row ends such a query: rows before it must not be held back then. */
    f->gathers = p->gathers && p->args > 0 && !op->query->options.bad_stops;
    f->reads = ARENA_ARRAY(op->arena, f->reads, plan->input[0]->schema->cols + 1);
    if (!f->reads) return err_memory(e);
    for (uint32_t i = 0; i < p->args; i++) f->reads[p->arg_col[i]] = true;
    for (uint32_t i = 0; i < p->passes; i++) f->reads[p->pass_col[i]] = true;
    answers_limit(&f->shared->answers, p->cache_bytes);
    f->reader = (struct model_reader){.source = f->source};
    f->joined = shared_model_join(f->shared, &f->reader, e);
    return f->joined && held_open(op, e);
}

/* Runs what waits. */
static bool run_held(struct op *op, struct err *e) {
    struct infer *f = op->state;
    struct batch b;
    if (f->held.rows == 0) return true;
    if (!held_batch(op, &b, e)) return false;
    op->helds = 0;
    bool done = infer_run(op, &b, e);
    held_reset(op);
    return done;
}

/* Likewise, and nothing waits any more. */
static bool run_waiting(struct op *op, struct err *e) {
    struct infer *f = op->state;
    map_reset(&f->waiting);
    return run_held(op, e);
}

static bool has_waited(const struct infer *f, int64_t now_us) {
    if (f->held.rows == 0) return false;
    int64_t since_us;
    return __builtin_sub_overflow(now_us, f->held.proctime_us[0], &since_us) ||
           since_us >= f->plan->wait_us;
}

/* Where rows of a batch part. */
struct cuts {
    uint32_t first; /* rows before it fill up what is held; 0: they do not */
    uint32_t last;  /* rows before it, from `first` on, fill runs */
};

/* Notes what row `row` asks for. *full_out: now as many contents wait as a run takes. */
static bool note_row(struct infer *f, const struct batch *in, uint32_t row, bool *full_out,
                     struct err *e) {
    struct answer_key key;
    bool null, is_new;
    *full_out = false;
    if (!infer_content(f, in, row, &key, &null, e)) return false;
    if (null || infer_is_known(f, &key)) return true;
    struct text bytes = {.at = (const char *)&key, .bytes = sizeof key};
    if (map_put(&f->waiting, bytes, &is_new) == MAP_NONE) return err_memory(e);
    *full_out = map_count(&f->waiting) >= infer_batch_rows(f);
    return true;
}

static bool find_cuts(struct infer *f, const struct batch *in, struct cuts *out, struct err *e) {
    *out = (struct cuts){.first = 0};
    for (uint32_t i = 0; i < in->live; i++) {
        uint32_t row = batch_row(in, i);
        bool full;
        if (!note_row(f, in, row, &full, e)) return false;
        if (!full) continue;
        if (out->first == 0) out->first = row + 1;
        out->last = row + 1;
        map_reset(&f->waiting);
    }
    return true;
}

static bool run_slice(struct op *op, const struct batch *in, uint32_t from, uint32_t to,
                      struct err *e) {
    struct batch part;
    if (from == to) return true;
    if (!batch_slice(in, from, to, op->batch_arena, &part)) return err_memory(e);
    return infer_run(op, &part, e);
}

/* Holds rows from `from` on; what would be too much is run first. */
static bool hold(struct op *op, const struct batch *in, uint32_t from, struct err *e) {
    struct infer *f = op->state;
    while (from < in->rows) {
        uint32_t room = BATCH_ROWS - f->held.rows, rows = in->rows - from;
        uint32_t to = from + (rows < room ? rows : room);
        if (!held_add(op, in, from, to, e)) return false;
        from = to;
        bool much = f->held.rows == BATCH_ROWS || f->held.arena.held_bytes > HELD_BYTES_MAX;
        if (much && !run_waiting(op, e)) return false;
    }
    return true;
}

static bool infer_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct infer *f = op->state;
    struct cuts cut;
    (void)port;
    if (!f->gathers || infer_batch_rows(f) == 1) {
        return run_waiting(op, e) && infer_run(op, in, e);
    }
    if (in->rows == 0) return true;
    if (has_waited(f, batch_proctime(in, 0)) && !run_waiting(op, e)) return false;
    bool many = in->live >= MANY_RUNS * infer_batch_rows(f);
    if (many && f->held.rows == 0) return infer_run(op, in, e); /* one run that is not full */
    if (!find_cuts(f, in, &cut, e)) return false;
    uint32_t from = 0;
    if (f->held.rows > 0 && cut.first > 0 && f->held.rows + cut.first <= BATCH_ROWS) {
        if (!held_add(op, in, 0, cut.first, e)) return false;
        from = cut.first;
    }
    if (cut.last > 0) {
        if (!run_held(op, e) || !run_slice(op, in, from, cut.last, e)) return false;
        from = cut.last;
    }
    /* Nothing waits, and nothing has to. */
    if (f->held.rows == 0 && map_count(&f->waiting) == 0) {
        return run_slice(op, in, from, in->rows, e);
    }
    return hold(op, in, from, e);
}

static bool infer_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct infer *f = op->state;
    bool waits = f->held.rows > 0 && m->watermark_us <= f->told_us;
    if (waits && !has_waited(f, m->proctime_us)) return true; /* its time comes */
    if (!run_waiting(op, e) || !pairs_flush(&f->pairs, e)) return false;
    f->told_us = m->watermark_us;
    shared_model_reached(f->shared, &f->reader, m->ordinal + f->source_before);
    return op_pass_flush(op, port, m, e);
}

static void infer_close(struct op *op) {
    struct infer *f = op->state;
    if (!f->shared) return;
    if (f->joined) shared_model_leave(f->shared, &f->reader);
    map_done(&f->waiting);
    map_done(&f->asked);
    buf_done(&f->packed);
    pairs_done(&f->pairs);
    held_close(op);
}

/* Saved: 8 bytes of the watermark passed on, and the rows that wait (infer_hold.c). */
static bool infer_save(struct op *op, struct buf *out, struct err *e) {
    struct infer *f = op->state;
    buf_add(out, &f->told_us, sizeof f->told_us);
    return held_save(op, out, e);
}

static bool infer_load(struct op *op, struct text saved, struct err *e) {
    struct infer *f = op->state;
    bool good = saved.bytes >= sizeof f->told_us;
    if (good) {
        memcpy(&f->told_us, saved.at, sizeof f->told_us);
        saved.at += sizeof f->told_us;
        saved.bytes -= (uint32_t)sizeof f->told_us;
        if (!held_load(op, &saved, e)) return false;
    }
    if (good && saved.bytes == 0) return true;
    return err_set(e, ERR_CORRUPT, "XX001", "the saved rows of an Infer are damaged");
}

const struct op_type op_infer = {
    .name = "Infer",
    .state_bytes = sizeof(struct infer),
    .open = infer_open,
    .push = infer_push,
    .flush = infer_flush,
    .close = infer_close,
    .save = infer_save,
    .load = infer_load,
};
