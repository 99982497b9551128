/* groups.c: groups: their layout, and rows into the states of their aggregates.
 *
 * A batch goes through in steps: keys to ids (one vectorised upsert), first ordinals of new groups,
 * then one call of add() for each aggregate with the address of each row's state. Layout of a
 * value: states whose size is a multiple of 16 first (128-bit integers are aligned so), the other
 * states, the ordinal, the row count, list heads.
 */
#include "engine/op/groups.h"

#include <string.h>

#include "engine/op/bag.h"

static const struct age no_age = {.first_us = TIME_MIN_US};

static bool slot_open(struct agg_slot *s, const struct plan_agg *plan, bool retracts) {
    *s = (struct agg_slot){
        .agg = plan->agg, .plan = plan, .call = {.bind = &plan->bind}, .bag = GROUPS_NO_BAG};
    bool folds = plan->agg->flags & AGG_NO_DISTINCT;
    s->distinct = plan->distinct && !folds;
    s->ordered = plan->agg->flags & AGG_ORDERED;
    s->recomputes = retracts && !plan->agg->remove;
    return plan->agg->add && plan->agg->finish && plan->agg->merge;
}

/* Places the states of one alignment. */
static uint32_t slots_place(struct groups_plan *p, uint32_t at, bool wide) {
    for (uint32_t i = 0; i < p->slots; i++) {
        uint32_t bytes = p->slot[i].agg->state_bytes;
        assert(bytes % 8 == 0);
        if ((bytes % 16 == 0) != wide) continue;
        p->slot[i].offset = at;
        at += bytes;
    }
    return at;
}

static void value_layout(struct groups_plan *p) {
    uint32_t at = slots_place(p, 0, true);
    at = slots_place(p, at, false);
    p->ordinal_offset = at;
    at += 8;
    if (p->counts) {
        p->rows_offset = at;
        at += 8;
    }
    for (uint32_t i = 0; i < p->bags; i++) {
        p->bag[i].head_offset = at;
        at += 4;
    }
    p->value_bytes = (at + 7) / 8 * 8;
}

static bool tail_save(const struct groups_plan *p, const char *value, struct buf *out) {
    buf_add(out, value + p->ordinal_offset, p->value_bytes - p->ordinal_offset);
    return !out->failed;
}

/* States one after another, each with its length, then the rest of the value as it is. */
static bool value_save(void *context, const void *value, struct buf *out) {
    const struct groups_plan *p = context;
    for (uint32_t i = 0; i < p->slots; i++) {
        const struct agg_slot *s = &p->slot[i];
        const char *state = (const char *)value + s->offset;
        size_t at = out->bytes;
        uint32_t bytes = 0;
        buf_add(out, &bytes, sizeof bytes);
        if (s->agg->save) {
            if (!s->agg->save(&s->call, state, out)) return false;
        } else {
            buf_add(out, state, s->agg->state_bytes);
        }
        if (out->failed) return false;
        bytes = (uint32_t)(out->bytes - at - sizeof bytes);
        memcpy(out->at + at, &bytes, sizeof bytes);
    }
    return tail_save(p, value, out);
}

static bool damaged(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "saved groups are damaged");
}

static bool state_load(const struct agg_slot *s, struct arena *a, void *state, struct text saved,
                       struct err *e) {
    struct agg_call call = {.bind = s->call.bind, .arena = a};
    if (s->agg->load) return s->agg->load(&call, state, saved, e);
    if (saved.bytes != s->agg->state_bytes) return damaged(e);
    memcpy(state, saved.at, saved.bytes);
    return true;
}

static bool value_load(void *context, struct arena *a, void *value, struct text saved,
                       struct err *e) {
    const struct groups_plan *p = context;
    for (uint32_t i = 0; i < p->slots; i++) {
        const struct agg_slot *s = &p->slot[i];
        struct text one = {.at = saved.at + sizeof one.bytes};
        if (saved.bytes < sizeof one.bytes) return damaged(e);
        memcpy(&one.bytes, saved.at, sizeof one.bytes);
        if (one.bytes > saved.bytes - sizeof one.bytes) return damaged(e);
        if (!state_load(s, a, (char *)value + s->offset, one, e)) return false;
        saved = (struct text){.at = one.at + one.bytes,
                              .bytes = saved.bytes - (uint32_t)sizeof one.bytes - one.bytes};
    }
    uint32_t tail = p->value_bytes - p->ordinal_offset;
    if (saved.bytes != tail) return damaged(e);
    memcpy((char *)value + p->ordinal_offset, saved.at, tail);
    return true;
}

