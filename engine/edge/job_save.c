/* job_save.c: see job_save.h.
 *
 *   what
 *   text     its name
 *   8        its rank among the statements
 *   1        its state; 1 more, it gives nothing more but its rows wait for those of others
 *   2 * 8    rows that its query was given; ordinal of the input row that made its last result
 *   5 * 8    its figures: rows in, rows out, late, bad, the watermark
 *            what failed; the first of its bad rows
 *   4        epoch of a query that teaches a model
 *   then, of one that runs, a part:
 *   8        rank of a statement that still reads the same source; 0: there is none
 *   4        inputs, each: 8 the watermark of the last flush; 1 silent, 1 ended; 8 rows of the
 *            source before its first; 1 there is a feed, and then the feed
 *   4        rows that its query has not settled, each: 8 ordinal, 8 offset, 4 input, and the row,
 *            a part
 *            its ways (job_give.c)
 */
#include "engine/edge/job_save.h"

#include <assert.h>

#include "engine/edge/job_give.h"
#include "engine/edge/rows_saved.h"

static bool reads_still(const struct job *j) {
    return j->state == JOB_RUNNING && !j->draining;
}

/* Another job with the same that numbers its rows, loaded before it, where what it reads does not
 * tell: it reads nothing more, or a table. */
static uint64_t beside(const struct job *j, const struct job *all) {
    const void *source = job_give_source(j);
    bool before = true; /* `j` in the list */
    uint64_t found = 0;
    for (const struct job *x = all; x && source; x = x->next) {
        before = before && x != j;
        if (x == j || x->state != JOB_RUNNING || job_give_source(x) != source) continue;
        bool sooner = before || (j->draining && reads_still(x));
        if (reads_still(x) ? sooner : before && j->draining && found == 0) found = x->statement;
        if (found > 0 && reads_still(x)) return found;
    }
    return found;
}

static void stats_save(const struct job *j, struct buf *out) {
    struct query_stats s;
    job_stats(j, &s);
    saved_put_u64(out, s.rows_in);
    saved_put_u64(out, s.rows_out);
    saved_put_u64(out, s.late);
    saved_put_u64(out, s.bad);
    saved_put_i64(out, s.watermark_us);
}

static void stats_load(struct query_stats *to, struct saved *in) {
    *to = (struct query_stats){.rows_in = saved_u64(in)};
    to->rows_out = saved_u64(in);
    to->late = saved_u64(in);
    to->bad = saved_u64(in);
    to->watermark_us = saved_i64(in);
}

static bool inputs_save(const struct job *j, struct buf *out, struct err *e) {
    saved_put_u32(out, j->inputs);
    for (uint32_t i = 0; i < j->inputs; i++) {
        const struct job_input *in = &j->input[i];
        saved_put_i64(out, in->flushed_us);
        saved_put_u8(out, in->idle);
        saved_put_u8(out, in->ended);
        saved_put_u64(out, j->source[i].before);
        saved_put_u8(out, in->feed != NULL);
        if (in->feed && !feed_save(in->feed, out, e)) return false;
    }
    return true;
}

static void held_save(const struct job *j, struct buf *out) {
    uint32_t count = 0;
    for (const struct held_row *r = j->held.first; r; r = r->next) count++;
    saved_put_u32(out, count);
    for (const struct held_row *r = j->held.first; r; r = r->next) {
        saved_put_u64(out, r->ordinal);
        saved_put_u64(out, r->offset);
        saved_put_u32(out, r->input);
        size_t part = saved_begin(out);
        rows_save(out, &r->row, (struct rows_range){0, 1});
        saved_end(out, part);
    }
}

bool job_save(struct job *j, struct job *all, struct buf *out, struct err *e) {
    saved_put_text(out, j->o.name);
    saved_put_u64(out, j->statement);
    saved_put_u8(out, (uint8_t)j->state);
    saved_put_u8(out, j->draining);
    saved_put_u64(out, j->taken);
    saved_put_u64(out, j->last_ordinal);
    stats_save(j, out);
    saved_put_err(out, &j->error);
    saved_put_err(out, &j->first_bad);
    saved_put_u32(out, j->models.epoch);
    size_t part = saved_begin(out);
    if (j->state == JOB_RUNNING) {
        saved_put_u64(out, beside(j, all));
        if (!inputs_save(j, out, e)) return false;
        held_save(j, out);
        if (!job_give_save(j, out, e)) return false;
    }
    saved_end(out, part);
    return !out->failed || err_memory(e);
}

struct job *job_named(struct job *all, struct saved in) {
    struct text name = saved_text(&in);
    struct job *j = all;
    while (j && !text_equal(j->o.name, name)) j = j->next;
    return j;
}

