/* groups_values.c: the values of a group, for DISTINCT and for computing a group anew.
 *
 * Each slot that needs it has a table from (group, value) to how many rows have that value. The
 * pairs of a group are in a list, whose head is in the group's value. An aggregate that depends on
 * the order of rows (and is not DISTINCT) keeps equal values apart: pair number 0 counts them, the
 * numbers above it hold one row each, and the newest is taken back first.
 *
 * A retraction that the aggregate cannot remove: the state starts again from nothing and the
 * values are added in the order of their first rows. MIN and MAX are left alone while what was
 * taken back is not the extreme itself, or is still there in another row.
 */
#include "engine/op/groups.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/pack.h"

/* What a pair's key begins with, little-endian. */
struct pair_head {
    uint32_t group;
    uint32_t number; /* bit 31, in pairs of 16 bytes: the value is NULL */
};

#define NUMBER_NULL (UINT32_C(1) << 31)

struct pair_place {
    const struct groups_plan *plan;
    struct groups *g;
    struct agg_slot *slot;
    struct state_table *t;
    const struct groups_rows *rows;
};

static size_t args_bytes(const struct agg_slot *s, const struct batch *in, uint32_t row) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < s->call.bind->args; i++) {
        bytes += pack_bytes(&in->col[s->plan->arg_col[i]], row);
    }
    return bytes;
}

/* The key of one pair, in the scratch arena; at NULL: no memory. */
static struct text pair_key(const struct pair_place *w, uint32_t row, uint32_t group,
                            uint32_t number) {
    const struct agg_slot *s = w->slot;
    const struct batch *in = w->rows->in;
    struct pair_head head = {.group = group, .number = number};
    size_t bytes = s->key_bytes ? s->key_bytes : sizeof head + args_bytes(s, in, row);
    char *at = bytes <= UINT32_MAX ? arena_alloc(w->rows->scratch, bytes) : NULL;
    if (!at) return (struct text){0};

    if (s->key_bytes) {
        const struct column *c = &in->col[s->plan->arg_col[0]];
        int64_t v = 0;
        if (column_has(c, row)) {
            v = c->as.i64[row];
        } else {
            head.number |= NUMBER_NULL;
        }
        memcpy(at + sizeof head, &v, sizeof v);
    } else {
        char *to = at + sizeof head;
        for (uint32_t i = 0; i < s->call.bind->args; i++) {
            to = pack_value(to, &in->col[s->plan->arg_col[i]], row, PACK_KEY);
        }
    }
    memcpy(at, &head, sizeof head);
    return (struct text){.at = at, .bytes = (uint32_t)bytes};
}

static uint32_t *list_head(const struct pair_place *w, uint32_t group) {
    return (void *)((char *)state_value(w->g->table, group) + w->slot->head_offset);
}

static void list_add(const struct pair_place *w, uint32_t group, uint32_t id) {
    uint32_t *head = list_head(w, group);
    struct group_value *v = state_value(w->t, id);
    v->next = *head;
    v->prev = 0;
    if (*head) ((struct group_value *)state_value(w->t, *head - 1))->prev = id + 1;
    *head = id + 1;
}

static void list_drop(const struct pair_place *w, uint32_t group, uint32_t id) {
    const struct group_value *v = state_value(w->t, id);
    if (v->next) ((struct group_value *)state_value(w->t, v->next - 1))->prev = v->prev;
    if (v->prev) {
        ((struct group_value *)state_value(w->t, v->prev - 1))->next = v->next;
    } else {
        *list_head(w, group) = v->next;
    }
    state_remove(w->t, id);
}

/* A pair that is new, or one that is there already: *id_out. */
static bool pair_put(const struct pair_place *w, struct text key, uint32_t group, uint32_t row,
                     uint32_t *id_out, struct err *e) {
    if (!key.at) return err_memory(e);
    if (!state_upsert_key(w->t, key, id_out, e)) return false;
    struct group_value *v = state_value(w->t, *id_out);
    if (v->count == 0) {
        v->ordinal = batch_ordinal(w->rows->in, row);
        list_add(w, group, *id_out);
    }
    return true;
}

