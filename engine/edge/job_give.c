/* job_give.c: see job_give.h.
 *
 * A lane's source is what numbers the rows: the tap that several queries read, or the rows of a
 * kept stream. Its place is where rows of others may go, too: a stream, a side, standard output.
 * What a plan with a window gives is made by the time before a row; all else by the row itself.
 */
#include "engine/edge/job_give.h"

#include <assert.h>

#include "engine/edge/outlet.h"
#include "engine/edge/table_write.h"

/* Straight to the client, behind what sinks have gathered for the same descriptor. */
static bool write_client(void *context, const struct batch *b, struct err *e) {
    struct job *j = context;
    if (j->o.prints && !fd_buffer_flush(j->o.prints, e)) return false;
    return j->o.output(j->o.context, b, e);
}

static bool write_kept(void *context, const struct batch *b, struct err *e) {
    return stream_append(context, b, e);
}

static bool give_rows(void *context, const struct batch *b, struct err *e) {
    struct job *j = context;
    if (b->live == 0) return true;
    j->dirty = true;
    j->gave = true;
    j->last_ordinal = batch_ordinal(b, batch_row(b, b->live - 1));
    if (j->ways.out) return lane_write(j->ways.out, b, j->ways.base, e);
    if (!j->o.target) return write_client(j, b, e);
    if (j->ways.writer) return table_writer_write(j->ways.writer, b, e);
    return j->o.target->kept ? write_kept(j->o.target, b, e) : outlet_write(j->ways.outlet, b, e);
}

/* The input that a rejected row came from; UINT32_MAX: it is a result. */
static uint32_t input_of(const struct job *j, const struct query_reject *r) {
    if (r->batch && r->input < j->inputs) return r->input;
    if (r->result) return UINT32_MAX;
    const struct held_row *held = held_find(&j->held, r->ordinal);
    return held ? held->input : UINT32_MAX;
}

/* The rejected row with all columns of its stream; it came from an input. */
static bool whole_row(struct job *j, const struct query_reject *r, struct late_row *out,
                      struct err *e) {
    if (r->batch) return feed_whole_row(j->input[r->input].feed, r->row, out, e);
    out->row = &held_find(&j->held, r->ordinal)->row;
    out->index = 0;
    return true;
}

/* Late rows are kept whole, whatever the query reads of them. */
static bool give_late(void *context, const struct query_reject *r, struct err *e) {
    struct job *j = context;
    uint32_t input = input_of(j, r);
    if (input == UINT32_MAX) return true; /* counted; not a row of ours */
    struct stream *s = j->o.input[input];
    if (j->o.plan->input[input].def != s->def) return true; /* x$errors has no x$late */
    struct late_row late = {
        .query = j->o.name,
        .lane = j->ways.late,
        .ordinal = j->ways.base + r->ordinal,
        .watermark_us = r->watermark_us,
        .missed = r->missed,
    };
    if (!whole_row(j, r, &late, e)) return false;
    return stream_add_late(s, &late, e);
}

static struct stream *errors_of(const struct job *j, uint32_t input) {
    if (j->o.errors) return j->o.errors;
    if (input < j->inputs) return j->o.input[input];
    return j->inputs > 0 ? j->o.input[0] : j->o.target;
}

/* The row, for `raw`. Left out where it cannot be made; false: no memory. */
static bool encode_raw(struct job *j, const struct query_reject *r, struct buf *out,
                       struct err *e) {
    struct late_row whole = {.row = NULL};
    if (input_of(j, r) == UINT32_MAX) return true;
    if (!whole_row(j, r, &whole, e)) return e->code != ERR_LIMIT;
    return side_raw(out, whole.row, whole.index, e);
}

static void copy_text(char *to, size_t room, const char *from) {
    size_t n = from ? strlen(from) : 0;
    if (n >= room) n = room - 1;
    if (n > 0) memcpy(to, from, n);
    to[n] = '\0';
}

static bool give_bad(void *context, const struct query_reject *r, struct err *e) {
    struct job *j = context;
    if (j->first_bad.code == ERR_NONE) {
        err_set(&j->first_bad, ERR_DATA, r->sqlstate, "%s", r->message);
    }
    bool placed = r->batch && r->input < j->inputs;
    if (placed && !feed_tell_bad(j->input[r->input].feed, r->row, e)) return false;
    if (j->o.fail_on_error) return err_set(e, ERR_DATA, r->sqlstate, "%s", r->message);
    bool gone = !r->batch && !r->result;
    const struct held_row *held = gone ? held_find(&j->held, r->ordinal) : NULL;
    struct stream *s = errors_of(j, input_of(j, r));
    if (!s) return true;
    struct buf raw;
    buf_init(&raw);
    bool encoded = encode_raw(j, r, &raw, e);
    struct decode_bad bad = {.raw = buf_text(&raw)};
    if (r->batch) bad.offset = batch_ordinal(r->batch, r->row);
    if (held) bad.offset = held->offset;
    copy_text(bad.sqlstate, sizeof bad.sqlstate, r->sqlstate);
    copy_text(bad.message, sizeof bad.message, r->message);
    const struct side_row who = {
        .query = j->o.name,
        .at_us = j->env->clock_us(),
        .lane = j->o.errors ? NULL : j->ways.error,
        .ordinal = j->ways.base + r->ordinal,
    };
    bool ok = encoded && stream_add_error(s, &who, &bad, e);
    buf_done(&raw);
    return ok;
}

