/* bag.c: see bag.h: rows come to bags and leave them.
 *
 * Rows that come go through together: their pairs are found or made by one upsert, then counted in
 * row order. Rows that leave go one by one. An aggregate that can remove takes the value back when
 * its last row goes; one that cannot starts again from nothing and is fed the values that are left.
 * MIN and MAX are left alone while what was taken back is not the extreme itself, or is still there
 * in another row.
 */
#include "engine/op/bag.h"

#include <string.h>

#include "engine/base/pack.h"
#include "engine/op/bag_private.h"

enum { MASK_BITS = 64 };

static bool same_arguments(const struct plan_agg *a, const struct plan_agg *b) {
    if (a->bind.args != b->bind.args) return false;
    for (uint32_t i = 0; i < a->bind.args; i++) {
        if (a->arg_col[i] != b->arg_col[i]) return false;
    }
    return true;
}

static bool may_share(const struct agg_slot *s) {
    return s->distinct && s->agg->remove;
}

/* The bag that the slot may share, or a new one. */
static struct bag_plan *bag_find(struct groups_plan *p, const struct agg_slot *s) {
    for (uint32_t i = 0; i < p->bags; i++) {
        bool fits = may_share(s) && may_share(p->bag[i].slot[0]);
        if (fits && same_arguments(p->bag[i].like, s->plan)) return &p->bag[i];
    }
    return &p->bag[p->bags++];
}

bool bags_open(struct groups_plan *p, struct arena *a) {
    p->bag = ARENA_ARRAY(a, p->bag, p->slots);
    if (!p->bag) return false;
    for (uint32_t i = 0; i < p->slots; i++) {
        struct agg_slot *s = &p->slot[i];
        if (!s->distinct && !s->recomputes) continue;
        struct bag_plan *b = bag_find(p, s);
        const struct agg_bind *bind = s->call.bind;
        if (!b->slot) b->slot = ARENA_ARRAY(a, b->slot, p->slots);
        if (!b->slot) return false;
        b->like = s->plan;
        b->numbered = s->ordered && !s->distinct;
        b->key_bytes = bind->args == 1 && type_rep(bind->arg_type[0]) == REP_I64 ? 16 : 0;
        s->bag = (uint32_t)(b - p->bag);
        s->share = b->shares;
        b->slot[b->shares++] = s;
        b->value_bytes = (uint32_t)(sizeof(struct bag_pair) + b->shares * sizeof(int64_t));
    }
    for (uint32_t i = 0; i < p->bags; i++) {
        p->bag[i].masks = !p->lists && p->bag[i].shares <= MASK_BITS;
        if (p->bag[i].masks) p->bag[i].value_bytes = sizeof(uint64_t);
    }
    return true;
}

static void fixed_key(const struct bag_plan *b, const struct batch *in, uint32_t row,
                      struct pair_head head, char *to) {
    const struct column *c = &in->col[b->like->arg_col[0]];
    int64_t v = 0;
    if (column_has(c, row)) {
        v = c->as.i64[row];
    } else {
        head.number |= NUMBER_NULL;
    }
    memcpy(to, &head, sizeof head);
    memcpy(to + sizeof head, &v, sizeof v);
}

static size_t key_bytes(const struct bag_plan *b, const struct batch *in, uint32_t row) {
    if (b->key_bytes) return b->key_bytes;
    size_t bytes = sizeof(struct pair_head);
    for (uint32_t i = 0; i < b->like->bind.args; i++) {
        bytes += pack_bytes(&in->col[b->like->arg_col[i]], row);
    }
    return bytes;
}

static void key_write(const struct bag_plan *b, const struct batch *in, uint32_t row,
                      struct pair_head head, char *to) {
    if (b->key_bytes) {
        fixed_key(b, in, row, head, to);
        return;
    }
    memcpy(to, &head, sizeof head);
    to += sizeof head;
    for (uint32_t i = 0; i < b->like->bind.args; i++) {
        to = pack_value(to, &in->col[b->like->arg_col[i]], row, PACK_KEY);
    }
}

/* The key of one pair, in the scratch arena; at NULL: no memory. */
static struct text key_make(const struct bag_place *w, const struct batch *in, uint32_t row,
                            struct pair_head head) {
    size_t bytes = key_bytes(w->bag, in, row);
    char *at = bytes <= UINT32_MAX ? arena_alloc(w->scratch, bytes) : NULL;
    if (!at) return (struct text){0};
    key_write(w->bag, in, row, head, at);
    return (struct text){.at = at, .bytes = (uint32_t)bytes};
}

