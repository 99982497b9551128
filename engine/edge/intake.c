/* intake.c: see intake.h.
 *
 * Two programs: the computed columns over the physical ones, then the WATERMARK expression over
 * the whole row. The running maximum of its values is written down row by row only for batches in
 * which it grows; the others carry one value. A batch without a bad row has no selection.
 *
 * Which physical columns are needed is found by walking the expressions. They are trees that may
 * share nodes, so the walk counts its steps and past a bound takes everything as needed.
 */
#include "engine/edge/intake.h"

#include <assert.h>

#include "engine/edge/bad_list.h"
#include "engine/program.h"

enum { WALK_STEPS_MAX = 100000 };

struct intake {
    struct intake_options o;
    const struct stream_def *def;
    bool *needs;           /* [physical->cols] */
    struct column *col;    /* [schema->cols] of the batch being made */
    struct column *absent; /* [schema->cols] typed, without values */
    uint32_t computed;     /* columns that are computed */
    uint32_t *computed_col;
    struct program *compute;   /* NULL: no computed column is needed */
    struct program *watermark; /* NULL: the stream has no time */
    bool *checked;             /* [schema->cols] NOT NULL is judged here */

    struct bad_list bad; /* of the batch being made */
    struct mark now;     /* after the rows so far */
    uint64_t good;
    struct batch batch;
    uint16_t sel[BATCH_ROWS];
    int64_t watermark_us[BATCH_ROWS];
};

/* A walk over expressions: marks the columns they read, and whether they can fail. */
struct walk {
    bool *col;
    uint32_t cols;
    uint32_t steps;
    bool can_fail;
};

static void walk_all(struct walk *w) {
    w->can_fail = true;
    for (uint32_t i = 0; i < w->cols; i++) w->col[i] = true;
}

static void walk(struct walk *w, const struct expr *x) {
    if (++w->steps > WALK_STEPS_MAX) {
        if (w->steps == WALK_STEPS_MAX + 1) walk_all(w);
        return;
    }
    if (x->kind == EXPR_COLUMN) w->col[x->column] = true;
    if (x->kind == EXPR_CALL && !(x->fn->flags & FN_ANY_ROW)) w->can_fail = true;
    if (x->kind == EXPR_CAST && !x->try_cast) w->can_fail = true;
    for (uint32_t i = 0; i < x->args; i++) walk(w, x->arg[i]);
}

/* Decides which computed columns are worked out, and which physical columns that takes. */
static bool find_needs(struct intake *in, bool *read, struct err *e) {
    const struct stream_def *def = in->def;
    uint32_t cols = def->schema->cols;
    struct walk w = {.col = read, .cols = cols};
    if (def->watermark) walk(&w, def->watermark);
    if (def->time_col >= 0) read[def->time_col] = true;

    in->computed_col = ARENA_ARRAY(in->o.arena, in->computed_col, cols + 1);
    if (!in->computed_col) return err_memory(e);
    bool *wanted = ARENA_ARRAY(in->o.arena, wanted, cols + 1);
    if (!wanted) return err_memory(e);
    memcpy(wanted, read, cols * sizeof *wanted);
    for (uint32_t c = 0; c < cols; c++) {
        if (!def->computed || !def->computed[c]) continue;
        bool *seen = ARENA_ARRAY(in->o.arena, seen, cols + 1);
        if (!seen) return err_memory(e);
        struct walk one = {.col = seen, .cols = cols};
        walk(&one, def->computed[c]);
        in->checked[c] = def->schema->col[c].not_null;
        if (!read[c] && !one.can_fail && !in->checked[c]) continue;
        in->computed_col[in->computed++] = c;
        for (uint32_t i = 0; i < cols; i++) wanted[i] = wanted[i] || seen[i];
    }
    for (uint32_t i = 0; i < def->physical->cols; i++) {
        in->needs[i] = wanted[def->physical_col[i]];
    }
    return true;
}

static bool make_programs(struct intake *in, struct err *e) {
    const struct stream_def *def = in->def;
    struct program_options o = {
        .input = def->schema,
        .arena = in->o.arena,
        .env = in->o.env,
    };
    if (in->computed > 0) {
        const struct expr **expr = ARENA_ARRAY(in->o.arena, expr, in->computed);
        if (!expr) return err_memory(e);
        for (uint32_t i = 0; i < in->computed; i++) expr[i] = def->computed[in->computed_col[i]];
        o.expr = expr;
        o.exprs = in->computed;
        in->compute = program_create(&o, e);
        if (!in->compute) return false;
    }
    if (!def->watermark) return true;
    const struct expr **one = ARENA_ARRAY(in->o.arena, one, 1);
    if (!one) return err_memory(e);
    one[0] = def->watermark;
    o.expr = one;
    o.exprs = 1;
    in->watermark = program_create(&o, e);
    return in->watermark != NULL;
}

