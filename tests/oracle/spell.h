/* spell.h: prints what was drawn, in weir's SQL and in SQLite's.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_SPELL_H
#define TESTS_ORACLE_SPELL_H

#include "tests/oracle/model.h"

enum dialect { SIDE_WEIR, SIDE_SQLITE };

void spell_node(struct buf *out, const struct node *n, const struct otable *t, enum dialect side);

/* A template of an operator or aggregate row, its operands filled in. */
struct spell_template {
    const char *text;
    struct node *const *arg;
    uint32_t args;
    uint8_t scale; /* of the result: for '#' */
};
void spell_template(struct buf *out, const struct spell_template *s, const struct otable *t,
                    enum dialect side);

/* A type as weir writes it: "DECIMAL(10, 2)". */
void spell_type(struct buf *out, struct otype t);

/* '...' with quotes doubled. */
void spell_text(struct buf *out, struct text t);

/* A value as it stands in a JSON row, or as a literal of SQLite. */
void spell_json(struct buf *out, const struct value *v, struct otype t);
void spell_sqlite(struct buf *out, const struct value *v);

#endif
