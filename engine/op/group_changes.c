/* group_changes.c: GROUP BY as a changelog: each row that changes its group's result is answered by
 * one -U/+U pair, in row order (+I the first time, -D with the last row).
 *
 * A batch is added in rounds: round k has the k-th row of every group in it, so the rows of a round
 * are of different groups and go through the aggregates together. Before round 0 the results of
 * all its groups are computed; after each round the states of its groups are copied, and all
 * copies are turned into results at the end. (States that change memory in place are turned into
 * results in each round instead.) Then row by row the result before is compared with the one
 * after. Results stand in the order of rounds; `place` finds a row's.
 */
#include <string.h>

#include "engine/op/group_state.h"
#include "engine/op/result.h"
#include "engine/query_private.h"
#include "engine/worker.h"

/* The batch being answered; arrays in the batch arena, by live row i. */
struct changes {
    struct op *op;
    struct group_aggregate *g;
    const struct batch *in;
    uint32_t rows;
    uint32_t *round;  /* [rows] */
    uint32_t *before; /* [rows] live row + 1 of the group's row before it in the batch; 0: none */
    uint32_t *order;  /* [rows] live rows by round, then row */
    uint32_t *place;  /* [rows] inverse of `order` */
    uint32_t rounds;
    bool *had, *has; /* [rows] were there rows of the group before, and after? */
    char **copy;     /* [slots] states after each row, by place; NULL: in place */
    struct column_builder *old_result, *new_result; /* [slots] by place: before round 0; after */
    struct column *old_col, *new_col;
    struct agg_failures old_fail, new_fail;
};

/* One row of the answer. */
struct answer {
    uint32_t row;  /* of the input */
    uint32_t live; /* which live row it answers */
    int8_t kind;   /* enum change, or -1: only time */
    bool is_old;   /* values before, else after */
    uint32_t from; /* place in those */
};

static bool last_reserve(struct group_aggregate *g) {
    uint32_t need = g->groups.table->used;
    if (need <= g->capacity) return true;
    uint32_t room = need > g->capacity * 2 ? need : g->capacity * 2;
    uint32_t *last = ARENA_ARRAY(&g->arena, last, room); /* all 0: nothing to keep */
    if (!last) return false;
    g->last = last;
    g->capacity = room;
    return true;
}

/* Which round each row is in. */
static bool rounds_find(struct changes *c) {
    struct group_aggregate *g = c->g;
    if (!last_reserve(g)) return false;
    for (uint32_t i = 0; i < c->rows; i++) {
        uint32_t before = g->last[g->id[i]];
        c->before[i] = before;
        c->round[i] = before ? c->round[before - 1] + 1 : 0;
        if (c->round[i] >= c->rounds) c->rounds = c->round[i] + 1;
        g->last[g->id[i]] = i + 1;
    }
    for (uint32_t i = 0; i < c->rows; i++) g->last[g->id[i]] = 0;

    uint32_t *start = ARENA_ARRAY(c->op->batch_arena, start, c->rounds + 1);
    if (!start) return false;
    for (uint32_t i = 0; i < c->rows; i++) start[c->round[i] + 1]++;
    for (uint32_t r = 0; r < c->rounds; r++) start[r + 1] += start[r];
    for (uint32_t i = 0; i < c->rows; i++) {
        c->place[i] = start[c->round[i]]++;
        c->order[c->place[i]] = i;
    }
    return true;
}

static bool results_open(struct changes *c, struct column_builder **out) {
    const struct groups_plan *p = &c->g->plan;
    struct arena *a = c->op->batch_arena;
    struct column_builder *b = ARENA_ARRAY(a, b, p->slots);
    if (!b) return false;
    for (uint32_t s = 0; s < p->slots; s++) {
        if (!builder_init(&b[s], a, p->slot[s].call.bind->type, c->rows)) return false;
    }
    *out = b;
    return true;
}