static bool reserve(struct intake *in, struct err *e) {
    struct arena *a = in->o.arena;
    uint32_t cols = in->def->schema->cols;
    in->needs = ARENA_ARRAY(a, in->needs, in->def->physical->cols + 1);
    in->col = ARENA_ARRAY(a, in->col, cols + 1);
    in->absent = ARENA_ARRAY(a, in->absent, cols + 1);
    in->checked = ARENA_ARRAY(a, in->checked, cols + 1);
    bool *read = ARENA_ARRAY(a, read, cols + 1);
    if (!in->needs || !in->col || !in->absent || !in->checked || !read) return err_memory(e);
    for (uint32_t c = 0; c < cols; c++) {
        read[c] = !in->o.used || in->o.used[c];
        in->absent[c].type = in->def->schema->col[c].type;
        bool computed = in->def->computed && in->def->computed[c];
        in->checked[c] = !computed && in->o.judge_null && in->def->schema->col[c].not_null;
        read[c] = read[c] || in->checked[c];
    }
    return find_needs(in, read, e);
}

struct intake *intake_create(const struct intake_options *o, struct err *e) {
    assert(o->def && o->arena && o->bad);
    assert(o->def->schema->cols >= o->def->physical->cols);
    struct intake *in = ARENA_NEW(o->arena, in);
    if (!in) {
        err_memory(e);
        return NULL;
    }
    in->o = *o;
    in->def = o->def;
    in->now = (struct mark){.watermark_us = TIME_MIN_US};
    if (!reserve(in, e) || !make_programs(in, e)) {
        intake_close(in);
        return NULL;
    }
    return in;
}

const bool *intake_needs(const struct intake *in) {
    return in->needs;
}

void intake_mark(const struct intake *in, struct mark *out) {
    *out = in->now;
}

void intake_resume(struct intake *in, const struct mark *from) {
    in->now = *from;
}

void intake_save(const struct intake *in, struct buf *out) {
    saved_put_mark(out, &in->now);
    saved_put_u64(out, in->good);
}

void intake_load(struct intake *in, struct saved *s) {
    in->now = saved_mark(s);
    in->good = saved_u64(s);
}

uint64_t intake_good(const struct intake *in) {
    return in->good;
}

void intake_close(struct intake *in) {
    if (!in) return;
    program_close(in->compute);
    program_close(in->watermark);
    in->compute = NULL;
    in->watermark = NULL;
}

static bool tell(struct intake *in, uint32_t row, struct decode_bad *bad, struct err *e) {
    bad->row = row;
    if (in->o.record) in->o.record(in->o.context, row, bad);
    return bad_list_add(&in->bad, row, bad, e);
}

static void copy_sqlstate(char to[6], const char *from) {
    size_t n = 0;
    while (n < 5 && from[n]) n++;
    memcpy(to, from, n);
    memset(to + n, 0, 6 - n);
}

/* Tells the rows that a program failed for, and narrows the batch to the others. `code`: the
 * SQLSTATE they get; NULL: that of their failure. */
static bool drop_failures(struct intake *in, const struct program_result *r, const char *code,
                          struct err *e) {
    for (uint32_t i = 0; i < r->failures; i++) {
        const struct row_failure *f = &r->failure[i];
        struct decode_bad bad = {.offset = 0};
        copy_sqlstate(bad.sqlstate, code ? code : f->sqlstate);
        size_t bytes = f->message ? strlen(f->message) : 0;
        if (bytes >= sizeof bad.message) bytes = sizeof bad.message - 1;
        if (bytes > 0) memcpy(bad.message, f->message, bytes);
        if (!tell(in, f->row, &bad, e)) return false;
    }
    if (r->failures == 0) return true;
    assert(r->live <= in->batch.live);
    for (uint32_t i = 0; i < r->live; i++) in->sel[i] = r->sel ? r->sel[i] : (uint16_t)i;
    in->batch.sel = in->sel;
    in->batch.live = r->live;
    return true;
}

/* Are bits 0 .. rows - 1 all ones? */
static bool all_set(const uint64_t *bits, uint32_t rows) {
    uint64_t ones = UINT64_MAX;
    for (uint32_t i = 0; i < rows / 64; i++) ones &= bits[i];
    if (rows % 64 > 0) ones &= bits[rows / 64] | UINT64_MAX << rows % 64;
    return ones == UINT64_MAX;
}