bool job_keep_held(struct job *j, uint32_t i, const struct batch *b, uint32_t from, uint32_t taken,
                   struct err *e) {
    uint64_t held = query_held(j->query), first = query_next_ordinal(j->query) - taken;
    for (uint32_t k = 0; k < b->live && held != UINT64_MAX; k++) {
        uint32_t row = batch_row(b, k);
        struct held_place at = {.offset = batch_ordinal(b, row), .input = i};
        if (row < from || row - from >= taken) continue;
        at.ordinal = first + (row - from);
        if (at.ordinal < held || !query_holds(j->query, at.ordinal)) continue;
        struct late_row whole = {.query = j->o.name};
        if (!feed_whole_row(j->input[i].feed, row, &whole, e)) return false;
        if (!held_keep(&j->held, &whole, &at, e)) return false;
    }
    held_drop(&j->held, held);
    return true;
}

void job_give_output(struct query_output *out) {
    out->rows = give_rows;
    out->late = give_late;
    out->bad = give_bad;
}

/* Does it give rows only as time passes? Plans are trees of bounded depth. */
static bool gives_by_time(const struct plan *p) {
    if (p->kind == PLAN_WINDOW_AGGREGATE) return true;
    if (p->kind == PLAN_WINDOW && p->as.window.spec.kind == WINDOW_SESSION) return true;
    for (uint32_t i = 0; i < p->inputs; i++) {
        if (gives_by_time(p->input[i])) return true;
    }
    return false;
}

/* The way of the rows themselves; `o` names the source. */
static bool open_out(struct job *j, struct lane_options o, struct err *e) {
    struct stream *target = j->o.target;
    o.by_time = gives_by_time(j->o.plan->root);
    o.place = target;
    if (!target) {
        o.place = j->o.prints;
        o.context = j;
        o.write = write_client;
    } else if (j->ways.writer) {
        o.context = j->ways.writer;
        o.write = table_writer_write;
    } else if (target->kept) {
        o.context = target;
        o.write = write_kept;
    } else {
        struct fd_buffer *(*to)(const struct stream_def *, const struct edge_env *) =
            target->connector->sink_to;
        if (to) o.place = to(target->def, j->env);
        o.context = j->ways.outlet;
        o.write = outlet_write;
        if (target->connector->unordered) o.place = NULL;
    }
    if (!o.place) return true;
    j->ways.out = lane_open(j->junctions, &o, e);
    return j->ways.out != NULL;
}

static bool open_sides(struct job *j, struct lane_options o, struct err *e) {
    struct stream *s = j->o.input[0];
    o.context = s;
    o.place = &s->late;
    o.write = stream_write_late;
    j->ways.late = lane_open(j->junctions, &o, e);
    if (!j->ways.late) return false;
    if (j->o.errors) return true;
    o.place = &s->errors;
    o.write = stream_write_errors;
    j->ways.error = lane_open(j->junctions, &o, e);
    if (!j->ways.error) return false;
    return !j->input[0].feed || feed_order_bad(j->input[0].feed, j->junctions, e);
}

static struct outlet_options outlet_wanted(const struct job *j, const void *source) {
    return (struct outlet_options){
        .stream = j->o.target, .source = source, .changes = j->o.plan->root->changes};
}

static bool has_outlet(const struct job *j) {
    return j->o.target && !j->o.target->kept && !j->o.target->table;
}

static bool open_writer(struct job *j, struct err *e) {
    struct table_writer_options o = {.stream = j->o.target, .origin = TABLE_BY_QUERY};
    bool changes = j->o.plan->root->changes;
    o.how = changes ? TABLE_CHANGE : j->o.replaces ? TABLE_REPLACE : TABLE_INSERT;
    j->ways.writer = table_writer_open(&o, e);
    return j->ways.writer != NULL;
}

bool job_give_open(struct job *j, struct err *e) {
    struct lane_options o = {.statement = j->statement};
    if (j->inputs == 1) o.source = feed_source(j->input[0].feed, &o.reached);
    j->ways.base = o.reached;
    if (j->o.target && j->o.target->table && !open_writer(j, e)) return false;
    if (has_outlet(j)) {
        const struct outlet_options sink = outlet_wanted(j, o.source);
        j->ways.outlet = outlet_open(&sink, e);
        if (!j->ways.outlet) return false;
    }
    return !o.source || (open_out(j, o, e) && open_sides(j, o, e));
}

/* 8 bytes, where in the source it began; 1, there are lanes; three parts, the lanes of rows, late
 * rows and errors, empty where there is none; 1, there is an outlet, and then 4, which one; of a
 * target that is stored its writer. */