struct groups_options groups_options_of(const struct plan *plan) {
    const struct plan_aggregate *a = &plan->as.aggregate;
    return (struct groups_options){.input = plan->input[0]->schema,
                                   .keys = a->keys,
                                   .key_col = a->key_col,
                                   .aggs = a->aggs,
                                   .agg = a->agg,
                                   .retracts = plan->input[0]->changes};
}

static bool scratch_open(struct groups_plan *p, struct arena *a) {
    p->state = ARENA_ARRAY(a, p->state, BATCH_ROWS);
    p->place = ARENA_ARRAY(a, p->place, BATCH_ROWS);
    p->id = ARENA_ARRAY(a, p->id, BATCH_ROWS);
    p->row = ARENA_ARRAY(a, p->row, BATCH_ROWS);
    return p->state && p->place && p->id && p->row;
}

bool groups_plan_open(struct groups_plan *p, const struct groups_options *o, struct arena *a,
                      struct err *e) {
    *p = (struct groups_plan){
        .slots = o->aggs, .counts = o->counts || o->retracts, .lists = o->merges || o->retracts};
    p->age = o->age ? o->age : &no_age;
    p->slot = ARENA_ARRAY(a, p->slot, o->aggs);
    if (!p->slot || !scratch_open(p, a)) return err_memory(e);
    if (!key_set_open(&p->key, o->input, o->keys, o->key_col, a)) return err_memory(e);
    for (uint32_t i = 0; i < o->aggs; i++) {
        bool complete = slot_open(&p->slot[i], &o->agg[i], o->retracts);
        assert(complete);
        (void)complete;
        p->slot[i].index = i;
        p->saves = p->saves || p->slot[i].agg->save;
    }
    if (!bags_open(p, a)) return err_memory(e);
    value_layout(p);
    p->codec = (struct state_codec){.context = p, .save = value_save, .load = value_load};
    return true;
}

bool groups_create(const struct groups_plan *p, struct state *s, struct arena *a, struct groups *g,
                   struct err *e) {
    assert(!g->table);
    if (!g->bag) g->bag = ARENA_ARRAY(a, g->bag, p->bags);
    if (!g->bag) return err_memory(e);
    int64_t ttl_us = p->age->ttl_us;
    struct state_options o = {.key_bytes = p->key.key_bytes,
                              .value_bytes = p->value_bytes,
                              .codec = p->saves ? &p->codec : NULL,
                              .ttl_us = p->key.cols > 0 ? ttl_us : 0};
    g->table = state_table_create(s, &o, e);
    if (!g->table) return false;
    bool watches = ttl_us > 0 && p->lists;
    if (watches && !g->watch) g->watch = ARENA_ARRAY(a, g->watch, p->bags);
    if (watches && !g->watch) return err_memory(e);
    for (uint32_t i = 0; i < p->bags; i++) {
        o = (struct state_options){.key_bytes = p->bag[i].key_bytes,
                                   .value_bytes = p->bag[i].value_bytes,
                                   .ttl_us = ttl_us};
        if (watches) o.watch = bag_watch_open(&g->watch[i], p, g, i);
        g->bag[i] = state_table_create(s, &o, e);
        if (!g->bag[i]) return false;
    }
    return true;
}

void groups_destroy(const struct groups_plan *p, struct groups *g) {
    for (uint32_t i = 0; g->bag && i < p->bags; i++) {
        state_table_destroy(g->bag[i]);
        g->bag[i] = NULL;
    }
    state_table_destroy(g->table);
    g->table = NULL;
}

void groups_reset(const struct groups_plan *p, struct groups *g) {
    state_table_reset(g->table);
    for (uint32_t i = 0; i < p->bags; i++) state_table_reset(g->bag[i]);
}

/* Groups that the upsert made get the ordinal of their first row. New entries have new ids, which
 * count up from `used` in row order; where ids are given out again, a group without rows is a new
 * one. Then backwards: the first row wins. */
static void ordinals_set(const struct groups_plan *p, struct groups *g,
                         const struct groups_rows *rows, const uint32_t *id, uint32_t used) {
    for (uint32_t i = rows->count; p->counts && i-- > 0;) {
        if (*groups_rows_of(p, g, id[i]) != 0) continue;
        *groups_ordinal(p, g, id[i]) = p->place[rows->row[i]];
    }
    uint32_t end = p->counts ? used : g->table->used;
    for (uint32_t i = 0; used < end; i++) { /* the last row that is written is the right one */
        *groups_ordinal(p, g, used) = p->place[rows->row[i]];
        used += id[i] == used;
    }
}

void groups_begin(struct groups_plan *p, const struct batch *in, bool shared) {
    uint64_t place = p->next_place;
    for (uint32_t i = 0; i < in->live; i++) {
        uint32_t row = batch_row(in, i);
        p->place[row] = shared ? batch_ordinal(in, row) : place + i;
    }
    if (!shared) p->next_place += in->live;
}

