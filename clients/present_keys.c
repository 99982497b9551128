/* present_keys.c: see present_keys.h.
 *
 * Each name is compared with all others: results have at most TYPE_FIELDS_MAX columns. The first
 * column of a name counts how many numbers its namesakes have tried, so that no number is tried
 * twice and many columns of one name cost no more than many of different ones.
 */
#include "clients/present_keys.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct keys {
    const struct schema *schema;
    struct field *col;  /* [cols] as renamed so far; the rest as in the schema */
    uint32_t *numbered; /* [cols] of the first of a name: numbers tried */
    uint32_t numbered_op;
    bool changes;
};

static bool is_op(const struct keys *k, struct text name) {
    return k->changes && text_equal(name, TEXT_LITERAL("op"));
}

/* The first column before `before` that was called so; `before`: none. */
static uint32_t first_of(const struct schema *s, struct text name, uint32_t before) {
    uint32_t i = 0;
    while (i < before && !text_equal(s->col[i].name, name)) i++;
    return i;
}

static bool taken(const struct keys *k, struct text name) {
    uint32_t cols = k->schema->cols;
    if (is_op(k, name) || first_of(k->schema, name, cols) < cols) return true;
    for (uint32_t i = 0; i < cols; i++) {
        if (text_equal(k->col[i].name, name)) return true;
    }
    return false;
}

/* name_1, or with the next number that gives a name of its own. */
static bool number(struct keys *k, struct text *name, uint32_t *tried, struct arena *a) {
    char *to = ARENA_ARRAY(a, to, (size_t)name->bytes + sizeof "_4294967295");
    if (!to) return false;
    struct text made = {.at = to};
    memcpy(to, name->at, name->bytes);
    do {
        int n = snprintf(to + name->bytes, sizeof "_4294967295", "_%u", ++*tried);
        assert(n > 1);
        made.bytes = name->bytes + (uint32_t)n;
    } while (taken(k, made));
    *name = made;
    return true;
}

static bool rename_all(struct keys *k, struct arena *a) {
    for (uint32_t i = 0; i < k->schema->cols; i++) {
        struct text name = k->schema->col[i].name;
        uint32_t first = first_of(k->schema, name, i);
        bool op = is_op(k, name);
        if (first == i && !op) continue;
        uint32_t *tried = op ? &k->numbered_op : &k->numbered[first];
        if (!number(k, &k->col[i].name, tried, a)) return false;
    }
    return true;
}

static bool distinct(const struct schema *s, bool changes) {
    struct keys k = {.schema = s, .changes = changes};
    for (uint32_t i = 0; i < s->cols; i++) {
        if (is_op(&k, s->col[i].name) || first_of(s, s->col[i].name, i) < i) return false;
    }
    return true;
}

const struct schema *present_keys(const struct schema *schema, bool changes, struct arena *a,
                                  struct err *e) {
    assert(schema && a);
    if (distinct(schema, changes)) return schema;
    struct keys k = {.schema = schema, .changes = changes};
    k.col = ARENA_ARRAY(a, k.col, schema->cols);
    k.numbered = ARENA_ARRAY(a, k.numbered, schema->cols);
    struct schema *made = ARENA_NEW(a, made);
    bool room = k.col && k.numbered && made;
    if (room) memcpy(k.col, schema->col, schema->cols * sizeof *k.col);
    if (!room || !rename_all(&k, a)) {
        err_memory(e);
        return NULL;
    }
    *made = *schema;
    made->col = k.col;
    return made;
}