/* One row more has the value. *first_out: it is the first. */
static bool pair_add(const struct pair_place *w, uint32_t row, uint32_t group, bool *first_out,
                     struct err *e) {
    uint32_t id;
    if (!pair_put(w, pair_key(w, row, group, 0), group, row, &id, e)) return false;
    struct group_value *v = state_value(w->t, id);
    int64_t had = v->count++;
    *first_out = had == 0;
    if (had == 0 || !w->slot->ordered || w->slot->distinct) return true;

    if (had >= NUMBER_NULL) return err_set(e, ERR_LIMIT, "54000", "too many equal values");
    if (!pair_put(w, pair_key(w, row, group, (uint32_t)had), group, row, &id, e)) return false;
    ((struct group_value *)state_value(w->t, id))->count = 1;
    return true;
}

/* One row less has the value. *last_out: none has it any more. A row that never came is nothing. */
static bool pair_remove(const struct pair_place *w, uint32_t row, uint32_t group, bool *last_out,
                        struct err *e) {
    *last_out = false;
    struct text key = pair_key(w, row, group, 0);
    if (!key.at) return err_memory(e);
    uint32_t id = state_find_key(w->t, key);
    if (id == STATE_NONE) return true;

    state_touch(w->t, id);
    int64_t left = --((struct group_value *)state_value(w->t, id))->count;
    *last_out = left == 0;
    if (left > 0 && w->slot->ordered && !w->slot->distinct) {
        key = pair_key(w, row, group, (uint32_t)left);
        if (!key.at) return err_memory(e);
        id = state_find_key(w->t, key);
        if (id != STATE_NONE) list_drop(w, group, id);
    }
    if (left == 0) list_drop(w, group, id);
    return true;
}

struct pair_ref {
    uint64_t ordinal;
    uint32_t id;
};

