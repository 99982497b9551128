/* codec_json_node.c: see codec_json_node.h. Open addressing, at most half full. */
#include "engine/edge/codec_json_node.h"

#include <assert.h>

#include "engine/base/hash.h"

static bool slots_fill(struct arena *a, struct jnode *n) {
    uint32_t slots = 4;
    while (slots < 2 * n->fields) slots *= 2;
    n->slot = ARENA_ARRAY(a, n->slot, slots);
    if (!n->slot) return false;
    n->slot_mask = slots - 1;

    for (uint32_t i = 0; i < n->fields; i++) {
        struct text name = n->field[i].name;
        uint32_t at = (uint32_t)hash_bytes(name.at, name.bytes) & n->slot_mask;
        while (n->slot[at]) at = (at + 1) & n->slot_mask;
        n->slot[at] = (uint16_t)(i + 1);
    }
    return true;
}

/* `ids` is NULL below anything that is no ROW. Recursion is bounded by TYPE_NESTING_MAX. */
static bool node_fill(struct arena *a, struct jnode *n, uint32_t *ids) {
    bool named = !n->type || n->type->id == TYPE_ROW;
    if (ids) n->id = (*ids)++;
    if (n->fields == 0) return true;
    if (named && !slots_fill(a, n)) return false;

    n->child = ARENA_ARRAY(a, n->child, n->fields);
    if (!n->child) return false;
    for (uint32_t i = 0; i < n->fields; i++) {
        const struct type *t = n->field[i].type;
        n->child[i] = (struct jnode){.type = t, .fields = t->fields, .field = t->field};
        if (!node_fill(a, &n->child[i], named ? ids : NULL)) return false;
    }
    return true;
}

struct jnode *jnode_create(struct arena *a, const struct schema *schema, uint32_t *ids_out) {
    assert(schema && schema->cols <= TYPE_FIELDS_MAX);
    struct jnode *n = ARENA_NEW(a, n);
    if (!n) return NULL;
    n->fields = schema->cols;
    n->field = schema->col;
    uint32_t ids = 0;
    if (!node_fill(a, n, &ids)) return NULL;
    *ids_out = ids;
    return n;
}

struct jnode *jnode_create_value(struct arena *a, const struct type *t) {
    struct jnode *n = ARENA_NEW(a, n);
    if (!n) return NULL;
    *n = (struct jnode){.type = t, .fields = t->fields, .field = t->field};
    return node_fill(a, n, NULL) ? n : NULL;
}

int32_t jnode_find(const struct jnode *n, struct text key, uint32_t guess) {
    if (guess < n->fields && text_equal(n->field[guess].name, key)) return (int32_t)guess;
    if (n->fields == 0) return -1;

    uint32_t at = (uint32_t)hash_bytes(key.at, key.bytes) & n->slot_mask;
    for (; n->slot[at]; at = (at + 1) & n->slot_mask) {
        uint32_t field = n->slot[at] - 1u;
        if (text_equal(n->field[field].name, key)) return (int32_t)field;
    }
    return -1;
}