static bool changes_open(struct changes *c) {
    struct arena *a = c->op->batch_arena;
    const struct groups_plan *p = &c->g->plan;
    c->round = ARENA_ARRAY(a, c->round, c->rows);
    c->before = ARENA_ARRAY(a, c->before, c->rows);
    c->order = ARENA_ARRAY(a, c->order, c->rows);
    c->place = ARENA_ARRAY(a, c->place, c->rows);
    c->had = ARENA_ARRAY(a, c->had, c->rows);
    c->has = ARENA_ARRAY(a, c->has, c->rows);
    c->copy = ARENA_ARRAY(a, c->copy, p->slots);
    c->old_col = ARENA_ARRAY(a, c->old_col, p->slots);
    c->new_col = ARENA_ARRAY(a, c->new_col, p->slots);
    if (!c->round || !c->before || !c->order || !c->place || !c->had || !c->has) return false;
    if (!c->copy || !c->old_col || !c->new_col) return false;
    for (uint32_t s = 0; s < p->slots; s++) {
        if (p->slot[s].agg->flags & AGG_IN_PLACE) continue;
        c->copy[s] = arena_alloc(a, (size_t)c->rows * p->slot[s].agg->state_bytes);
        if (!c->copy[s]) return false;
    }
    fn_errors_init(&c->old_fail.rows, a);
    fn_errors_init(&c->new_fail.rows, a);
    return results_open(c, &c->old_result) && results_open(c, &c->new_result);
}

/* Adds or removes those of the rows order[from .. to) that are of that kind. */
static bool round_apply_kind(struct changes *c, uint32_t from, uint32_t to, bool remove,
                             struct err *e) {
    struct arena *a = c->op->batch_arena;
    uint16_t *row = ARENA_ARRAY(a, row, to - from);
    uint32_t *id = ARENA_ARRAY(a, id, to - from);
    if (!row || !id) return err_memory(e);
    struct groups_rows rows = {.in = c->in, .row = row, .remove = remove, .scratch = a};
    for (uint32_t at = from; at < to; at++) {
        uint32_t i = c->order[at];
        if (change_is_retraction(batch_change(c->in, c->g->row[i])) != remove) continue;
        row[rows.count] = c->g->row[i];
        id[rows.count++] = c->g->id[i];
    }
    if (rows.count == 0) return true;
    return groups_apply(&c->g->plan, &c->g->groups, &rows, id, e);
}

/* Copies the states of the round's groups, or turns them into results at once. */
static bool round_keep(struct changes *c, uint32_t from, uint32_t to, struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    struct groups *g = &c->g->groups;
    for (uint32_t s = 0; s < p->slots; s++) {
        const struct agg_slot *slot = &p->slot[s];
        uint32_t bytes = slot->agg->state_bytes;
        for (uint32_t at = from; at < to; at++) {
            void *state = groups_state(g, slot, c->g->id[c->order[at]]);
            p->state[at - from] = state;
            if (c->copy[s]) memcpy(c->copy[s] + (size_t)at * bytes, state, bytes);
        }
        if (c->copy[s]) continue;
        struct agg_call call = {.bind = slot->call.bind, .arena = &g->table->arena};
        if (!slot->agg->finish(&call, p->state, to - from, &c->new_result[s], &c->new_fail, e)) {
            return false;
        }
    }
    return true;
}

static bool rounds_run(struct changes *c, struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    for (uint32_t from = 0, to; from < c->rows; from = to) {
        uint32_t round = c->round[c->order[from]];
        for (to = from; to < c->rows && c->round[c->order[to]] == round; to++) {
            uint32_t i = c->order[to];
            c->had[i] = *groups_rows_of(p, &c->g->groups, c->g->id[i]) > 0;
        }
        struct arena_mark mark = arena_mark(c->op->batch_arena);
        if (!round_apply_kind(c, from, to, false, e)) return false;
        if (c->in->change && !round_apply_kind(c, from, to, true, e)) return false;
        arena_rewind(c->op->batch_arena, mark);
        if (!round_keep(c, from, to, e)) return false;
        for (uint32_t at = from; at < to; at++) {
            uint32_t i = c->order[at];
            c->has[i] = *groups_rows_of(p, &c->g->groups, c->g->id[i]) > 0;
        }
    }
    return true;
}

/* Results before the batch, of the groups of round 0. */
static bool old_finish(struct changes *c, struct err *e) {
    uint32_t count = 0;
    uint32_t *id = ARENA_ARRAY(c->op->batch_arena, id, c->rows);
    if (!id) return err_memory(e);
    while (count < c->rows && c->round[c->order[count]] == 0) {
        id[count] = c->g->id[c->order[count]];
        count++;
    }
    struct groups_results r = {.id = id, .count = count, .to = c->old_result, .fail = &c->old_fail};
    return groups_finish(&c->g->plan, &c->g->groups, &r, e);
}