static int pair_ref_order(const void *a, const void *b) {
    const struct pair_ref *x = a, *y = b;
    if (x->ordinal != y->ordinal) return x->ordinal < y->ordinal ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* The group's pairs in the order of their rows. */
static struct pair_ref *pairs_sorted(const struct pair_place *w, uint32_t group, struct arena *a,
                                     uint32_t *count_out) {
    uint32_t count = 0;
    for (uint32_t at = *list_head(w, group); at;) {
        at = ((struct group_value *)state_value(w->t, at - 1))->next;
        count++;
    }
    struct pair_ref *ref = ARENA_ARRAY(a, ref, count);
    if (!ref) return NULL;
    uint32_t n = 0;
    for (uint32_t at = *list_head(w, group); at;) {
        const struct group_value *v = state_value(w->t, at - 1);
        ref[n++] = (struct pair_ref){.ordinal = v->ordinal, .id = at - 1};
        at = v->next;
    }
    if (n > 1) qsort(ref, n, sizeof *ref, pair_ref_order);
    *count_out = n;
    return ref;
}

/* The value of a pair, by its key, into its argument columns. */
static bool pair_read(const struct agg_slot *s, struct text key, struct column_builder *to) {
    struct pair_head head;
    memcpy(&head, key.at, sizeof head);
    if (s->key_bytes) {
        int64_t v;
        memcpy(&v, key.at + sizeof head, sizeof v);
        if (head.number & NUMBER_NULL) {
            builder_null(to);
        } else {
            builder_i64(to, v);
        }
        return !to->failed;
    }
    key = (struct text){.at = key.at + sizeof head, .bytes = key.bytes - (uint32_t)sizeof head};
    for (uint32_t i = 0; i < s->call.bind->args; i++) {
        if (!unpack_value(&key, &to[i])) return false;
    }
    return true;
}

/* A pair as it is fed to a state. */
struct feed {
    struct text key;
    uint64_t ordinal;
    int64_t times;
};

/* Adds one value to the state, whose memory is `home`. */
static bool value_feed(const struct agg_slot *s, const struct feed *f, void *state,
                       struct arena *home, struct arena *scratch, struct err *e) {
    const struct agg_bind *b = s->call.bind;
    struct column_builder *to = ARENA_ARRAY(scratch, to, b->args);
    struct column *arg = ARENA_ARRAY(scratch, arg, b->args);
    if (!to || !arg) return err_memory(e);
    for (uint32_t i = 0; i < b->args; i++) {
        if (!builder_init(&to[i], scratch, b->arg_type[i], 1)) return err_memory(e);
    }
    if (!pair_read(s, f->key, to)) return err_memory(e);
    for (uint32_t i = 0; i < b->args; i++) {
        if (!builder_column(&to[i], &arg[i])) return err_memory(e);
    }
    struct agg_call call = {.bind = b, .arena = home};
    struct agg_rows in = {.arg = arg, .state = &state, .ordinal = &f->ordinal, .count = 1};
    for (int64_t i = 0; i < f->times; i++) {
        if (!s->agg->add(&call, &in, e)) return false;
    }
    return true;
}

static int64_t value_times(const struct pair_place *w, uint32_t id) {
    bool once = w->slot->distinct || w->slot->ordered || w->slot->agg->flags & AGG_NO_DISTINCT;
    return once ? 1 : ((const struct group_value *)state_value(w->t, id))->count;
}

static bool group_recompute(const struct pair_place *w, uint32_t group, struct err *e) {
    uint32_t count = 0;
    struct arena *a = w->rows->scratch;
    struct pair_ref *ref = pairs_sorted(w, group, a, &count);
    if (!ref) return err_memory(e);
    void *state = groups_state(w->g, w->slot, group);
    state_touch(w->g->table, group);
    memset(state, 0, w->slot->agg->state_bytes);
    for (uint32_t i = 0; i < count; i++) {
        struct arena_mark mark = arena_mark(a);
        struct feed f = {.key = state_key(w->t, ref[i].id),
                         .ordinal = ref[i].ordinal,
                         .times = value_times(w, ref[i].id)};
        if (!value_feed(w->slot, &f, state, &w->g->table->arena, a, e)) return false;
        arena_rewind(a, mark);
    }
    return true;
}

/* Is the value of `row` what the aggregate's state says now? Then it must be computed anew. */
static bool is_result(const struct pair_place *w, uint32_t row, uint32_t group, bool *out,
                      struct err *e) {
    const struct agg_bind *b = w->slot->call.bind;
    struct column_builder result;
    struct column now;
    struct agg_failures fail;
    fn_errors_init(&fail.rows, w->rows->scratch);
    struct agg_call call = {.bind = b, .arena = &w->g->table->arena};
    void *state = groups_state(w->g, w->slot, group);
    if (!builder_init(&result, w->rows->scratch, b->type, 1)) return err_memory(e);
    if (!w->slot->agg->finish(&call, &state, 1, &result, &fail, e)) return false;
    if (!builder_column(&result, &now)) return err_memory(e);
    *out = column_same(&w->rows->in->col[w->slot->plan->arg_col[0]], row, &now, 0);
    return true;
}

static bool row_remove(const struct pair_place *w, uint32_t row, uint32_t group, struct err *e) {
    bool last;
    struct agg_slot *s = w->slot;
    if (!pair_remove(w, row, group, &last, e)) return false;
    bool once = s->distinct || s->agg->flags & AGG_NO_DISTINCT;
    if (once && !last) return true;
    if (s->distinct && s->agg->remove) {
        struct groups_rows one = *w->rows;
        one.row = &(uint16_t){(uint16_t)row};
        one.count = 1;
        return groups_apply_slot(w->plan, w->g, s, &one, &group, e);
    }
    bool needed = true;
    if (s->agg->flags & AGG_EXTREME && !is_result(w, row, group, &needed, e)) return false;
    return !needed || group_recompute(w, group, e);
}

bool groups_apply_values(const struct groups_plan *p, struct groups *g, struct agg_slot *s,
                         const struct groups_rows *rows, const uint32_t *id, struct err *e) {
    struct pair_place w = {.plan = p, .g = g, .slot = s, .t = g->values[s->index], .rows = rows};
    if (rows->remove) {
        for (uint32_t i = 0; i < rows->count; i++) {
            if (!row_remove(&w, rows->row[i], id[i], e)) return false;
        }
        return true;
    }
    struct groups_rows kept = *rows;
    uint16_t *row = ARENA_ARRAY(rows->scratch, row, rows->count);
    uint32_t *kept_id = ARENA_ARRAY(rows->scratch, kept_id, rows->count);
    if (!row || !kept_id) return err_memory(e);
    kept.count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        bool first;
        if (!pair_add(&w, rows->row[i], id[i], &first, e)) return false;
        if (s->distinct && !first) continue;
        row[kept.count] = rows->row[i];
        kept_id[kept.count++] = id[i];
    }
    kept.row = row;
    return groups_apply_slot(p, g, s, &kept, kept_id, e);
}