bool job_give_save(const struct job *j, struct buf *out, struct err *e) {
    const struct job_ways *w = &j->ways;
    const struct lane *const lane[] = {w->out, w->late, w->error};
    saved_put_u64(out, w->base);
    saved_put_u8(out, w->late != NULL);
    for (size_t i = 0; i < COUNT_OF(lane); i++) {
        size_t part = saved_begin(out);
        if (lane[i] && !lane_save(lane[i], out, e)) return false;
        saved_end(out, part);
    }
    saved_put_u8(out, w->outlet != NULL);
    saved_put_u32(out, w->outlet ? outlet_index(w->outlet) : 0);
    if (w->writer) table_writer_save(w->writer, out);
    return !out->failed || err_memory(e);
}

static bool lanes_load(struct job *j, struct saved *in, struct err *e) {
    const struct job_ways *w = &j->ways;
    struct lane *const lane[] = {w->out, w->late, w->error};
    const struct schema *const schema[] = {j->o.plan->root->schema,
                                           j->inputs > 0 ? j->o.input[0]->late.def.schema : NULL,
                                           j->inputs > 0 ? j->o.input[0]->errors.def.schema : NULL};
    for (size_t i = 0; i < COUNT_OF(lane); i++) {
        struct saved part = saved_part(in);
        bool there = part.at != part.end;
        if (there != (lane[i] != NULL)) return saved_damaged("a query", e);
        if (there && !lane_load(lane[i], schema[i], &part, e)) return false;
    }
    return true;
}

bool job_give_load(struct job *j, const void *source, struct saved *in, struct err *e) {
    struct lane_options o = {.statement = j->statement, .reached = saved_u64(in)};
    j->ways.base = o.reached;
    if (saved_bool(in)) o.source = source;
    struct saved lanes = *in;
    for (uint32_t i = 0; i < 3; i++) (void)saved_part(in);
    bool outlet = saved_bool(in);
    uint32_t index = saved_u32(in);
    if (in->damaged || outlet != has_outlet(j)) return saved_damaged("a query", e);
    const struct outlet_options sink = outlet_wanted(j, source);
    if (outlet) j->ways.outlet = outlet_resume(&sink, index, e);
    if (outlet && !j->ways.outlet) return false;
    if (j->o.target && j->o.target->table) {
        if (!open_writer(j, e) || !table_writer_load(j->ways.writer, in, e)) return false;
    }
    if (o.source && (!open_out(j, o, e) || !open_sides(j, o, e))) return false;
    return lanes_load(j, &lanes, e);
}

const void *job_give_source(const struct job *j) {
    return j->ways.late ? lane_options(j->ways.late)->source : NULL;
}

static bool check(const struct lane *l, struct err *e) {
    return !l || lane_check(l, e);
}

static bool check_all(const struct job *j, struct err *e) {
    bool ours = check(j->ways.out, e) && check(j->ways.late, e) && check(j->ways.error, e);
    const struct feed *f = j->inputs == 1 ? j->input[0].feed : NULL;
    return ours && (!f || feed_check_bad(f, e));
}

bool job_give_reach(struct job *j, struct err *e) {
    uint64_t held = query_held(j->query); /* rows from there on are still to be given */
    uint64_t at = j->ways.base + (held < j->taken ? held : j->taken);
    if (j->ways.out) lane_reach(j->ways.out, at);
    if (j->ways.late) lane_reach(j->ways.late, at);
    if (j->ways.error) lane_reach(j->ways.error, at);
    return check_all(j, e);
}

void job_give_end(struct job *j) {
    if (j->ways.out) lane_end(j->ways.out);
    if (j->ways.late) lane_end(j->ways.late);
    if (j->ways.error) lane_end(j->ways.error);
}

bool job_give_waits(const struct job *j) {
    const struct job_ways *w = &j->ways;
    return (w->out && lane_waits(w->out)) || (w->late && lane_waits(w->late)) ||
           (w->error && lane_waits(w->error));
}

bool job_give_flush(struct job *j, struct err *e) {
    if (!check_all(j, e)) return false;
    return !j->ways.outlet || outlet_flush(j->ways.outlet, e);
}

bool job_give_finish(struct job *j, bool whole, struct err *e) {
    struct job_ways *w = &j->ways;
    bool good = check_all(j, e);
    lane_close(w->out);
    w->out = NULL;
    struct err other;
    if (w->writer && whole && !table_writer_finish(w->writer, good ? e : &other)) good = false;
    struct outlet *o = w->outlet;
    w->outlet = NULL;
    bool left = outlet_close(o, whole && good, good ? e : &other);
    return good && left;
}

void job_give_leave(struct job *j) {
    outlet_leave(j->ways.outlet);
    table_writer_close(j->ways.writer);
    j->ways.outlet = NULL;
    j->ways.writer = NULL;
    lane_drop(j->ways.out);
    lane_drop(j->ways.late);
    lane_drop(j->ways.error);
    j->ways.out = j->ways.late = j->ways.error = NULL;
}

void job_give_close(struct job *j) {
    struct err ignored;
    lane_close(j->ways.out);
    lane_close(j->ways.late);
    lane_close(j->ways.error);
    (void)!outlet_close(j->ways.outlet, false, &ignored);
    table_writer_close(j->ways.writer);
    j->ways = (struct job_ways){.base = j->ways.base};
}
