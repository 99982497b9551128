/* codec_json_template.h: jtemplate: the layout of a record, kept to be expected of the next ones.
 *
 * Made from where the values of one good record stood (struct jlayout): the bytes between values
 * are compared, the values taken by steps (codec_json_step.h). Fields that the record did not
 * have, or had as null where they are ROWs, are NULL in every row that follows the template.
 *
 * Lifetime: filled anew whenever the input changes its layout.
 *
 * Used by: codec_json_chunk.c.    Tested by: tests/unit/edge/codec_json_test.c
 */
#ifndef ENGINE_EDGE_CODEC_JSON_TEMPLATE_H
#define ENGINE_EDGE_CODEC_JSON_TEMPLATE_H

#include "engine/base/builder.h"
#include "engine/edge/codec_json_read.h"
#include "engine/edge/codec_json_step.h"

struct jtemplate {
    uint32_t steps; /* 0: not in use */
    uint32_t score; /* rows that followed it lately */
    struct jstep step[JSON_VALUES_MAX];
    struct jstep finish;
    const struct jnode *row[JSON_VALUES_MAX]; /* [rows] ROWs that are there */
    uint32_t rows;
    uint32_t absents;
    uint32_t *absent; /* [absents] ids of fields that are NULL, not of those inside NULL ROWs */
    uint32_t *places; /* [ids] scratch of jtemplate_learn() */
};

/* Where the columns of a record are: by id of their nodes. */
struct jcolumns {
    struct column_builder **builder; /* [ids] */
    uint32_t *first;                 /* [ids] slot of row 0 */
    bool *wanted;                    /* [ids] somebody reads it */
    uint32_t ids;
};

/* Memory for a template of `ids` nodes, in `a`; NULL: none. */
struct jtemplate *jtemplate_create(struct arena *a, uint32_t ids) MUST_USE;

/* From record `at[0 .. bytes)` with its layout; false: it makes no template, *t is as before. */
bool jtemplate_learn(struct jtemplate *t, const struct jlayout *layout, struct text record,
                     const struct jnode *root);

/* Fills the slots of the rows that follow the template; l->rows are then those. */
void jtemplate_run(struct jtemplate *t, const struct scan_kernels *scan, const struct jcolumns *c,
                   struct jlive *l);

#endif
