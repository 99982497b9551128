/* reject.h: rows that a query did not take, gathered while a batch goes through and told in row
 * order: operators one above the other, and workers side by side, meet them in another order.
 *
 * Where rows are told apart only by more than their ordinals (results of one closing), by window
 * and first row.
 *
 * Lifetime: a list is a query's or a worker's; emptied after each call that fed the query.
 *
 * Used by: engine/query.c, engine/worker.c, engine/op.c.    Tested by: tests/unit/engine
 */
#ifndef ENGINE_REJECT_H
#define ENGINE_REJECT_H

#include "engine/base/arena.h"
#include "engine/program.h"

/* The place of a result row among those of all workers. */
struct merge_key {
    uint64_t ordinal;         /* of the row that caused it */
    int64_t end_us, start_us; /* of its window; else 0 */
    uint64_t first;           /* its group's first row; else 0 */
};

struct reject {
    struct merge_key key;
    uint32_t plan; /* id of the operator: of one row, those below are told first */
    bool late;     /* else bad */
    bool own;      /* late: of an input; several with its ordinal are that row */
    bool result;   /* a result row, which stands for no row of an input */
    int64_t watermark_us;
    uint32_t missed;
    char sqlstate[6];
    const char *message;
};

struct rejects {
    struct arena arena, spare;
    struct reject *at; /* [count] */
    uint32_t count, capacity;
};

static inline int merge_key_compare(const struct merge_key *a, const struct merge_key *b) {
    if (a->ordinal != b->ordinal) return a->ordinal < b->ordinal ? -1 : 1;
    if (a->end_us != b->end_us) return a->end_us < b->end_us ? -1 : 1;
    if (a->start_us != b->start_us) return a->start_us < b->start_us ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

void rejects_done(struct rejects *r);
void rejects_reset(struct rejects *r);

/* Forgets the first `count`. */
void rejects_drop(struct rejects *r, uint32_t count);

/* Copies *x and its message. */
bool rejects_add(struct rejects *r, const struct reject *x, struct err *e) MUST_USE;
/* Appends those of `from`. */
bool rejects_join(struct rejects *r, const struct rejects *from, struct err *e) MUST_USE;
/* In the order of rows, of one row by operator, of one operator by key, equal ones as they came. */
bool rejects_sort(struct rejects *r, struct err *e) MUST_USE;

#endif
