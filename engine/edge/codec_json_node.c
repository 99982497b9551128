/* codec_json_node.c: see codec_json_node.h. Open addressing, at most a quarter full. */
#include "engine/edge/codec_json_node.h"

#include <assert.h>
#include <string.h>

#include "engine/base/hash.h"

/* The first 8 bytes of a name; more are readable. */
static uint64_t head_of(const char *at, uint32_t bytes) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return bytes < 8 ? word & ((UINT64_C(1) << (8 * bytes)) - 1) : word;
}

/* Names that begin alike and are as long get neighbouring slots. */
static uint32_t slot_of(const struct jnode *n, uint64_t head, uint32_t bytes) {
    return (uint32_t)(hash_mum(head ^ HASH_K0, HASH_K1 + bytes)) & n->slot_mask;
}

static bool is_name(const struct jname *name, uint64_t head, struct text key) {
    if (name->head != head || name->bytes != key.bytes) return false;
    return key.bytes <= 8 || memcmp(name->at + 8, key.at + 8, key.bytes - 8) == 0;
}

static bool slots_fill(struct arena *a, struct jnode *n) {
    uint32_t slots = 8;
    while (slots < 4 * n->fields) slots *= 2;
    n->slot = ARENA_ARRAY(a, n->slot, slots);
    n->name = ARENA_ARRAY(a, n->name, n->fields);
    if (!n->slot || !n->name) return false;
    n->slot_mask = slots - 1;

    for (uint32_t i = 0; i < n->fields; i++) {
        struct text t = n->field[i].name;
        char head[8] = {0};
        memcpy(head, t.at, t.bytes < 8 ? t.bytes : 8);
        n->name[i] = (struct jname){.head = head_of(head, 8), .bytes = t.bytes, .at = t.at};
        uint32_t at = slot_of(n, n->name[i].head, t.bytes);
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
        n->child[i] = (struct jnode){
            .type = t, .fields = t->fields, .field = t->field, .not_null = n->field[i].not_null};
        if (!node_fill(a, &n->child[i], named ? ids : NULL)) return false;
    }
    if (ids) n->inside = *ids - 1 - n->id;
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
    if (n->fields == 0) return -1;
    uint64_t head = head_of(key.at, key.bytes);
    if (guess < n->fields && is_name(&n->name[guess], head, key)) return (int32_t)guess;

    uint32_t at = slot_of(n, head, key.bytes);
    for (; n->slot[at]; at = (at + 1) & n->slot_mask) {
        uint32_t field = n->slot[at] - 1u;
        if (is_name(&n->name[field], head, key)) return (int32_t)field;
    }
    return -1;
}
