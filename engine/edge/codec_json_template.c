/* codec_json_template.c: see codec_json_template.h. */
#include "engine/edge/codec_json_template.h"

#include <assert.h>
#include <string.h>

#include "engine/base/type.h"
#include "engine/edge/codec_slots.h"

struct jtemplate *jtemplate_create(struct arena *a, uint32_t ids) {
    struct jtemplate *t = ARENA_NEW(a, t);
    if (!t) return NULL;
    t->absent = ARENA_ARRAY(a, t->absent, ids);
    t->places = ARENA_ARRAY(a, t->places, ids);
    return t->absent && t->places ? t : NULL;
}

/* ---- learning */

/* Which step takes a value that looks like this one? */
static enum jstep_kind step_kind(const struct jnode *node, char first) {
    bool string = first == '"' || (node && first == 'n');
    if (!node) return string ? JSTEP_TEXT : JSTEP_SKIP;
    switch (node->type->id) {
    case TYPE_TEXT: return string ? JSTEP_TEXT : JSTEP_ANY;
    case TYPE_TIMESTAMP: return string ? JSTEP_TIMESTAMP : JSTEP_ANY;
    case TYPE_BIGINT: return JSTEP_BIGINT;
    case TYPE_DOUBLE: return JSTEP_DOUBLE;
    case TYPE_DECIMAL: return JSTEP_DECIMAL;
    case TYPE_BOOLEAN: return JSTEP_BOOLEAN;
    case TYPE_NULL:
    case TYPE_BLOB:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_INTERVAL:
    case TYPE_ROW:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_TENSOR:
    case TYPE_IMAGE:
    case TYPE_COUNT: break;
    }
    return JSTEP_ANY;
}

static bool prefix_set(struct jstep *s, struct text record, uint32_t begin, uint32_t end) {
    assert(begin <= end && end <= record.bytes);
    s->prefix_bytes = end - begin;
    if (s->prefix_bytes >= JSTEP_PREFIX_MAX) return false;
    memset(s->prefix, 0, sizeof s->prefix);
    memcpy(s->prefix, record.at + begin, s->prefix_bytes);
    return true;
}

static bool is_leaf(const struct jvalue_seen *v) {
    return v->begin < v->end;
}

/* A ROW that is null is compared as text; null in other columns is what their steps know. */
static bool is_null_row(const struct jvalue_seen *v, char first) {
    return first == 'n' && v->node && v->node->type->id == TYPE_ROW;
}

/* Adds the step of a value; *from is where the bytes before it begin, and moves behind it. */
static bool step_add(struct jtemplate *t, const struct jvalue_seen *v, struct text record,
                     uint32_t *from) {
    char first = record.at[v->begin];
    if (is_null_row(v, first)) return true;

    struct jstep *s = &t->step[t->steps++];
    memset(s, 0, sizeof *s);
    s->kind = step_kind(v->node, first);
    s->node = v->node;
    s->depth = v->depth;
    if (v->node) {
        s->type = v->node->type;
        s->id = v->node->id;
        s->not_null = v->node->not_null;
    }
    if (!prefix_set(s, record, *from, v->begin)) return false;
    if (s->kind == JSTEP_TEXT || s->kind == JSTEP_TIMESTAMP) s->prefix[s->prefix_bytes++] = '"';
    *from = v->end;
    return true;
}

/* Marks what the record had: node ids with a value, or opened. */
static void place_mark(struct jtemplate *t, const struct jvalue_seen *v, char first) {
    if (!v->node) return;
    if (!is_leaf(v))
        t->row[t->rows++] = v->node;
    else if (is_null_row(v, first))
        return;
    t->places[v->node->id] = 1;
}

/* The fields below `n`, which is there, that are not. Recursion is bounded by TYPE_NESTING_MAX. */
static void absents_find(struct jtemplate *t, const struct jnode *n) {
    for (uint32_t i = 0; i < n->fields; i++) {
        const struct jnode *child = &n->child[i];
        if (!t->places[child->id])
            t->absent[t->absents++] = child->id;
        else if (child->type->id == TYPE_ROW)
            absents_find(t, child);
    }
}