static bool input_load(struct job *j, uint32_t i, struct saved *s, struct err *e) {
    struct job_input *in = &j->input[i];
    uint64_t number = 0;
    const struct feed_options o = {
        .stream = j->o.input[i],
        .input = &j->o.plan->input[i],
        .sources = j->sources,
        .number_out = &number,
    };
    in->flushed_us = saved_i64(s);
    in->idle = saved_bool(s);
    in->ended = saved_bool(s);
    j->source[i].before = saved_u64(s);
    if (!saved_bool(s)) return true;
    in->feed = feed_load(&o, s, e);
    j->source[i].what = (const void *)(uintptr_t)number;
    return in->feed != NULL;
}

static bool inputs_load(struct job *j, struct saved *s, struct err *e) {
    if (saved_u32(s) != j->inputs) return saved_damaged("a query", e);
    for (uint32_t i = 0; i < j->inputs; i++) {
        if (!input_load(j, i, s, e)) return false;
    }
    return true;
}

static bool held_row_load(struct job *j, struct saved *s, struct arena *a, struct err *e) {
    struct held_place at = {.ordinal = saved_u64(s)};
    at.offset = saved_u64(s);
    at.input = saved_u32(s);
    struct saved part = saved_part(s);
    struct batch row;
    if (at.input >= j->inputs) return saved_damaged("a query", e);
    const struct schema *schema = j->o.plan->input[at.input].def->schema;
    if (!rows_load(&part, schema, a, &row, e)) return false;
    if (row.rows != 1 || row.live != 1) return saved_damaged("a query", e);
    const struct late_row whole = {.query = j->o.name, .row = &row};
    return held_keep(&j->held, &whole, &at, e);
}

static bool held_load(struct job *j, struct saved *s, struct err *e) {
    uint32_t count = saved_count(s, 28);
    struct arena a;
    arena_init(&a, 0);
    bool ok = true;
    for (uint32_t i = 0; ok && i < count; i++) {
        arena_reset(&a);
        ok = held_row_load(j, s, &a, e);
    }
    arena_done(&a);
    return ok;
}

/* What numbers its rows: what it reads, or what the statement beside it does; one that is alone is
 * told from all others. */
static const void *source_of(struct job *j, const struct job *all, uint64_t beside_it) {
    uint64_t ignored;
    const struct feed *f = j->inputs == 1 ? j->input[0].feed : NULL;
    if (f && !feed_reads_table(f)) return feed_source(f, &ignored);
    for (const struct job *x = all; x && beside_it > 0; x = x->next) {
        if (x != j && x->statement == beside_it) return job_give_source(x);
    }
    return (const void *)(uintptr_t)++ * j->sources;
}

static bool running_load(struct job *j, const struct job *all, struct saved in, struct err *e) {
    uint64_t beside_it = saved_u64(&in);
    if (!inputs_load(j, &in, e) || !held_load(j, &in, e)) return false;
    struct query_output out = {.context = j};
    struct query_options options = j->o.query;
    job_give_output(&out);
    options.source = j->source;
    j->query = query_create(j->o.plan, &options, &out, e);
    if (!j->query) return false;
    for (uint32_t i = 0; i < j->inputs; i++) query_set_idle(j->query, i, j->input[i].idle);
    return job_give_load(j, source_of(j, all, beside_it), &in, e) && saved_done(&in, "a query", e);
}

bool job_load(struct job *j, struct job *all, struct saved in, bool reading, struct err *e) {
    assert(j->state == JOB_WAITING || !reading);
    (void)saved_text(&in);
    uint64_t statement = saved_u64(&in);
    uint8_t state = saved_u8(&in);
    bool draining = saved_bool(&in), runs = state == JOB_RUNNING;
    if (state > JOB_FAILED) return saved_damaged("a query", e);
    if ((runs && !draining) != reading || state == JOB_WAITING) return true;
    j->statement = statement;
    j->draining = draining;
    j->taken = saved_u64(&in);
    j->last_ordinal = saved_u64(&in);
    stats_load(&j->stats, &in);
    saved_err(&in, &j->error);
    saved_err(&in, &j->first_bad);
    j->models.epoch = saved_u32(&in);
    if (runs) {
        j->models.past = j->stats;
        j->state = JOB_RUNNING;
        if (!running_load(j, all, saved_part(&in), e)) return false;
    } else {
        (void)saved_part(&in);
        j->state = (enum job_state)state;
    }
    return saved_done(&in, "a query", e);
}

void job_resume_feeds(struct job *j) {
    for (uint32_t i = 0; i < j->inputs; i++) {
        if (j->input[i].feed) feed_resume(j->input[i].feed);
    }
}

bool job_save_query(struct job *j, struct buf *out, struct err *e) {
    return j->state != JOB_RUNNING || query_save(j->query, out, e);
}

bool job_load_query(struct job *j, struct text saved, struct err *e) {
    if (saved.bytes == 0) return true;
    return j->state == JOB_RUNNING ? query_load(j->query, saved, e) : saved_damaged("a query", e);
}

struct job *job_next(const struct job *j) {
    return j->next;
}

struct text job_name(const struct job *j) {
    return j->o.name;
}

void job_save_anew(struct job *j) {
    if (j->query) query_save_anew(j->query);
}
