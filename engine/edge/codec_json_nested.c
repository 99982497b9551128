/* codec_json_nested.c: jread's objects and arrays into columns: records, ROW, ARRAY, MAP, TENSOR.
 *
 * Of equal keys the last counts. In a record or ROW the field is read again over the first value;
 * in a MAP, whose entries are appended as they come, the keys are looked through first, so that
 * only the last of each is appended.
 */
#include "engine/edge/codec_json_nested.h"

#include <assert.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/edge/codec_cell.h"
#include "engine/edge/codec_slots.h"

enum { SEEN_WORDS = (TYPE_FIELDS_MAX + 63) / 64, MAP_LINEAR_MAX = 16 };

/* Why a member is no value of its field: kept, for a later member of that name may be one. */
struct member_fault {
    const char *sqlstate, *what, *what_at;
    uint32_t names;
    struct text name[]; /* [names] */
};

/* The members of one object that is being read; children of a ROW, or columns of a record. */
struct members {
    const struct jnode *node;
    struct column_builder *row;         /* [fields]; NULL: list */
    struct column_builder *const *list; /* [fields] */
    uint32_t next;                      /* the field that is expected */
    struct member_fault **fault;        /* [fields]; NULL: none so far */
    uint64_t seen[SEEN_WORDS];
};

static struct column_builder *member_builder(const struct members *m, uint32_t i) {
    return m->row ? &m->row[i] : m->list[i];
}

static void layout_note(struct jread *r, const struct jnode *node, const char *from,
                        const char *to) {
    struct jlayout *l = r->layout;
    if (!l) return;
    if (l->values == JSON_VALUES_MAX) {
        l->unusable = true;
        return;
    }
    l->value[l->values++] = (struct jvalue_seen){.begin = (uint32_t)(from - r->begin),
                                                 .end = (uint32_t)(to - r->begin),
                                                 .depth = r->depth,
                                                 .node = node};
}

static void path_push(struct jread *r, struct text name) {
    if (!r->path) return;
    assert(r->path->names < JSON_DEPTH_MAX);
    r->path->name[r->path->names++] = name;
}

static void path_pop(struct jread *r) {
    if (r->path) r->path->names--;
}

static bool skip_member(struct jread *r) {
    const char *start = r->at;
    if (!jread_skip(r)) return false;
    layout_note(r, NULL, start, r->at);
    return true;
}

/* Keeps what is wrong with the member of field `i` whose value is at `start`, if it is a value. */
static bool fault_keep(struct jread *r, struct members *m, uint32_t i, const char *start) {
    uint32_t names = r->path ? r->path->names : 0;
    if (r->no_memory) return false;
    if (!m->fault) m->fault = ARENA_ARRAY(r->arena, m->fault, m->node->fields);
    struct member_fault *f = arena_alloc(r->arena, sizeof *f + names * sizeof *f->name);
    if (!m->fault || !f) return jread_no_memory(r);
    *f = (struct member_fault){
        .sqlstate = r->sqlstate, .what = r->what, .what_at = r->what_at, .names = names};
    for (uint32_t n = 0; n < names; n++) f->name[n] = r->path->name[n];
    r->at = start;
    if (!jread_skip(r)) return jread_fail(r, f->sqlstate, f->what, f->what_at);
    if (!r->lenient) {
        m->fault[i] = f;
        return true;
    }
    builder_null(member_builder(m, i));
    if (r->layout) r->layout->unusable = true;
    return true;
}

/* Forgets the earlier value of field `i`. */
static void member_again(struct jread *r, struct members *m, uint32_t i) {
    struct column_builder *b = member_builder(m, i);
    if (r->layout) r->layout->unusable = true;
    if (m->fault && m->fault[i])
        m->fault[i] = NULL;
    else if (b->rows > 0)
        slot_undo(b, b->rows - 1, slot_elements(b));
}

