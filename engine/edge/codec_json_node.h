/* codec_json_node.h: jnode: a declaration compiled for finding keys: a tree beside the types.
 *
 * The root stands for the record; a node with names (the root, ROW types) finds a key's field by
 * hash, guessing first that keys come in the declared order.
 *
 * Lifetime: const after jnode_create(), in the arena given.
 *
 * Used by: codec_json_*.c, codec_csv_*.c.    Tested by: tests/unit/edge/codec_json_test.c
 */
#ifndef ENGINE_EDGE_CODEC_JSON_NODE_H
#define ENGINE_EDGE_CODEC_JSON_NODE_H

#include "engine/base/arena.h"
#include "engine/base/type.h"

/* A field's name, for comparing by words. */
struct jname {
    uint64_t head; /* the first 8 bytes, zeros behind a shorter name */
    uint32_t bytes;
    const char *at;
};

struct jnode {
    const struct type *type; /* NULL: the record itself */
    uint32_t fields;
    const struct field *field; /* [fields] */
    struct jnode *child;       /* [fields] */
    uint32_t id;               /* its place among the nodes that are reached through ROWs alone */
    uint32_t inside;           /* ids of the nodes below it: id + 1 .. id + inside */
    bool not_null;
    struct jname *name; /* [fields] */
    uint16_t *slot;     /* [slot_mask + 1] field + 1, by hash of its name; 0: none */
    uint32_t slot_mask;
};

/* The tree of a record with the schema's columns as keys; *ids_out: how many ids were given, the
 * root has 0. NULL: no memory. */
struct jnode *jnode_create(struct arena *a, const struct schema *schema,
                           uint32_t *ids_out) MUST_USE;

/* The tree of one value of type `t`, for a column whose text holds JSON. NULL: no memory. */
struct jnode *jnode_create_value(struct arena *a, const struct type *t) MUST_USE;

/* The field called exactly `key`, or -1. `guess` is looked at first. 8 bytes can be read at
 * key.at. */
int32_t jnode_find(const struct jnode *n, struct text key, uint32_t guess);

#endif
