/* log_kind.h: the kinds of records in a log: a row each, never given another number.
 *
 * Used by: storage/store.c, clients.
 */
#ifndef STORAGE_LOG_KIND_H
#define STORAGE_LOG_KIND_H

/* The first ones are facts: what somebody was told, or what cannot be had again. The others are
 * what a checkpoint writes.
 *   name  number  as `weir log` prints it  what it holds */
#define LOG_KIND_LIST(X)                                                                           \
    X(DDL, 1, "ddl")                /* a statement that made or dropped an object */               \
    X(ROWS, 2, "rows")              /* rows of a stream or table */                                \
    X(ARRIVAL, 3, "arrival")        /* bytes of a source that cannot be read twice */              \
    X(CLOCK, 4, "clock")            /* the time that a source or query was told */                 \
    X(PRODUCER, 5, "producer")      /* how far a client's numbered inserts have come */            \
    X(ITEM, 16, "item")             /* something that is kept as a whole */                        \
    X(PIECE, 17, "state")           /* changes of keyed state */                                   \
    X(CHECKPOINT, 18, "checkpoint") /* which items and pieces there are */

#define X(NAME, number, word) LOG_##NAME = number,
enum log_kind { LOG_KIND_LIST(X) };
#undef X

static inline int log_kind_is_fact(unsigned kind) {
    return kind < LOG_ITEM;
}

#endif