/* Results after each row, from the copies. */
static bool new_finish(struct changes *c, struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    for (uint32_t s = 0; s < p->slots; s++) {
        const struct agg_slot *slot = &p->slot[s];
        if (!c->copy[s]) continue;
        for (uint32_t at = 0; at < c->rows; at++) {
            p->state[at] = c->copy[s] + (size_t)at * slot->agg->state_bytes;
        }
        struct agg_call call = {.bind = slot->call.bind, .arena = &c->g->groups.table->arena};
        struct column_builder *out = &c->new_result[s];
        if (!slot->agg->finish(&call, p->state, c->rows, out, &c->new_fail, e)) return false;
    }
    if (c->new_fail.rows.no_memory || c->old_fail.rows.no_memory) return err_memory(e);
    for (uint32_t s = 0; s < p->slots; s++) {
        bool done = builder_column(&c->old_result[s], &c->old_col[s]) &&
                    builder_column(&c->new_result[s], &c->new_col[s]);
        if (!done) return err_memory(e);
    }
    return true;
}

/* Is the result after live row i the same as the one before it? */
static bool is_same(const struct changes *c, uint32_t i, const struct column *old, uint32_t from) {
    for (uint32_t s = 0; s < c->g->plan.slots; s++) {
        if (!column_same(&old[s], from, &c->new_col[s], c->place[i])) return false;
    }
    return true;
}

/* What live row i is answered with: appends 0 to 2 rows. */
static uint32_t row_answer(const struct changes *c, uint32_t i, struct answer *out) {
    uint32_t before = c->before[i], now = c->place[i];
    bool is_old = before == 0;
    uint32_t from = is_old ? now : c->place[before - 1];
    const struct fn_errors *fail = is_old ? &c->old_fail.rows : &c->new_fail.rows;
    bool had = c->had[i] && !bit_get(fail->row, from);
    bool has = c->has[i] && !bit_get(c->new_fail.rows.row, now);
    struct answer old = {
        .row = c->g->row[i], .live = i, .kind = CHANGE_BEFORE, .is_old = is_old, .from = from};
    struct answer new = {.row = c->g->row[i], .live = i, .kind = CHANGE_AFTER, .from = now};
    if (had && has) {
        if (is_same(c, i, is_old ? c->old_col : c->new_col, from)) return 0;
        out[0] = old;
        out[1] = new;
        return 2;
    }
    if (!had && !has) return 0;
    out[0] = had ? old : new;
    out[0].kind = had ? CHANGE_DELETE : CHANGE_INSERT;
    return 1;
}

/* All answers, with a row of mere time for each input row that has none. */
static struct answer *answers_make(const struct changes *c, uint32_t *count_out) {
    const struct batch *in = c->in;
    struct answer *out = ARENA_ARRAY(c->op->batch_arena, out, in->rows + c->rows + 1);
    if (!out) return NULL;
    uint32_t n = 0, i = 0;
    for (uint32_t row = 0; row < in->rows; row++) {
        uint32_t got = 0;
        if (i < c->rows && c->g->row[i] == row) got = row_answer(c, i++, out + n);
        if (got == 0) out[n++] = (struct answer){.row = row, .kind = -1};
        n += got;
    }
    *count_out = n;
    return out;
}

/* Aggregates of a chunk of answers, from both sets of results. */
static void answers_gather(const struct changes *c, const struct answer *a, uint32_t count,
                           struct column_builder *to) {
    for (uint32_t s = 0; s < c->g->plan.slots; s++) {
        for (uint32_t i = 0; i < count; i++) {
            if (a[i].kind < 0) {
                builder_null(&to[s]);
            } else {
                const struct column *from = a[i].is_old ? &c->old_col[s] : &c->new_col[s];
                result_gather(&to[s], from, &a[i].from, 1);
            }
        }
    }
}

static void time_fill(const struct batch *in, const struct answer *a, uint32_t count,
                      struct mark *at) {
    for (uint32_t i = 0; i < count; i++) {
        at[i] = (struct mark){.ordinal = batch_ordinal(in, a[i].row),
                              .watermark_us = batch_watermark(in, a[i].row),
                              .proctime_us = batch_proctime(in, a[i].row)};
    }
}

