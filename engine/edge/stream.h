/* stream.h: the inside of struct stream (runner.h): what is known of a catalog stream at run time.
 *
 * A stream with a connector has taps, one for each open reading; one without has the rows
 * themselves. Both have the rows of x$errors and x$late, made when the first one comes.
 *
 * Used by: stream, side, tap, runner, job.    Tested by: tests/unit/edge/runner_test.c
 */
#ifndef ENGINE_EDGE_STREAM_H
#define ENGINE_EDGE_STREAM_H

#include "engine/edge/bad_list.h"
#include "engine/edge/intake.h"
#include "engine/edge/kept.h"
#include "engine/edge/runner.h"
#include "engine/edge/table.h"

struct tap;

/* One of x$errors, x$late. */
struct side {
    struct stream_def def;
    struct kept *kept;       /* NULL: no row yet */
    bool followed;           /* somebody reads what comes, as it comes */
    struct stream_news told; /* of what it holds: what was read, or said to be there */
};

/* Told of rows before a kept stream has them. false: it does not get them. */
struct stream_holder {
    void *context;
    bool (*append)(void *context, struct stream *s, const struct batch *b, struct err *e);
};

/* What was read before, of a source that is read again. */
struct stream_seen {
    uint64_t bad;       /* bad records that were told: they count once */
    bool arrived_known; /* it cannot be read twice, was loaded, and not opened since: */
    uint64_t arrived;   /* what came before this place in the journal was read */
};

/* What becomes of rows that a writer gives and the declaration does not take. */
struct refusing {
    bool strict;             /* a statement writes: they are its error, and nobody else's */
    struct bad_list *gather; /* they are not told, but put here; NULL: told */
};

struct stream {
    const struct stream_def *def;
    const struct edge_env *env;
    const struct connector *connector; /* NULL: kept */
    struct arena arena;                /* of the sides' declarations */
    struct kept *kept;                 /* NULL: not kept */
    struct stream_holder holder;       /* of `kept` */
    struct table *table;               /* NULL: not stored */
    struct stream_def numbered;        /* `table` with the id of each row as one column more */
    struct intake *intake;             /* of rows inserted into `kept` or `table` */
    struct arena append_arena;
    struct batch appended; /* what is being appended: physical columns */
    uint32_t refused_row;  /* of it: the last one; UINT32_MAX: none */
    struct side errors, late;
    bool fail_on_error;
    struct refusing refusing;
    int64_t idle_timeout_us; /* 0: never idle */
    struct stream_stats stats;
    uint64_t number;  /* of `kept` as a source (feed_number); 0: none yet */
    struct tap *taps; /* open readings */
    struct stream_seen seen;
    struct outlet *outlets; /* open sinks */
};

/* Rows from .. from + rows - 1 of the live ones of `b` as the declaration makes them, with their
 * change kinds in s->appended; valid until the next call. What it does not take is not live.
 * false: *e; where a row stops the queries *whole has those before it, else it is NULL. */
bool stream_take(struct stream *s, const struct batch *b, uint32_t from, uint32_t rows,
                 const struct batch **whole, struct err *e) MUST_USE;

/* Appends rows that a query INSERTs into a kept stream. */
bool stream_append(struct stream *s, const struct batch *b, struct err *e) MUST_USE;

/* Appends what a holder was told, and what held behind it, once more. */
bool stream_append_again(struct stream *s, const struct batch *b, const struct mark *after,
                         struct err *e) MUST_USE;

/* Who was it, and when, besides the record. */
struct side_row {
    struct text query; /* at NULL: the declaration's fault, not a query's */
    int64_t at_us;
    struct lane *lane; /* its way there; NULL: straight */
    uint64_t ordinal;  /* of the row that caused it, in the source */
};

bool stream_add_error(struct stream *s, const struct side_row *who, const struct decode_bad *b,
                      struct err *e) MUST_USE;

/* `row`: the late row, whole, as a batch of def->schema with one row. */
struct late_row {
    struct text query;
    struct lane *lane; /* its way there; NULL: straight */
    uint64_t ordinal;  /* in the source */
    int64_t watermark_us;
    uint32_t missed;
    const struct batch *row;
    uint32_t index; /* in row */
};
bool stream_add_late(struct stream *s, const struct late_row *l, struct err *e) MUST_USE;

/* Makes the declarations of the sides in s->arena. */
bool sides_declare(struct stream *s, struct err *e) MUST_USE;
/* A row as JSON, for `raw`; nothing where it cannot be made. false: no memory. */
bool side_raw(struct buf *out, const struct batch *b, uint32_t row, struct err *e) MUST_USE;

/* The declaration of `s` does not take row `row` of what is inserted into it: counts it, and puts
 * it into x$errors, unless 'on-error' = 'fail'. *bad says why; its raw bytes are made here. */
bool stream_refuse(struct stream *s, const struct batch *b, uint32_t row, struct decode_bad *bad,
                   struct err *e) MUST_USE;

/* For lanes that lead to the side: the context is the stream. */
bool stream_write_errors(void *context, const struct batch *b, struct err *e);
bool stream_write_late(void *context, const struct batch *b, struct err *e);
/* A reader of the side is opened: what it reads is no news. */
void side_note_read(struct stream *s, struct side *side, bool follows);
/* The rows of a side, made when there are none yet. */
struct kept *side_kept(struct stream *s, struct side *side, struct err *e) MUST_USE;

#endif