/* Drops the live rows that have no value in `c`; `name` of the column, empty: the WATERMARK. */
static bool drop_nulls(struct intake *in, const struct column *c, struct text name,
                       const char *code, struct err *e) {
    if (!c->valid || all_set(c->valid, in->batch.rows)) return true;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < in->batch.live; i++) {
        uint32_t row = batch_row(&in->batch, i);
        in->sel[kept] = (uint16_t)row; /* kept <= i: in place is safe */
        if (bit_get(c->valid, row)) {
            kept++;
            continue;
        }
        struct decode_bad bad = {.offset = 0};
        struct err what;
        if (name.bytes > 0)
            err_set(&what, ERR_DATA, code, "column \"%.*s\" is NULL", TEXT_ARG(name));
        else
            err_set(&what, ERR_DATA, code, "the WATERMARK of the row is NULL");
        copy_sqlstate(bad.sqlstate, code);
        memcpy(bad.message, what.message, sizeof bad.message);
        if (!tell(in, row, &bad, e)) return false;
    }
    if (kept == in->batch.live) return true;
    in->batch.sel = in->sel;
    in->batch.live = kept;
    return true;
}

static bool compute_columns(struct intake *in, struct arena *a, struct err *e) {
    struct program_result r;
    if (in->compute) {
        if (!program_run(in->compute, &in->batch, a, &r, e)) return false;
        for (uint32_t i = 0; i < in->computed; i++) in->col[in->computed_col[i]] = r.col[i];
        if (!drop_failures(in, &r, NULL, e)) return false;
    }
    for (uint32_t c = 0; c < in->def->schema->cols; c++) {
        if (!in->checked[c]) continue;
        struct text name = in->def->schema->col[c].name;
        if (!drop_nulls(in, &in->col[c], name, "23502", e)) return false;
    }
    return true;
}

/* The largest of n values, at least `least`: one pass without dependencies, for the compiler to
 * vectorise. */
static int64_t largest(const int64_t *v, uint32_t n, int64_t least) {
    int64_t m = least;
    for (uint32_t i = 0; i < n; i++) m = v[i] > m ? v[i] : m;
    return m;
}

/* The value before each row; rows that are not live repeat what held. */
static int64_t running_max(const struct batch *b, const int64_t *v, int64_t now, int64_t *out) {
    uint32_t next = 0;
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        while (next <= row) out[next++] = now;
        now = v[row] > now ? v[row] : now;
    }
    while (next < b->rows) out[next++] = now;
    return now;
}

static int64_t running_max_dense(const int64_t *v, uint32_t n, int64_t now, int64_t *out) {
    for (uint32_t i = 0; i < n; i++) {
        out[i] = now;
        now = v[i] > now ? v[i] : now;
    }
    return now;
}

static bool set_watermarks(struct intake *in, struct arena *a, struct err *e) {
    struct program_result r;
    const struct schema *schema = in->def->schema;
    if (in->def->time_col >= 0) {
        uint32_t c = (uint32_t)in->def->time_col;
        if (!drop_nulls(in, &in->col[c], schema->col[c].name, "22004", e)) return false;
    }
    if (!in->watermark) return true;
    if (!program_run(in->watermark, &in->batch, a, &r, e)) return false;
    if (!drop_failures(in, &r, "22004", e)) return false;
    if (!drop_nulls(in, &r.col[0], (struct text){0}, "22004", e)) return false;

    const int64_t *v = r.col[0].as.i64;
    struct batch *b = &in->batch;
    if (b->sel) {
        b->watermark_us = in->watermark_us;
        in->now.watermark_us = running_max(b, v, in->now.watermark_us, in->watermark_us);
    } else if (largest(v, b->rows, in->now.watermark_us) > in->now.watermark_us) {
        b->watermark_us = in->watermark_us;
        in->now.watermark_us =
            running_max_dense(v, b->rows, in->now.watermark_us, in->watermark_us);
    }
    return true;
}

bool intake_take(struct intake *in, const struct intake_rows *rows, const struct batch **out,
                 struct err *e) {
    assert(rows->rows <= BATCH_ROWS);
    const struct stream_def *def = in->def;
    in->now.proctime_us = rows->proctime_us;
    in->batch = (struct batch){
        .schema = def->schema,
        .col = in->col,
        .rows = rows->rows,
        .live = rows->rows,
        .first = in->now,
    };
    bad_list_reset(&in->bad, rows->arena);
    memcpy(in->col, in->absent, def->schema->cols * sizeof *in->col);
    for (uint32_t i = 0; i < def->physical->cols; i++) {
        if (in->needs[i]) in->col[def->physical_col[i]] = rows->col[i];
    }
    if (!compute_columns(in, rows->arena, e)) return false;
    if (!set_watermarks(in, rows->arena, e)) return false;
    if (!bad_list_tell(&in->bad, in->o.bad, in->o.context, e)) return false;
    in->now.ordinal += rows->rows;
    in->good += in->batch.live;
    *out = &in->batch;
    return true;
}