void groups_remove(const struct groups_plan *p, struct groups *g, uint32_t id) {
    for (uint32_t i = 0; i < p->slots; i++) {
        struct pair_place w = {.plan = p, .g = g, .slot = &p->slot[i], .t = g->values[i]};
        if (!w.t) continue;
        for (uint32_t at; (at = *list_head(&w, id)) != 0;) list_drop(&w, id, at - 1);
    }
    state_remove(g->table, id);
}

/* The other group's pair under this group's name, in `scratch`. */
static struct text pair_rename(struct text key, uint32_t group, struct arena *scratch) {
    char *at = arena_alloc(scratch, key.bytes);
    if (!at) return (struct text){0};
    memcpy(at, key.at, key.bytes);
    memcpy(at, &group, sizeof group);
    return (struct text){.at = at, .bytes = key.bytes};
}

/* What merging has to know beside the pair's table. */
struct pair_merge {
    struct pair_place to;
    uint32_t group;
    struct arena *scratch;
};

/* One row of another group, whose equal values are kept apart, under the next number. */
static bool pair_join_row(const struct pair_merge *m, struct text key, uint64_t ordinal,
                          struct err *e) {
    struct pair_head head;
    uint32_t id;
    memcpy(&head, key.at, sizeof head);
    uint32_t flag = m->to.slot->key_bytes ? head.number & NUMBER_NULL : 0;
    head.number = flag;
    memcpy((char *)key.at, &head, sizeof head); /* our own copy */
    if (!state_upsert_key(m->to.t, key, &id, e)) return false;
    struct group_value *first = state_value(m->to.t, id);
    if (first->count++ > 0) {
        head.number = flag | (uint32_t)(first->count - 1);
        memcpy((char *)key.at, &head, sizeof head);
        if (!state_upsert_key(m->to.t, key, &id, e)) return false;
        ((struct group_value *)state_value(m->to.t, id))->count = 1;
    }
    ((struct group_value *)state_value(m->to.t, id))->ordinal = ordinal;
    list_add(&m->to, m->group, id);
    return true;
}