/* The value of declared field `i`. */
static bool read_member(struct jread *r, struct members *m, uint32_t i) {
    const struct jnode *node = &m->node->child[i];
    struct column_builder *b = member_builder(m, i);
    if (bit_get(m->seen, i)) member_again(r, m, i);
    bit_set(m->seen, i);
    m->next = i + 1;

    path_push(r, m->node->field[i].name);
    const char *start = r->at;
    bool opened = node->type->id == TYPE_ROW && start < r->end && *start != 'n';
    struct jlayout *layout = r->layout;
    uint32_t names = r->path ? r->path->names : 0, depth = r->depth;
    uint32_t rows = b->rows, elements = slot_elements(b);
    if (!opened) r->layout = NULL;
    bool ok = jread_value(r, node, b);
    r->layout = layout;
    if (!ok) {
        slot_undo(b, rows, elements);
        r->depth = depth;
        if (!fault_keep(r, m, i, start)) return false;
        if (r->path) r->path->names = names;
    } else if (!opened) {
        layout_note(r, node, start, r->at);
    }
    path_pop(r);
    return true;
}

/* Fails with the fault that stands first in the record, of those that no later member mended. */
static bool check_faults(struct jread *r, const struct members *m) {
    const struct member_fault *first = NULL;
    for (uint32_t i = 0; m->fault && i < m->node->fields; i++) {
        const struct member_fault *f = m->fault[i];
        if (f && (!first || f->what_at < first->what_at)) first = f;
    }
    if (!first) return true;
    if (r->path) r->path->names = first->names;
    for (uint32_t n = 0; r->path && n < first->names; n++) r->path->name[n] = first->name[n];
    return jread_fail(r, first->sqlstate, first->what, first->what_at);
}

/* Judges field `i`, which may not be NULL, when all members were read. */
static bool check_not_null(struct jread *r, const struct members *m, uint32_t i) {
    const struct column_builder *b = member_builder(m, i);
    bool seen = bit_get(m->seen, i);
    if (seen && (b->rows == 0 || bit_get(b->valid, b->rows - 1))) return true;
    path_push(r, m->node->field[i].name);
    return jread_fail(r, "23502", seen ? "is null, and must not be" : "is missing, and must not be",
                      NULL);
}

/* Fields that had no key are NULL. */
static bool fill_missing(struct jread *r, struct members *m) {
    for (uint32_t i = 0; i < m->node->fields; i++) {
        if (m->node->field[i].not_null && !check_not_null(r, m, i)) return false;
        if (r->all_fields && !bit_get(m->seen, i)) {
            path_push(r, m->node->field[i].name);
            return jread_fail(r, "22P02", "is missing", NULL);
        }
        if (!bit_get(m->seen, i)) builder_null(member_builder(m, i));
    }
    return true;
}

static bool read_members(struct jread *r, struct members *m) {
    if (r->at >= r->end || *r->at != '{') return jread_fail(r, "22P02", "not an object", r->at);
    if (!jread_enter(r)) return false;
    memset(m->seen, 0, bit_words(m->node->fields) * sizeof *m->seen);

    bool failed = false;
    for (bool more = !jread_empty(r, '}'); more; more = jread_more(r, '}', &failed)) {
        struct text key;
        if (!jread_key(r, &key)) return false;
        int32_t field = jnode_find(m->node, key, m->next);
        if (!(field < 0 ? skip_member(r) : read_member(r, m, (uint32_t)field))) return false;
    }
    jread_leave(r);
    return !failed && check_faults(r, m) && fill_missing(r, m);
}

bool jread_record(struct jread *r, const struct jnode *root, struct column_builder *const *b) {
    struct members m;
    m.node = root;
    m.row = NULL;
    m.list = b;
    m.next = 0;
    m.fault = NULL;
    jread_space(r);
    return read_members(r, &m) && jread_finish(r);
}

bool jread_row(struct jread *r, const struct jnode *node, struct column_builder *b) {
    struct members m;
    m.node = node;
    m.row = b->child;
    m.list = NULL;
    m.next = 0;
    m.fault = NULL;
    layout_note(r, node, r->at, r->at);
    if (!read_members(r, &m)) return false;
    builder_row(b);
    return true;
}

/* One element or map value. */
static bool read_element(struct jread *r, const struct jnode *node, uint32_t i,
                         struct column_builder *b) {
    jread_space(r);
    const char *start = r->at;
    bool is_null = start < r->end && *start == 'n';
    if (!jread_value(r, &node->child[i], &b->child[i])) return false;
    if (is_null && node->field[i].not_null)
        return jread_fail(r, "23502", "holds null, and must not", start);
    return true;
}

