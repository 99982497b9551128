/* draw.h: draws values and expressions of a wanted type over a table's columns.
 *
 * Operators that have been drawn least are preferred, so that each occurs often enough. A tree
 * knows whether a row may fail in it and how large its numbers may be; where both sides are free to
 * skip an operand (AND, IN) nothing that may fail is put.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_DRAW_H
#define TESTS_ORACLE_DRAW_H

#include "tests/oracle/model.h"

struct draw {
    struct random *random;
    struct arena *arena;
    const struct otable *table;
    uint32_t *op_seen; /* [op_count + time_count] how often each was drawn */
    bool may_not_fail; /* trees that may fail a row are not wanted now */
};

uint32_t draw_below(struct draw *d, uint32_t n);
bool draw_chance(struct draw *d, uint32_t percent);

/* A scalar type that columns, groups and operands may have. */
struct otype draw_type(struct draw *d);

/* A tree whose type is `type` (a DECIMAL's scale too), at most `depth` operators high. */
struct node *draw_expr(struct draw *d, struct otype type, uint32_t depth);

/* A column of that type, or NULL. */
struct node *draw_column(struct draw *d, struct otype type);

/* A value for a column or literal of that type. */
struct value draw_value(struct draw *d, struct otype type, bool wild);

bool otype_same(struct otype a, struct otype b);

/* Counts the operators of a tree, once a pair; `mark` holds a byte for each row. */
void draw_count(const struct node *n, uint8_t *mark);
uint32_t op_index(const struct op_row *op);
const struct op_row *op_at(uint32_t index);

#endif