/* One pair of another group joins this one. */
static bool pair_join(const struct pair_merge *m, struct text other, const struct group_value *v,
                      struct err *e) {
    struct text key = pair_rename(other, m->group, m->scratch);
    uint32_t id;
    if (!key.at) return err_memory(e);
    if (m->to.slot->ordered && !m->to.slot->distinct) return pair_join_row(m, key, v->ordinal, e);
    if (!state_upsert_key(m->to.t, key, &id, e)) return false;
    struct group_value *mine = state_value(m->to.t, id);
    bool is_new = mine->count == 0;
    if (is_new || v->ordinal < mine->ordinal) mine->ordinal = v->ordinal;
    mine->count += v->count;
    if (is_new) list_add(&m->to, m->group, id);
    if (!is_new || !m->to.slot->distinct) return true;

    struct feed f = {.key = key, .ordinal = v->ordinal, .times = 1};
    struct groups *g = m->to.g;
    void *state = groups_state(g, m->to.slot, m->group);
    return value_feed(m->to.slot, &f, state, &g->table->arena, m->scratch, e);
}

bool groups_merge_values(const struct groups_plan *p, struct agg_slot *s, struct group_ref into,
                         struct group_ref from, struct arena *scratch, struct err *e) {
    struct groups_rows none = {.scratch = scratch};
    struct pair_merge m = {
        .to = {.plan = p, .g = into.g, .slot = s, .t = into.g->values[s->index], .rows = &none},
        .group = into.id,
        .scratch = scratch};
    struct pair_place there = {
        .plan = p, .g = from.g, .slot = s, .t = from.g->values[s->index], .rows = &none};
    uint32_t count = 0;
    struct pair_ref *ref = pairs_sorted(&there, from.id, scratch, &count);
    if (!ref) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        struct group_value v = *(struct group_value *)state_value(there.t, ref[i].id);
        if (!pair_join(&m, state_key(there.t, ref[i].id), &v, e)) return false;
    }
    return s->distinct || group_recompute(&m.to, into.id, e);
}

/* What tells values of a union apart: a pair's key without the group. */
static struct text union_value(const struct feed *f) {
    uint32_t skip = sizeof(uint32_t);
    return (struct text){.at = f->key.at + skip, .bytes = f->key.bytes - skip};
}

static int union_value_order(const void *a, const void *b) {
    const struct feed *x = a, *y = b;
    int order = text_compare(union_value(x), union_value(y));
    if (order != 0) return order;
    return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static int union_row_order(const void *a, const void *b) {
    const struct feed *x = a, *y = b;
    if (x->ordinal != y->ordinal) return x->ordinal < y->ordinal ? -1 : 1;
    return text_compare(union_value(x), union_value(y));
}

bool groups_union_add(struct groups_union *u, const struct groups *g, uint32_t group) {
    const struct state_table *t = g->values[u->slot->index];
    uint32_t head;
    memcpy(&head, (char *)state_value(g->table, group) + u->slot->head_offset, sizeof head);
    for (uint32_t at = head; at;) {
        const struct group_value *v = state_value(t, at - 1);
        if (u->count == u->capacity) {
            uint32_t room = u->capacity ? u->capacity * 2 : 64;
            struct feed *to = ARENA_ARRAY(u->arena, to, room);
            if (!to) return false;
            if (u->count > 0) memcpy(to, u->feed, u->count * sizeof *to);
            u->feed = to;
            u->capacity = room;
        }
        u->feed[u->count++] =
            (struct feed){.key = state_key(t, at - 1), .ordinal = v->ordinal, .times = 1};
        at = v->next;
    }
    return true;
}

bool groups_union_feed(struct groups_union *u, void *state, struct err *e) {
    if (u->count > 1) qsort(u->feed, u->count, sizeof *u->feed, union_value_order);
    uint32_t n = 0;
    for (uint32_t i = 0; i < u->count; i++) {
        bool again = n > 0 && text_equal(union_value(&u->feed[n - 1]), union_value(&u->feed[i]));
        if (!again) u->feed[n++] = u->feed[i];
    }
    if (n > 1) qsort(u->feed, n, sizeof *u->feed, union_row_order);
    for (uint32_t i = 0; i < n; i++) {
        if (!value_feed(u->slot, &u->feed[i], state, u->arena, u->arena, e)) return false;
    }
    return true;
}