bool groups_find(const struct groups_plan *p, struct groups *g, const struct groups_rows *rows,
                 uint32_t *id_out, struct err *e) {
    struct state_keys keys;
    struct key_rows key_rows = {.in = rows->in, .row = rows->row, .count = rows->count};
    uint32_t used = g->table->used;
    if (!key_set_make(&p->key, &key_rows, rows->scratch, &keys)) return err_memory(e);
    if (!age_keys(p->age, rows->row, rows->scratch, &keys)) return err_memory(e);
    if (!state_upsert(g->table, &keys, id_out, e)) return false;
    if (p->counts || g->table->used != used) ordinals_set(p, g, rows, id_out, used);
    return true;
}

bool groups_apply_slot(const struct groups_plan *p, struct groups *g, const struct agg_slot *s,
                       const struct groups_rows *rows, const uint32_t *id, struct err *e) {
    if (rows->count == 0) return true;
    const struct agg_bind *b = s->call.bind;
    struct column *arg = arena_alloc(rows->scratch, (b->args + (size_t)1) * sizeof *arg);
    if (!arg) return err_memory(e);
    for (uint32_t i = 0; i < b->args; i++) arg[i] = rows->in->col[s->plan->arg_col[i]];

    char *base = g->table->entry + s->offset;
    size_t stride = g->table->entry_bytes;
    for (uint32_t i = 0; i < rows->count; i++) p->state[i] = base + id[i] * stride;

    struct agg_rows in = {
        .arg = b->args ? arg : NULL, .row = rows->row, .state = p->state, .count = rows->count};
    if (s->ordered) in.ordinal = p->place;
    struct agg_call call = {.bind = b, .arena = &g->table->arena};
    return rows->remove ? s->agg->remove(&call, &in, e) : s->agg->add(&call, &in, e);
}

static void rows_count(const struct groups_plan *p, struct groups *g,
                       const struct groups_rows *rows, const uint32_t *id) {
    int64_t by = rows->remove ? -1 : 1;
    for (uint32_t i = 0; i < rows->count; i++) *groups_rows_of(p, g, id[i]) += by;
}

/* The rows that a slot's FILTER lets pass, as `like` has them where that is the same FILTER. */
static uint8_t *slot_filter(const struct agg_slot *s, const struct groups_rows *rows,
                            const uint8_t *like) {
    uint8_t *take = arena_alloc(rows->scratch, rows->count + (size_t)1);
    if (!take) return NULL;
    if (like) return memcpy(take, like, rows->count);
    if (s->plan->filter_col < 0) return memset(take, 1, rows->count);
    for (uint32_t i = 0; i < rows->count; i++) {
        take[i] = groups_passes(s, rows->in, rows->row[i]);
    }
    return take;
}

/* What an earlier slot with the same FILTER takes. */
static const uint8_t *filter_known(const struct groups_plan *p, uint32_t slot,
                                   uint8_t *const *take) {
    int32_t col = p->slot[slot].plan->filter_col;
    for (uint32_t i = 0; col >= 0 && i < slot; i++) {
        if (p->slot[i].plan->filter_col == col) return take[i];
    }
    return NULL;
}

bool groups_take(const struct groups_plan *p, struct groups *g, const struct groups_rows *rows,
                 const uint32_t *id, const uint8_t **take_out, struct err *e) {
    uint8_t **take = ARENA_ARRAY(rows->scratch, take, p->slots);
    if (!take) return err_memory(e);
    for (uint32_t i = 0; i < p->slots; i++) {
        const struct agg_slot *s = &p->slot[i];
        if (s->plan->filter_col < 0 && s->bag == GROUPS_NO_BAG) continue;
        take[i] = slot_filter(s, rows, filter_known(p, i, take));
        if (!take[i]) return err_memory(e);
    }
    struct bag_rows r = {.rows = rows, .id = id, .take = take};
    for (uint32_t i = 0; i < p->bags; i++) {
        if (!bag_add(p, g, i, &r, e)) return false;
    }
    for (uint32_t i = 0; i < p->slots; i++) take_out[i] = take[i];
    return true;
}

