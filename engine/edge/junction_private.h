/* junction_private.h: what the files of junctions share.
 *
 * junction.c       lanes, and the order of what comes by them
 * junction_save.c  lanes as bytes
 */
#ifndef ENGINE_EDGE_JUNCTION_PRIVATE_H
#define ENGINE_EDGE_JUNCTION_PRIVATE_H

#include "engine/base/builder.h"
#include "engine/edge/junction.h"

/* Rows of one schema. */
struct waiting {
    struct arena arena;
    const struct schema *schema;
    struct column_builder *col; /* [schema->cols] */
    struct mark *time;          /* [capacity] by row: ordinal in the source */
    int8_t *change;             /* [capacity] */
    uint32_t rows, capacity;
    uint32_t gone; /* the first ones */
    bool changes;  /* some carry a kind */
};

struct lane {
    struct lane *next; /* of the junction, by statement */
    struct junction *junction;
    struct lane_options o;
    struct waiting rows;
    bool ended, failed;
    struct err failure;
};

struct junction {
    struct junction *next;
    struct junctions *all;
    const void *source, *place;
    struct lane *lanes;
    struct arena scratch; /* of the batch being written */
};

/* Appends copies; `base` as in lane_write(). */
bool waiting_append(struct waiting *w, const struct batch *b, uint64_t base,
                    struct err *e) MUST_USE;
/* Rows gone .. gone + rows - 1 as a batch in `a`. false: no memory. */
bool waiting_batch(const struct waiting *w, uint32_t rows, struct arena *a,
                   struct batch *out) MUST_USE;

#endif
