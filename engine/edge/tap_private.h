/* tap_private.h: what the files of the tap share.
 *
 * tap.c        opening, reading, giving, telling of bad records
 * tap_aside.c  the rows that a feed sets aside so that the others can go on
 * tap_save.c   taps and feeds as bytes
 */
#ifndef ENGINE_EDGE_TAP_PRIVATE_H
#define ENGINE_EDGE_TAP_PRIVATE_H

#include "engine/edge/bad_list.h"
#include "engine/edge/tap.h"

enum tap_from {
    FROM_STREAM,
    FROM_SIDE,  /* x$errors or x$late */
    FROM_TABLE, /* a stored one */
};

/* What was saved of a tap, until it is needed. */
struct tap_rest {
    struct arena arena;
    struct batch batch; /* whole rows that were read, and not taken by all */
    bool is_batch;      /* it is the tap's batch now */
    struct text place;  /* of the reader, not opened yet; at NULL: none */
    uint64_t bytes;     /* that the reader had read */
    struct text lane;   /* of bad records; at NULL: there was none */
};

struct tap {
    struct stream *stream;
    struct tap *next; /* of the stream */
    struct reader *reader;
    struct feed *feeds;
    struct options hint;
    bool *used; /* [schema->cols] */
    uint32_t occurrence;
    bool alone;                   /* never shared */
    const struct stream_def *def; /* of the stream, of its x$errors or x$late, or numbered */
    const struct batch *batch;    /* NULL: none, or all of it was taken */
    uint32_t holders;
    uint32_t spare_from;  /* rows of it before this one were taken by a feed */
    struct bad_list held; /* bad records that stand between rows of it */
    struct arena held_arena;
    bool ended;
    struct err failure; /* ERR_NONE: it goes well */
    uint64_t rows, bad;
    uint64_t number;       /* feed_number() */
    uint64_t begun, end;   /* rows before the batch, live or not; and with it */
    struct lane *bad_lane; /* NULL: bad records go straight to x$errors */
    uint64_t bad_reached;  /* what lane_reach() was told */
    struct tap_rest rest;  /* of a tap that was loaded */
};

struct feed {
    struct tap *tap;
    struct feed *next; /* of the tap */
    uint32_t from;     /* in the tap's batch */
    bool holds;        /* has not taken all of it */
    struct kept *aside;
    struct reader *aside_reader;
    const struct batch *aside_batch; /* NULL: none */
    uint32_t aside_from;
    bool taking_aside; /* what feed_rows() gave last came from there */
};

/* An empty tap of the stream that gives rows of `def`, the last of its list. NULL: no memory. */
struct tap *tap_new(struct stream *s, const struct stream_def *def, struct err *e) MUST_USE;
enum tap_from tap_from(const struct tap *t);
bool tap_open(struct tap *t, struct err *e) MUST_USE;
void tap_close(struct tap *t);
struct kept *tap_aside_rows_of(struct tap *t, struct err *e) MUST_USE;

/* Rows that were set aside; FEED_WAIT: there are none. */
enum feed_status feed_aside_rows(struct feed *f, struct err *e);
void feed_aside_close(struct feed *f);
/* Of a table's: sets aside all that was not taken, and all that its reader has; then that stands
 * where the table does. */
bool feed_drain(struct feed *f, struct err *e) MUST_USE;

#endif