/* Rows taken back: of aggregates without a bag together, of the others one by one. */
static bool rows_remove(const struct groups_plan *p, struct groups *g,
                        const struct groups_rows *rows, const uint32_t *id, struct err *e) {
    for (uint32_t i = 0; i < p->slots; i++) {
        struct agg_slot *s = &p->slot[i];
        struct groups_rows mine = *rows;
        if (s->bag != GROUPS_NO_BAG) continue;
        mine.row = p->row;
        mine.count = 0;
        for (uint32_t r = 0; r < rows->count; r++) {
            p->row[mine.count] = rows->row[r];
            p->id[mine.count] = id[r];
            mine.count += groups_passes(s, rows->in, rows->row[r]);
        }
        if (!groups_apply_slot(p, g, s, &mine, p->id, e)) return false;
    }
    for (uint32_t i = 0; i < p->bags; i++) {
        if (!bag_remove(p, g, i, rows, id, e)) return false;
    }
    return true;
}

bool groups_apply(const struct groups_plan *p, struct groups *g, const struct groups_rows *rows,
                  const uint32_t *id, struct err *e) {
    assert(rows->count <= BATCH_ROWS && (p->counts || !rows->remove));
    if (p->counts) rows_count(p, g, rows, id);
    if (rows->remove) return rows_remove(p, g, rows, id, e);
    const uint8_t **take = ARENA_ARRAY(rows->scratch, take, p->slots);
    if (!take) return err_memory(e);
    if (!groups_take(p, g, rows, id, take, e)) return false;
    for (uint32_t i = 0; i < p->slots; i++) {
        struct groups_rows mine = *rows;
        const uint32_t *my_id = id;
        if (take[i]) {
            mine.row = p->row;
            mine.count = 0;
            my_id = p->id;
            for (uint32_t r = 0; r < rows->count; r++) {
                p->row[mine.count] = rows->row[r];
                p->id[mine.count] = id[r];
                mine.count += take[i][r];
            }
        }
        if (!groups_apply_slot(p, g, &p->slot[i], &mine, my_id, e)) return false;
    }
    return true;
}

void groups_remove(const struct groups_plan *p, struct groups *g, uint32_t id) {
    for (uint32_t i = 0; i < p->bags; i++) bag_drop(p, g, i, id);
    state_remove(g->table, id);
}

void groups_clear(const struct groups_plan *p, struct groups *g, uint32_t id) {
    for (uint32_t i = 0; i < p->bags; i++) bag_drop(p, g, i, id);
    state_touch(g->table, id);
    for (uint32_t i = 0; i < p->slots; i++) {
        memset(groups_state(g, &p->slot[i], id), 0, p->slot[i].agg->state_bytes);
    }
}

bool groups_merge(const struct groups_plan *p, struct group_ref into, struct group_ref from,
                  struct arena *scratch, struct err *e) {
    struct groups *g = into.g;
    state_touch(g->table, into.id);
    uint64_t other = *groups_ordinal(p, from.g, from.id);
    if (other < *groups_ordinal(p, g, into.id)) *groups_ordinal(p, g, into.id) = other;
    if (p->counts) *groups_rows_of(p, g, into.id) += *groups_rows_of(p, from.g, from.id);
    for (uint32_t i = 0; i < p->slots; i++) {
        const struct agg_slot *s = &p->slot[i];
        if (s->bag != GROUPS_NO_BAG) continue;
        struct agg_call call = {.bind = s->call.bind, .arena = &g->table->arena};
        void *state = groups_state(g, s, into.id);
        if (!s->agg->merge(&call, state, groups_state(from.g, s, from.id), e)) return false;
    }
    for (uint32_t i = 0; i < p->bags; i++) {
        if (!bag_merge(p, i, into, from, scratch, e)) return false;
    }
    return true;
}

bool groups_finish(const struct groups_plan *p, struct groups *g, const struct groups_results *r,
                   struct err *e) {
    assert(r->count <= BATCH_ROWS);
    for (uint32_t i = 0; i < p->slots; i++) {
        const struct agg_slot *s = &p->slot[i];
        for (uint32_t n = 0; n < r->count; n++) p->state[n] = groups_state(g, s, r->id[n]);
        struct agg_call call = {.bind = s->call.bind, .arena = &g->table->arena};
        if (!s->agg->finish(&call, p->state, r->count, &r->to[i], r->fail, e)) return false;
    }
    return !r->fail->rows.no_memory || err_memory(e);
}

bool groups_save(const struct groups_plan *p, const struct groups *g, struct buf *out,
                 struct err *e) {
    if (!state_table_save(g->table, out, e)) return false;
    for (uint32_t i = 0; i < p->bags; i++) {
        if (!state_table_save(g->bag[i], out, e)) return false;
    }
    return true;
}

bool groups_load(const struct groups_plan *p, struct groups *g, struct text *at, struct err *e) {
    if (!state_table_load(g->table, at, e)) return false;
    for (uint32_t i = 0; i < p->bags; i++) {
        if (!state_table_load(g->bag[i], at, e)) return false;
    }
    return true;
}
