/* stream_def.h: what is declared of a stream or table: columns, time, options.
 *
 * Made by sql/ from CREATE STREAM, read by engine/edge (which opens it) and by the planner.
 *
 * Lifetime: const, in the catalog object's arena.
 *
 * Used by: engine, engine/edge, sql, clients.
 */
#ifndef ENGINE_STREAM_DEF_H
#define ENGINE_STREAM_DEF_H

#include "engine/base/option.h"
#include "engine/base/type.h"
#include "engine/expr.h"

/* Whose rows may be changed and taken away: they are in a table (engine/edge/table.h). */
enum stored {
    STORED_NOT,
    STORED_TABLE,         /* a TABLE without a connector */
    STORED_VIEW,          /* a materialized view of a changelog */
    STORED_APPENDED_VIEW, /* of rows that only come */
};

static inline bool stored_changes(enum stored s) {
    return s == STORED_TABLE || s == STORED_VIEW;
}

struct stream_def {
    struct text name;
    const struct schema *schema;        /* every column, as declared */
    const struct schema *physical;      /* those without AS: what the bytes hold, in order */
    const uint32_t *physical_col;       /* [physical->cols] their places in `schema` */
    const struct expr *const *computed; /* [schema->cols] over `schema`; NULL: physical */
    int32_t time_col;                   /* of WATERMARK FOR, or -1 */
    const struct expr *watermark;       /* over `schema`, TIMESTAMP; NULL: none */
    struct options options;
    enum stored stored;
    uint32_t keys; /* PRIMARY KEY: of a stream what was promised (NOT ENFORCED), and not checked */
    const uint32_t *key_col;
    uint32_t partitions; /* PARTITIONED BY */
    const uint32_t *partition_col;
};

#endif