/* Rows that some aggregate of the bag wants, with their groups. */
struct wanted {
    uint64_t *mask;  /* [rows that came] bit s: aggregate s wants the row; of masks only */
    uint32_t *index; /* [count] of the row among those that came */
    uint32_t *pair;  /* [count] */
    uint32_t count;
};

static bool wanted_open(const struct bag_place *w, uint32_t rows, struct wanted *out) {
    *out = (struct wanted){0};
    out->index = arena_alloc(w->scratch, (rows + (size_t)1) * sizeof *out->index);
    out->pair = arena_alloc(w->scratch, (rows + (size_t)1) * sizeof *out->pair);
    if (w->bag->masks) out->mask = ARENA_ARRAY(w->scratch, out->mask, rows);
    return out->index && out->pair && (out->mask || !w->bag->masks);
}

/* The same where a pair is a mask: aggregate by aggregate. */
static void masks_find(const struct bag_place *w, uint32_t rows, uint8_t *const *take,
                       struct wanted *out) {
    for (uint32_t s = 0; s < w->bag->shares; s++) {
        const uint8_t *mine = take[w->bag->slot[s]->index];
        for (uint32_t i = 0; i < rows; i++) out->mask[i] |= (uint64_t)mine[i] << s;
    }
    for (uint32_t i = 0; i < rows; i++) {
        out->index[out->count] = i;
        out->count += out->mask[i] != 0;
    }
}

static void wanted_find(const struct bag_place *w, uint32_t rows, uint8_t *const *take,
                        struct wanted *out) {
    if (w->bag->masks) {
        masks_find(w, rows, take, out);
        return;
    }
    for (uint32_t i = 0; i < rows; i++) {
        bool any = false;
        for (uint32_t s = 0; s < w->bag->shares && !any; s++) {
            any = take[w->bag->slot[s]->index][i];
        }
        out->index[out->count] = i;
        out->count += any;
    }
}

static bool fixed_keys_make(const struct bag_place *w, const struct groups_rows *rows,
                            const uint32_t *id, const struct wanted *x, struct state_keys *out) {
    uint32_t bytes = w->bag->key_bytes;
    char *to = arena_alloc(w->scratch, (size_t)x->count * bytes);
    if (!to) return false;
    *out = (struct state_keys){.count = x->count, .packed = to};
    for (uint32_t i = 0; i < x->count; i++, to += bytes) {
        struct pair_head head = {.group = id[x->index[i]]};
        fixed_key(w->bag, rows->in, rows->row[x->index[i]], head, to);
    }
    return true;
}

/* The keys of the wanted rows, all in one piece. */
static bool keys_make(const struct bag_place *w, const struct groups_rows *rows, const uint32_t *id,
                      const struct wanted *x, struct state_keys *out) {
    if (w->bag->key_bytes) return fixed_keys_make(w, rows, id, x, out);
    size_t bytes = 0;
    struct text *key = ARENA_ARRAY(w->scratch, key, x->count);
    if (!key) return false;
    for (uint32_t i = 0; i < x->count; i++) {
        size_t one = key_bytes(w->bag, rows->in, rows->row[x->index[i]]);
        if (one > UINT32_MAX) return false;
        key[i].bytes = (uint32_t)one;
        bytes += one;
    }
    char *to = arena_alloc(w->scratch, bytes);
    if (!to) return false;
    *out = (struct state_keys){.count = x->count, .text = key};
    for (uint32_t i = 0; i < x->count; i++) {
        struct pair_head head = {.group = id[x->index[i]]};
        key_write(w->bag, rows->in, rows->row[x->index[i]], head, to);
        key[i].at = to;
        to += key[i].bytes;
    }
    return true;
}

/* When the wanted rows come. */
static bool wanted_ages(const struct groups_plan *p, const struct groups_rows *rows,
                        const struct wanted *x, struct state_keys *out) {
    if (p->age->ttl_us == 0) return true;
    uint16_t *row = ARENA_ARRAY(rows->scratch, row, x->count);
    if (!row) return false;
    for (uint32_t i = 0; i < x->count; i++) row[i] = rows->row[x->index[i]];
    return age_keys(p->age, row, rows->scratch, out);
}