bool jread_array(struct jread *r, const struct jnode *node, struct column_builder *b) {
    if (*r->at != '[') return jread_fail(r, "22P02", "not an array", r->at);
    if (!jread_enter(r)) return false;
    uint32_t count = 0;
    bool failed = false;
    for (bool more = !jread_empty(r, ']'); more; more = jread_more(r, ']', &failed)) {
        if (!read_element(r, node, 0, b)) return false;
        count++;
    }
    jread_leave(r);
    if (failed) return false;
    builder_span(b, count);
    return true;
}

/* The keys of a MAP, looked through before its values are read. */
struct map_keys_seen {
    uint32_t count, capacity;
    struct text *key;
    uint8_t *drop; /* [count] a later key is equal; NULL: none */
};

static bool key_keep(struct jread *r, struct map_keys_seen *k, struct text key) {
    if (k->count == k->capacity) {
        uint32_t capacity = k->capacity ? k->capacity * 2 : MAP_LINEAR_MAX;
        struct text *keys = ARENA_ARRAY(r->arena, keys, capacity);
        if (!keys) return jread_no_memory(r);
        if (k->count > 0) memcpy(keys, k->key, k->count * sizeof *keys);
        k->key = keys;
        k->capacity = capacity;
    }
    k->key[k->count++] = key;
    return true;
}

/* Steps through the object and back to its opening bracket. */
static bool keys_read(struct jread *r, struct map_keys_seen *k) {
    const char *start = r->at;
    uint32_t depth = r->depth;
    if (!jread_enter(r)) return false;
    bool failed = false;
    for (bool more = !jread_empty(r, '}'); more; more = jread_more(r, '}', &failed)) {
        struct text key;
        if (!jread_key(r, &key) || !key_keep(r, k, key) || !jread_skip(r)) return false;
    }
    if (failed) return false;
    r->depth = depth;
    r->at = start;
    return true;
}

static bool drop_mark(struct jread *r, struct map_keys_seen *k, uint32_t i) {
    if (!k->drop) k->drop = ARENA_ARRAY(r->arena, k->drop, k->count);
    if (!k->drop) return jread_no_memory(r);
    k->drop[i] = 1;
    return true;
}

static bool drops_find_linear(struct jread *r, struct map_keys_seen *k) {
    for (uint32_t i = 0; i < k->count; i++) {
        for (uint32_t later = i + 1; later < k->count; later++) {
            if (!text_equal(k->key[i], k->key[later])) continue;
            if (!drop_mark(r, k, i)) return false;
            break;
        }
    }
    return true;
}

/* From the last key to the first, in a table at most half full: what is there already is later. */
static bool drops_find(struct jread *r, struct map_keys_seen *k) {
    if (k->count <= MAP_LINEAR_MAX) return drops_find_linear(r, k);
    uint32_t slots = 64;
    while (slots < 2 * k->count) slots *= 2;
    uint32_t *slot = ARENA_ARRAY(r->arena, slot, slots);
    if (!slot) return jread_no_memory(r);

    for (uint32_t i = k->count; i-- > 0;) {
        uint32_t at = (uint32_t)hash_bytes(k->key[i].at, k->key[i].bytes) & (slots - 1);
        while (slot[at] && !text_equal(k->key[slot[at] - 1], k->key[i]))
            at = (at + 1) & (slots - 1);
        if (!slot[at])
            slot[at] = i + 1;
        else if (!drop_mark(r, k, i))
            return false;
    }
    return true;
}

static bool read_map_key(struct jread *r, const char *start, struct text key,
                         struct column_builder *b) {
    struct cell_fault fault;
    if (cell_append(b, key, r->time_number, &fault)) return true;
    if (strcmp(fault.sqlstate, "53200") == 0) return jread_no_memory(r);
    return jread_fail(r, fault.sqlstate, fault.what, start);
}