bool jtemplate_learn(struct jtemplate *t, const struct jlayout *layout, struct text record,
                     const struct jnode *root) {
    if (layout->unusable) return false;
    uint32_t from = 0;
    bool ok = true;
    t->steps = t->rows = t->absents = t->score = 0;
    memset(t->places, 0, (root->inside + 1) * sizeof *t->places);
    for (uint32_t i = 0; i < layout->values && ok; i++) {
        const struct jvalue_seen *v = &layout->value[i];
        place_mark(t, v, record.at[v->begin]);
        if (is_leaf(v)) ok = step_add(t, v, record, &from);
    }
    memset(&t->finish, 0, sizeof t->finish);
    if (ok) ok = prefix_set(&t->finish, record, from, record.bytes);
    if (!ok) t->steps = 0;
    if (ok) absents_find(t, root);
    return ok && t->steps > 0;
}

/* ---- running */

/* Each row's value by the general reader, which appends to the builder. */
static void step_any(const struct jstep *s, const struct jcolumns *c, struct jlive *l) {
    struct column_builder *b = s->node ? c->builder[s->id] : NULL;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->rows; i++) {
        uint32_t row = l->row[i];
        const char *at = l->base + l->at[row];
        if (memcmp(at, s->prefix, s->prefix_bytes) != 0) continue;
        struct jread r = *l->proto;
        r.at = r.begin = at + s->prefix_bytes;
        r.end = l->base + l->end[row];
        r.depth = s->depth;
        uint32_t elements = b ? slot_elements(b) : 0;
        if (b) slot_seek(b, c->first[s->id] + row);
        bool is_null = *r.at == 'n';
        if (is_null && s->not_null) continue;
        l->nulls |= is_null;
        if (!(b ? jread_value(&r, s->node, b) : jread_skip(&r))) {
            if (b) slot_undo(b, c->first[s->id] + row, elements);
            continue;
        }
        l->at[row] = (uint32_t)(r.at - l->base);
        l->row[kept++] = (uint16_t)row;
    }
    l->rows = kept;
}

/* One of the kernels. */
static void step_kernel(struct jstep *s, const struct scan_kernels *scan, const struct jcolumns *c,
                        struct jlive *l) {
    struct text unknown[SCAN_LINES_MAX];
    struct jtarget t = {.as.text = unknown};
    if (!s->node) {
        scan->json->value[s->kind](s, l, &t);
        if (l->slows > 0) jstep_slow(s, l, &t);
        return;
    }
    struct column_builder *b = c->builder[s->id];
    uint32_t first = c->first[s->id];
    uint32_t size = rep_bytes(type_rep(b->type));
    t = (struct jtarget){
        .as.any = (char *)b->as.any + (size_t)first * size, .valid = b->valid, .first = first};
    scan->json->value[s->kind](s, l, &t);
    if (l->slows > 0) jstep_slow(s, l, &t);
    b->has_null |= t.has_null;
}

/* The opened ROWs of every row that is left are no NULLs, the absent fields are. */
static void fill(const struct jtemplate *t, const struct jcolumns *c, struct jlive *l) {
    for (uint32_t i = 0; i < t->rows; i++) {
        uint32_t id = t->row[i]->id;
        for (uint32_t r = 0; r < l->rows; r++) c->builder[id]->as.b8[c->first[id] + l->row[r]] = 1;
    }
    for (uint32_t i = 0; i < t->absents; i++) {
        uint32_t id = t->absent[i];
        if (c->wanted[id]) slot_nulls(c->builder[id], c->first[id], l->row, l->rows);
    }
}

void jtemplate_run(struct jtemplate *t, const struct scan_kernels *scan, const struct jcolumns *c,
                   struct jlive *l) {
    assert(t->steps > 0);
    for (uint32_t i = 0; i < t->steps && l->rows > 0; i++) {
        struct jstep *s = &t->step[i];
        if (s->kind < JSTEP_KERNELS)
            step_kernel(s, scan, c, l);
        else
            step_any(s, c, l);
    }
    scan->json->finish(&t->finish, l, NULL);
    if (l->rows > 0) fill(t, c, l);
    t->score += l->rows;
}