/* Ordinals, watermarks, kinds and the selection of a chunk. */
static bool head_fill(const struct changes *c, const struct answer *a, uint32_t count,
                      struct batch *head) {
    struct arena *arena = c->op->batch_arena;
    uint64_t *ordinal = ARENA_ARRAY(arena, ordinal, count);
    int64_t *watermark = ARENA_ARRAY(arena, watermark, count);
    int64_t *proctime = ARENA_ARRAY(arena, proctime, count);
    int8_t *change = ARENA_ARRAY(arena, change, count);
    uint16_t *sel = ARENA_ARRAY(arena, sel, count);
    struct mark *at = ARENA_ARRAY(arena, at, count);
    if (!ordinal || !watermark || !proctime || !change || !sel || !at) return false;
    time_fill(c->in, a, count, at);
    *head = (struct batch){.rows = count,
                           .sel = sel,
                           .ordinal = ordinal,
                           .watermark_us = watermark,
                           .proctime_us = proctime,
                           .change = change,
                           .first = at[0]};
    for (uint32_t i = 0; i < count; i++) {
        ordinal[i] = at[i].ordinal;
        watermark[i] = at[i].watermark_us;
        proctime[i] = at[i].proctime_us;
        change[i] = a[i].kind < 0 ? CHANGE_INSERT : a[i].kind;
        if (a[i].kind >= 0) sel[head->live++] = (uint16_t)i;
    }
    return true;
}

static bool chunk_emit(const struct changes *c, const struct answer *a, uint32_t count,
                       struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    struct batch head;
    struct column_builder *b = result_open(c->op, count, e);
    uint32_t *id = ARENA_ARRAY(c->op->batch_arena, id, count);
    if (!b || !id || !head_fill(c, a, count, &head)) return err_memory(e);
    if (c->rows == 0) return result_time(c->op, c->g->blank, c->in, 0, c->in->rows, e);
    struct merge_key *key = ARENA_ARRAY(c->op->batch_arena, key, count);
    if (!key) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        id[i] = c->g->id[a[i].kind < 0 ? 0 : a[i].live];
        key[i] = (struct merge_key){.ordinal = head.ordinal[i]};
    }
    if (c->op->worker) worker_note(c->op->worker, key);
    if (!key_set_read(&p->key, c->g->groups.table, id, count, b)) return err_memory(e);
    answers_gather(c, a, count, b + p->key.cols);
    return result_emit(c->op, b, &head, e);
}

/* Emits the answers in chunks that do not part a pair. */
static bool answers_emit(const struct changes *c, struct err *e) {
    uint32_t count = 0, step = c->op->query->options.batch_rows;
    struct answer *a = answers_make(c, &count);
    if (!a) return err_memory(e);
    if (step < 2) step = 2;
    for (uint32_t from = 0, to; from < count; from = to) {
        to = count - from < step ? count : from + step;
        if (to < count && a[to].kind == CHANGE_AFTER) to--;
        struct arena_mark mark = arena_mark(c->op->batch_arena);
        if (!chunk_emit(c, a + from, to - from, e)) return false;
        arena_rewind(c->op->batch_arena, mark);
    }
    return true;
}

/* Results that could not be represented, in row order. */
static bool failures_report(const struct changes *c, struct err *e) {
    const struct fn_errors *x = &c->new_fail.rows;
    if (x->count == 0) return true;
    const struct fn_failure **at = ARENA_ARRAY(c->op->batch_arena, at, c->rows);
    if (!at) return err_memory(e);
    for (uint32_t i = 0; i < x->count; i++) at[c->order[x->failure[i].row]] = &x->failure[i];
    for (uint32_t i = 0; i < c->rows; i++) {
        if (!at[i]) continue;
        struct merge_key key = {.ordinal = batch_ordinal(c->in, c->g->row[i])};
        if (!op_bad_result(c->op, &key, at[i], e)) return false;
    }
    return true;
}

bool group_changes_push(struct op *op, const struct batch *in, struct err *e) {
    struct group_aggregate *g = op->state;
    struct changes c = {.op = op, .g = g, .in = in, .rows = in->live};
    if (in->live == 0) return result_time(op, g->blank, in, 0, in->rows, e);
    for (uint32_t i = 0; i < in->live; i++) g->row[i] = (uint16_t)batch_row(in, i);
    struct groups_rows all = {
        .in = in, .row = g->row, .count = in->live, .scratch = op->batch_arena};
    if (!groups_find(&g->plan, &g->groups, &all, g->id, e)) return false;
    if (!changes_open(&c) || !rounds_find(&c)) return err_memory(e);
    if (!old_finish(&c, e) || !rounds_run(&c, e) || !new_finish(&c, e)) return false;
    return failures_report(&c, e) && answers_emit(&c, e);
}
