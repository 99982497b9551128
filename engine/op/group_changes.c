/* group_changes.c: GROUP BY as a changelog: each row that changes its group's result is answered by
 * one -U/+U pair, in row order (+I the first time, -D with the last row).
 *
 * Before a batch the results of all its groups are computed. Then, where no row is taken back,
 * FILTER and DISTINCT are judged for the whole batch at once and each aggregate runs through it by
 * itself, leaving a copy of the group's state after every row; all copies are turned into results
 * at the end.
 *
 * An aggregate that cannot leave copies (it has no trace(), or changes memory beyond its bytes),
 * and a batch with retractions, goes in rounds: round k has the k-th row of every group, so that
 * the rows of a round are of different groups and go through an aggregate together, and states are
 * copied (in place: turned into results) after each.
 */
#include <string.h>

#include "engine/op/group_state.h"
#include "engine/op/result.h"
#include "engine/query_private.h"
#include "engine/worker.h"

enum { LINE_BYTES = 64 }; /* of the caches */

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

/* Where the result before each row stands: among those of the groups, or behind the row before it
 * of the same group. */
static bool rows_link(struct changes *c) {
    struct group_aggregate *g = c->g;
    if (!last_reserve(g)) return false;
    const struct state_table *t = g->groups.table;
    for (uint32_t i = 0; i < c->rows; i++) {
        const char *value = t->entry + (size_t)g->id[i] * t->entry_bytes;
        for (uint32_t at = 0; at < t->value_bytes; at += LINE_BYTES) __builtin_prefetch(value + at);
        uint32_t before = g->last[g->id[i]];
        c->old[i] = before ? BATCH_ROWS + before - 1 : c->groups;
        c->first[c->groups] = g->id[i];
        c->groups += before == 0;
        g->last[g->id[i]] = i + 1;
    }
    for (uint32_t i = 0; i < c->rows; i++) {
        g->last[g->id[i]] = 0;
        if (c->old[i] >= BATCH_ROWS) c->old[i] -= BATCH_ROWS - c->groups;
    }
    return true;
}

/* Which round each row is in. */
static bool rounds_find(struct changes *c) {
    struct arena *a = c->op->batch_arena;
    if (c->order) return true;
    uint32_t *round = arena_alloc(a, c->rows * sizeof *round);
    c->order = arena_alloc(a, c->rows * sizeof *c->order);
    if (!round || !c->order) return false;
    for (uint32_t i = 0; i < c->rows; i++) {
        round[i] = c->old[i] < c->groups ? 0 : round[c->old[i] - c->groups] + 1;
        if (round[i] >= c->rounds) c->rounds = round[i] + 1;
    }
    uint32_t *end = ARENA_ARRAY(a, end, c->rounds + 2); /* of a round, two further on */
    if (!end) return false;
    for (uint32_t i = 0; i < c->rows; i++) end[round[i] + 2]++;
    for (uint32_t r = 2; r <= c->rounds; r++) end[r] += end[r - 1];
    for (uint32_t i = 0; i < c->rows; i++) c->order[end[round[i] + 1]++] = i;
    c->start = end;
    return true;
}

static bool results_open(struct changes *c) {
    const struct groups_plan *p = &c->g->plan;
    struct arena *a = c->op->batch_arena;
    c->result = ARENA_ARRAY(a, c->result, p->slots);
    c->late = ARENA_ARRAY(a, c->late, p->slots);
    c->col = ARENA_ARRAY(a, c->col, p->slots);
    c->copy = ARENA_ARRAY(a, c->copy, p->slots);
    if (!c->result || !c->late || !c->col || !c->copy) return false;
    for (uint32_t s = 0; s < p->slots; s++) {
        const struct agg_slot *slot = &p->slot[s];
        const struct type *type = slot->call.bind->type;
        if (!builder_init(&c->result[s], a, type, c->groups + c->rows)) return false;
        if (slot->agg->flags & AGG_IN_PLACE) {
            if (!builder_init(&c->late[s], a, type, c->rows)) return false;
        } else {
            c->copy[s] = arena_alloc(a, (size_t)c->rows * slot->agg->state_bytes);
            if (!c->copy[s]) return false;
        }
    }
    fn_errors_init(&c->old_fail.rows, a);
    fn_errors_init(&c->new_fail.rows, a);
    return true;
}

static bool changes_open(struct changes *c) {
    struct arena *a = c->op->batch_arena;
    c->first = arena_alloc(a, (c->rows + (size_t)1) * sizeof *c->first);
    c->old = arena_alloc(a, c->rows * sizeof *c->old);
    c->had = arena_alloc(a, c->rows * sizeof *c->had);
    c->has = arena_alloc(a, c->rows * sizeof *c->has);
    if (!c->first || !c->old || !c->had || !c->has) return false;
    return rows_link(c) && results_open(c);
}