static bool read_entry(struct jread *r, const struct jnode *node, struct column_builder *b) {
    jread_space(r);
    const char *start = r->at;
    struct text key;
    return jread_key(r, &key) && read_map_key(r, start, key, &b->child[0]) &&
           read_element(r, node, 1, b);
}

static bool skip_entry(struct jread *r) {
    struct text key;
    return jread_key(r, &key) && jread_skip(r);
}

bool jread_map(struct jread *r, const struct jnode *node, struct column_builder *b) {
    if (*r->at != '{') return jread_fail(r, "22P02", "not an object", r->at);
    struct map_keys_seen keys = {0};
    if (!keys_read(r, &keys) || !drops_find(r, &keys) || !jread_enter(r)) return false;

    uint32_t count = 0, i = 0;
    bool failed = false;
    for (bool more = !jread_empty(r, '}'); more; more = jread_more(r, '}', &failed), i++) {
        bool drop = keys.drop && keys.drop[i];
        if (!(drop ? skip_entry(r) : read_entry(r, node, b))) return false;
        count += !drop;
    }
    jread_leave(r);
    builder_span(b, count);
    return true;
}

/* A tensor being read: dimensions written '*' take the size of the first list found there. */
struct tensor_read {
    uint32_t dims;
    uint32_t *dim;   /* [dims] */
    bool *dim_known; /* [dims] */
    float *at;
    size_t count, capacity;
};

static bool tensor_number(struct jread *r, struct tensor_read *t) {
    double v = 0;
    if (r->at < r->end && *r->at == 'n')
        return jread_fail(r, "22P02", "a tensor holds no null", r->at);
    if (!jread_double(r, &v)) return false;
    if (t->count == t->capacity)
        return jread_fail(r, "22P02", "more numbers than the tensor has", r->at);
    t->at[t->count++] = (float)v;
    return true;
}

static bool tensor_level(struct jread *r, struct tensor_read *t, uint32_t level) {
    const char *start = r->at;
    if (r->at >= r->end || *r->at != '[') return jread_fail(r, "22P02", "not an array", r->at);
    if (!jread_enter(r)) return false;
    uint32_t count = 0;
    bool failed = false;
    for (bool more = !jread_empty(r, ']'); more; more = jread_more(r, ']', &failed)) {
        jread_space(r);
        bool last = level + 1 == t->dims;
        if (!(last ? tensor_number(r, t) : tensor_level(r, t, level + 1))) return false;
        count++;
    }
    if (failed) return false;
    jread_leave(r);
    if (!t->dim_known[level]) {
        t->dim[level] = count;
        t->dim_known[level] = true;
    }
    if (t->dim[level] != count)
        return jread_fail(r, "22P02", "not as many elements as the tensor has", start);
    return true;
}

/* Numbers that a record of this length can hold at most, or that the type has. */
static size_t tensor_capacity(const struct jread *r, const struct type *t) {
    size_t bound = (size_t)(r->end - r->at) / 2 + 1;
    size_t count = 1;
    for (uint32_t i = 0; i < t->dims; i++) {
        if (t->dim[i] == DIM_ANY || __builtin_mul_overflow(count, (size_t)t->dim[i], &count))
            return bound;
    }
    return count < bound ? count : bound;
}

bool jread_tensor(struct jread *r, const struct jnode *node, struct column_builder *b) {
    const struct type *type = node->type;
    if (*r->at != '[') return jread_fail(r, "22P02", "not an array", r->at);
    struct tensor_read t = {.dims = type->dims, .capacity = tensor_capacity(r, type)};
    t.dim = arena_alloc(r->arena, type->dims * sizeof *t.dim);
    t.dim_known = arena_alloc(r->arena, type->dims * sizeof *t.dim_known);
    t.at = arena_alloc(r->arena, t.capacity * sizeof *t.at);
    if (!t.dim || !t.dim_known || !t.at) return jread_no_memory(r);
    for (uint32_t i = 0; i < type->dims; i++) {
        t.dim[i] = type->dim[i];
        t.dim_known[i] = type->dim[i] != DIM_ANY;
    }
    if (!tensor_level(r, &t, 0)) return false;
    builder_tensor(b, (struct tensor){.at = t.at, .dim = t.dim});
    return true;
}