/* Counts one row for the aggregates that take it. */
static void pair_count(const struct bag_place *w, uint32_t id, uint32_t i, uint8_t **take) {
    struct bag_pair *x = pair_at(w, id);
    for (uint32_t s = 0; s < w->bag->shares; s++) {
        const struct agg_slot *slot = w->bag->slot[s];
        uint8_t *mine = &take[slot->index][i];
        if (!*mine) continue;
        bool first = x->rows[s]++ == 0;
        if (slot->distinct && !first) *mine = 0;
    }
}

/* The same where nothing is counted: what a pair's mask has not yet is taken, and joins it. */
static void pairs_mark(const struct bag_place *w, uint32_t rows, const struct wanted *x,
                       uint8_t *const *take) {
    for (uint32_t i = 0; i < x->count; i++) {
        uint64_t *have = state_value(w->t, x->pair[i]), *wants = &x->mask[x->index[i]];
        *wants &= ~*have;
        *have |= *wants;
    }
    for (uint32_t s = 0; s < w->bag->shares; s++) {
        uint8_t *mine = take[w->bag->slot[s]->index];
        for (uint32_t i = 0; i < rows; i++) mine[i] = x->mask[i] >> s & 1;
    }
}

/* When the row comes, where values are forgotten. */
static int64_t row_at_us(const struct groups_plan *p, uint32_t row) {
    return p->age->at_us ? p->age->at_us[row] : 0;
}

/* Finds or adds one pair, when the row at hand comes. */
static bool pair_upsert(const struct bag_place *w, struct text key, uint32_t *id_out,
                        struct err *e) {
    struct state_keys one = {.count = 1, .packed = key.at, .text = &key, .at_us = &w->at_us};
    one.since_us = row_at_us(w->plan, 0);
    return state_upsert(w->t, &one, id_out, e);
}

/* One row of an aggregate that keeps equal values apart: it gets the next number. */
static bool numbered_add(const struct bag_place *w, const struct batch *in, uint32_t row,
                         uint32_t group, struct err *e) {
    uint32_t id;
    struct text key = key_make(w, in, row, (struct pair_head){.group = group});
    if (!key.at) return err_memory(e);
    if (!pair_upsert(w, key, &id, e)) return false;
    int64_t had = pair_at(w, id)->rows[0]++;
    if (had >= NUMBER_NULL) return err_set(e, ERR_LIMIT, "54000", "too many equal values");
    if (had > 0) {
        key = key_make(w, in, row, (struct pair_head){.group = group, .number = (uint32_t)had});
        if (!key.at) return err_memory(e);
        if (!pair_upsert(w, key, &id, e)) return false;
        pair_at(w, id)->rows[0] = 1;
    }
    pair_at(w, id)->ordinal = w->plan->place[row];
    pair_list_add(w, group, id);
    return true;
}

static bool numbered_rows_add(struct bag_place *w, const struct bag_rows *r, const struct wanted *x,
                              struct err *e) {
    for (uint32_t i = 0; i < x->count; i++) {
        uint32_t at = x->index[i];
        w->at_us = row_at_us(w->plan, r->rows->row[at]);
        if (!numbered_add(w, r->rows->in, r->rows->row[at], r->id[at], e)) return false;
    }
    return true;
}

static void pairs_count(const struct bag_place *w, const struct bag_rows *r,
                        const struct wanted *x) {
    for (uint32_t i = 0; i < x->count; i++) {
        uint32_t at = x->index[i];
        struct bag_pair *pair = pair_at(w, x->pair[i]);
        if (pair_is_empty(w, pair)) {
            pair->ordinal = w->plan->place[r->rows->row[at]];
            pair_list_add(w, r->id[at], x->pair[i]);
        }
        pair_count(w, x->pair[i], at, r->take);
    }
}

bool bag_add(const struct groups_plan *p, struct groups *g, uint32_t bag, const struct bag_rows *r,
             struct err *e) {
    struct bag_place w = bag_place(p, g, bag, r->rows->scratch);
    struct wanted x;
    struct state_keys keys;
    if (!wanted_open(&w, r->rows->count, &x)) return err_memory(e);
    wanted_find(&w, r->rows->count, r->take, &x);
    if (w.bag->numbered) return numbered_rows_add(&w, r, &x, e);
    if (!keys_make(&w, r->rows, r->id, &x, &keys)) return err_memory(e);
    if (!wanted_ages(p, r->rows, &x, &keys)) return err_memory(e);
    if (!state_upsert(w.t, &keys, x.pair, e)) return false;
    if (w.bag->masks) {
        pairs_mark(&w, r->rows->count, &x, r->take);
    } else {
        pairs_count(&w, r, &x);
    }
    return true;
}