/* Results before the batch. */
static bool old_finish(struct changes *c, struct err *e) {
    struct groups_results r = {
        .id = c->first, .count = c->groups, .to = c->result, .fail = &c->old_fail};
    return groups_finish(&c->g->plan, &c->g->groups, &r, e);
}

/* Copies the states that p->state has for order[from .. to), or turns them into results. */
static bool states_keep(struct changes *c, const struct agg_slot *slot, uint32_t from, uint32_t to,
                        struct err *e) {
    void *const *state = c->g->plan.state;
    uint32_t s = slot->index, bytes = slot->agg->state_bytes;
    if (!c->copy[s]) {
        struct agg_call call = {.bind = slot->call.bind, .arena = &c->g->groups.table->arena};
        return slot->agg->finish(&call, state, to - from, &c->late[s], &c->new_fail, e);
    }
    for (uint32_t at = from; at < to; at++) {
        memcpy(c->copy[s] + (size_t)c->order[at] * bytes, state[at - from], bytes);
    }
    return true;
}

/* What an aggregate is given of the whole batch, and of its rounds. */
struct slot_run {
    const struct agg_slot *slot;
    const uint8_t *take; /* by live row; NULL: all */
    struct agg_rows in;
    struct agg_call call;
    uint16_t *row; /* [rows] */
    void **state;  /* [rows] of rows that are taken */
};

/* One round of one aggregate: rows that it takes, then the states of all. */
static bool slot_round(struct changes *c, struct slot_run *r, uint32_t round, struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    uint32_t from = c->start[round], to = c->start[round + 1];
    r->in.count = 0;
    for (uint32_t at = from; at < to; at++) {
        uint32_t i = c->order[at];
        void *state = groups_state(&c->g->groups, r->slot, c->g->id[i]);
        p->state[at - from] = state;
        r->row[r->in.count] = c->g->row[i];
        r->state[r->in.count] = state;
        r->in.count += r->take ? r->take[i] : 1;
    }
    if (r->in.count > 0 && !r->slot->agg->add(&r->call, &r->in, e)) return false;
    return states_keep(c, r->slot, from, to, e);
}

static bool slot_rounds(struct changes *c, struct slot_run *r, struct err *e) {
    struct arena *a = c->op->batch_arena;
    r->row = arena_alloc(a, c->rows * sizeof *r->row);
    r->state = arena_alloc(a, c->rows * sizeof(*r->state));
    if (!r->row || !r->state || !rounds_find(c)) return err_memory(e);
    r->in.row = r->row;
    r->in.state = r->state;
    for (uint32_t round = 0; round < c->rounds; round++) {
        if (!slot_round(c, r, round, e)) return false;
    }
    return true;
}

static bool slot_trace(struct changes *c, struct slot_run *r, struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    const struct state_table *t = c->g->groups.table;
    char *base = t->entry + r->slot->offset;
    size_t stride = t->entry_bytes;
    for (uint32_t i = 0; i < c->rows; i++) p->state[i] = base + c->g->id[i] * stride;
    r->in.row = c->g->row;
    r->in.state = p->state;
    r->in.count = c->rows;
    return r->slot->agg->trace(&r->call, &r->in, r->take, c->copy[r->slot->index], e);
}

static bool slot_run(struct changes *c, const struct agg_slot *slot, const uint8_t *take,
                     struct err *e) {
    const struct agg_bind *b = slot->call.bind;
    struct slot_run r = {.slot = slot, .take = take};
    struct column *arg = arena_alloc(c->op->batch_arena, (b->args + (size_t)1) * sizeof *arg);
    if (!arg) return err_memory(e);
    for (uint32_t i = 0; i < b->args; i++) arg[i] = c->in->col[slot->plan->arg_col[i]];
    r.call = (struct agg_call){.bind = b, .arena = &c->g->groups.table->arena};
    r.in = (struct agg_rows){.arg = b->args ? arg : NULL, .ordinal = c->g->plan.place};
    return slot->agg->trace ? slot_trace(c, &r, e) : slot_rounds(c, &r, e);
}

