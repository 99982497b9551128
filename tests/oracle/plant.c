/* plant.c: the faults, and the walk that plants one. */
#include "tests/oracle/plant.h"

#include <string.h>

const struct plant plants[] = {
    {"< computes <=", "<", "($1 <= $2)", 0, false},
    {"<= on DECIMAL computes <", "<= DECIMAL", "(@1 < @2)", 0, false},
    {"COALESCE loses its third operand", "COALESCE", "COALESCE($1, $2)", 0, false},
    {"NOT IN takes NULL for not found", "NOT IN", "coalesce($1 NOT IN ($2, $3), 1)", 0, false},
    {"BETWEEN leaves its end out", "BETWEEN", "($1 >= $2 AND $1 < $3)", 0, false},
    {"COUNT(x) counts NULLs", "COUNT", "count(*)", 0, false},
    {"AVG of DECIMAL is off by one in its last digit", "AVG DECIMAL", "w_avg($1) + 1", 0, false},
    {"CAST of DOUBLE to BIGINT rounds", "CAST DOUBLE BIGINT", "CAST(round($1) AS INTEGER)", 0,
     false},
    {"windows end a second late", NULL, NULL, 1000000, false},
    {"late rows are added", NULL, NULL, 0, true},
    {"substr counts from 0", "substr 3", "substr($1, $2 + 1, $3)", 0, false},
    {"% has the sign of the divisor", "% BIGINT", "(($1 % $2 + $2) % $2)", 0, false},
};
const uint32_t plant_count = sizeof plants / sizeof plants[0];

static void plant_node(const struct plant *p, struct node *n) {
    if (!n || n->kind != NODE_OP) return;
    if (strcmp(n->op->name, p->name) == 0) n->planted = p->template;
    for (uint32_t i = 0; i < n->args; i++) plant_node(p, n->arg[i]);
}

static void plant_agg(const struct plant *p, struct oagg *a) {
    if (a->row && strcmp(a->row->name, p->name) == 0 && !a->distinct) a->planted = p->template;
    plant_node(p, a->arg);
    plant_node(p, a->filter);
}

void plant_into(const struct plant *p, struct oquery *q) {
    q->window.slip_us = p->slip_us;
    q->window.keep_late = p->keep_late;
    if (!p->name) return;
    for (uint32_t i = 0; i < q->items; i++) {
        plant_node(p, q->item[i].expr);
        plant_agg(p, &q->item[i].agg);
    }
    for (uint32_t i = 0; i < q->keys; i++) plant_node(p, q->key[i]);
    plant_node(p, q->where);
    plant_node(p, q->inner);
    plant_agg(p, &q->having);
    if (q->second) plant_into(p, q->second);
}