/* Is the value of the row what the aggregate's state says now? Then it must be computed anew. */
static bool is_result(const struct bag_place *w, const struct agg_slot *s,
                      const struct groups_rows *one, uint32_t group, bool *out, struct err *e) {
    struct column_builder result;
    struct column now;
    struct agg_failures fail;
    void *state = groups_state(w->g, s, group);
    fn_errors_init(&fail.rows, w->scratch);
    struct agg_call call = {.bind = s->call.bind, .arena = &w->g->table->arena};
    if (!builder_init(&result, w->scratch, s->call.bind->type, 1)) return err_memory(e);
    if (!s->agg->finish(&call, &state, 1, &result, &fail, e)) return false;
    if (!builder_column(&result, &now)) return err_memory(e);
    *out = column_same(&one->in->col[s->plan->arg_col[0]], one->row[0], &now, 0);
    return true;
}

/* The rows of one aggregate with a value became less: `last`, none is left. */
static bool slot_remove(const struct bag_place *w, const struct agg_slot *s, bool last,
                        const struct groups_rows *one, uint32_t group, struct err *e) {
    bool once = s->distinct || s->agg->flags & AGG_NO_DISTINCT;
    if (once && !last) return true;
    if (s->distinct && s->agg->remove) {
        return groups_apply_slot(w->plan, w->g, s, one, &group, e);
    }
    if (s->agg->flags & AGG_EXTREME) {
        bool needed = true;
        if (!is_result(w, s, one, group, &needed, e)) return false;
        if (!needed) return true;
    }
    return group_recompute(w, s, group, e);
}

/* The newest of the rows with an equal value goes. */
static bool numbered_drop(const struct bag_place *w, const struct groups_rows *one, uint32_t group,
                          struct err *e) {
    struct text key = key_make(w, one->in, one->row[0], (struct pair_head){.group = group});
    if (!key.at) return err_memory(e);
    uint32_t id = pair_find(w, key);
    if (id == STATE_NONE) return true;
    state_touch_at(w->t, id, w->at_us);
    int64_t left = --pair_at(w, id)->rows[0];
    if (left > 0) {
        struct pair_head head = {.group = group, .number = (uint32_t)left};
        key = key_make(w, one->in, one->row[0], head);
        if (!key.at) return err_memory(e);
        id = pair_find(w, key);
    }
    if (id != STATE_NONE) pair_list_drop(w, group, id);
    return group_recompute(w, w->bag->slot[0], group, e);
}

/* One row goes; a row that never came is nothing. */
static bool row_remove(const struct bag_place *w, const struct groups_rows *one, uint32_t group,
                       struct err *e) {
    struct text key = key_make(w, one->in, one->row[0], (struct pair_head){.group = group});
    bool *last = ARENA_ARRAY(w->scratch, last, w->bag->shares);
    if (!key.at || !last) return err_memory(e);
    uint32_t id = pair_find(w, key);
    if (id == STATE_NONE) return true;
    state_touch_at(w->t, id, w->at_us);
    struct bag_pair *x = pair_at(w, id);
    for (uint32_t s = 0; s < w->bag->shares; s++) {
        bool mine = groups_passes(w->bag->slot[s], one->in, one->row[0]) && x->rows[s] > 0;
        if (mine) last[s] = --x->rows[s] == 0;
    }
    if (pair_is_empty(w, x)) pair_list_drop(w, group, id);
    for (uint32_t s = 0; s < w->bag->shares; s++) {
        const struct agg_slot *slot = w->bag->slot[s];
        if (!groups_passes(slot, one->in, one->row[0])) continue;
        if (!slot_remove(w, slot, last[s], one, group, e)) return false;
    }
    return true;
}

bool bag_remove(const struct groups_plan *p, struct groups *g, uint32_t bag,
                const struct groups_rows *rows, const uint32_t *id, struct err *e) {
    struct bag_place w = bag_place(p, g, bag, rows->scratch);
    for (uint32_t i = 0; i < rows->count; i++) {
        struct groups_rows one = *rows;
        one.row = &rows->row[i];
        one.count = 1;
        w.at_us = row_at_us(p, rows->row[i]);
        bool wanted = !w.bag->numbered || groups_passes(w.bag->slot[0], rows->in, rows->row[i]);
        if (!wanted) continue;
        bool done =
            w.bag->numbered ? numbered_drop(&w, &one, id[i], e) : row_remove(&w, &one, id[i], e);
        if (!done) return false;
    }
    return true;
}