/* All rows are insertions. */
static bool insertions_run(struct changes *c, struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    struct arena *a = c->op->batch_arena;
    struct groups_rows all = {
        .in = c->in, .row = c->g->row, .count = c->rows, .scratch = c->op->batch_arena};
    const uint8_t **take = ARENA_ARRAY(a, take, p->slots);
    if (!take) return err_memory(e);
    if (!groups_take(p, &c->g->groups, &all, c->g->id, take, e)) return false;
    for (uint32_t i = 0; i < c->rows; i++) {
        c->had[i] = (*groups_rows_of(p, &c->g->groups, c->g->id[i]))++ > 0;
        c->has[i] = true;
    }
    for (uint32_t s = 0; s < p->slots; s++) {
        if (!slot_run(c, &p->slot[s], take[s], e)) return false;
    }
    return true;
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
        if (remove && !c->had[i]) continue; /* its group was forgotten */
        row[rows.count] = c->g->row[i];
        id[rows.count++] = c->g->id[i];
    }
    if (rows.count == 0) return true;
    return groups_apply(&c->g->plan, &c->g->groups, &rows, id, e);
}

static bool round_run(struct changes *c, uint32_t from, uint32_t to, struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    struct groups *g = &c->g->groups;
    for (uint32_t at = from; at < to; at++) {
        uint32_t i = c->order[at];
        c->had[i] = *groups_rows_of(p, g, c->g->id[i]) > 0;
    }
    struct arena_mark mark = arena_mark(c->op->batch_arena);
    if (!round_apply_kind(c, from, to, false, e)) return false;
    if (!round_apply_kind(c, from, to, true, e)) return false;
    arena_rewind(c->op->batch_arena, mark);
    for (uint32_t s = 0; s < p->slots; s++) {
        for (uint32_t at = from; at < to; at++) {
            p->state[at - from] = groups_state(g, &p->slot[s], c->g->id[c->order[at]]);
        }
        if (!states_keep(c, &p->slot[s], from, to, e)) return false;
    }
    for (uint32_t at = from; at < to; at++) {
        uint32_t i = c->order[at];
        c->has[i] = *groups_rows_of(p, g, c->g->id[i]) > 0;
        if (!c->has[i]) groups_clear(p, g, c->g->id[i]);
    }
    return true;
}

static bool rows_run(struct changes *c, struct err *e) {
    if (!c->in->change) return insertions_run(c, e);
    if (!rounds_find(c)) return err_memory(e);
    for (uint32_t r = 0; r < c->rounds; r++) {
        if (!round_run(c, c->start[r], c->start[r + 1], e)) return false;
    }
    return true;
}

/* Results that were made in rounds, in row order. */
static bool late_finish(struct changes *c, uint32_t s, struct err *e) {
    struct arena *a = c->op->batch_arena;
    struct column late;
    uint32_t *place = arena_alloc(a, c->rows * sizeof *place);
    if (!place || !builder_column(&c->late[s], &late)) return err_memory(e);
    for (uint32_t at = 0; at < c->rows; at++) place[c->order[at]] = at;
    result_gather(&c->result[s], &late, place, c->rows);
    return true;
}

/* Results after each row. */
static bool new_finish(struct changes *c, struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    for (uint32_t s = 0; s < p->slots; s++) {
        const struct agg_slot *slot = &p->slot[s];
        if (!c->copy[s]) {
            if (!late_finish(c, s, e)) return false;
            continue;
        }
        for (uint32_t i = 0; i < c->rows; i++) {
            p->state[i] = c->copy[s] + (size_t)i * slot->agg->state_bytes;
        }
        struct agg_call call = {.bind = slot->call.bind, .arena = &c->g->groups.table->arena};
        if (!slot->agg->finish(&call, p->state, c->rows, &c->result[s], &c->new_fail, e)) {
            return false;
        }
    }
    if (c->new_fail.rows.no_memory || c->old_fail.rows.no_memory) return err_memory(e);
    for (uint32_t s = 0; s < p->slots; s++) {
        if (!builder_column(&c->result[s], &c->col[s])) return err_memory(e);
        assert(c->result[s].rows == c->groups + c->rows);
    }
    return true;
}

/* Results that could not be represented, in row order. */
static bool failures_report(const struct changes *c, struct err *e) {
    const struct fn_errors *x = &c->new_fail.rows;
    if (x->count == 0) return true;
    const struct fn_failure **at = ARENA_ARRAY(c->op->batch_arena, at, c->rows);
    if (!at) return err_memory(e);
    for (uint32_t i = 0; i < x->count; i++) at[x->failure[i].row] = &x->failure[i];
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
    if (!changes_open(&c)) return err_memory(e);
    if (!old_finish(&c, e) || !rows_run(&c, e) || !new_finish(&c, e)) return false;
    return failures_report(&c, e) && group_answers_emit(&c, e);
}
