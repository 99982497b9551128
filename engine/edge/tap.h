/* tap.h: tap: one open reading of a stream, shared by queries that started together.
 *
 * A feed is one input of one query. The tap's batch is given to all its feeds before the next is
 * read; a feed that cannot take it (its query waits for another input) and holds up others has the
 * rest of it copied into a queue of its own (feed_set_aside).
 *
 * A source that cannot be read twice keeps its tap, and what was read and not taken, until the
 * stream is dropped; the other taps end with their last feed.
 *
 * Lifetime: feed_open .. feed_close; a tap lives with its stream.
 *
 * Used by: job, runner, stream.    Tested by: tests/unit/edge/runner_test.c
 */
#ifndef ENGINE_EDGE_TAP_H
#define ENGINE_EDGE_TAP_H

#include "engine/edge/junction.h"
#include "engine/edge/stream.h"

struct feed;

enum feed_status {
    FEED_ROWS,    /* *out and *from_out say which */
    FEED_WAIT,    /* nothing now */
    FEED_BLOCKED, /* another feed has not taken the tap's batch yet */
    FEED_END,     /* all rows were taken and none will come */
    FEED_FAIL,    /* *e */
};

struct feed_options {
    struct stream *stream;
    const struct plan_input *input;
    uint64_t *sources;    /* how many have been told apart so far */
    uint64_t *number_out; /* of this one, which no other gets; 0: x$errors and the like have none */
    uint32_t occurrence;  /* how many inputs of the same query before it read the same stream */
};

struct feed *feed_open(const struct feed_options *o, struct err *e) MUST_USE;
/* *lost becomes an error where bad records that waited for their turn could not be told; else it
 * stays as it is. Accepts NULL. */
void feed_close(struct feed *f, struct err *lost);

/* What numbers the rows: feeds with the same source can be compared. *at_out: rows of it before the
 * next one that this feed gives. */
const void *feed_source(const struct feed *f, uint64_t *at_out);

/* From now on bad records go to x$errors by a lane, in one order with what queries put there. */
bool feed_order_bad(struct feed *f, struct junctions *all, struct err *e) MUST_USE;
/* false: bad records that waited for their turn could not be told, see *e. */
bool feed_check_bad(const struct feed *f, struct err *e) MUST_USE;

/* The rows that come next, from row *from_out of *out on; reads the source if need be. */
enum feed_status feed_rows(struct feed *f, const struct batch **out, uint32_t *from_out,
                           struct err *e);
/* So many rows from *from_out on were taken. */
bool feed_took(struct feed *f, uint32_t rows, struct err *e) MUST_USE;

/* Bad records that stand before row `row` of the batch that feed_rows() gave are told now, before
 * what a query has to say of that row. */
bool feed_tell_bad(struct feed *f, uint32_t row, struct err *e) MUST_USE;

/* The mark after the rows taken so far. */
void feed_mark(const struct feed *f, struct mark *out);
/* What to poll after FEED_WAIT. */
void feed_poll(const struct feed *f, struct pollfd *out);
/* Of what comes from this process: has the query taken all that is there now? */
bool feed_is_level(const struct feed *f);
bool feed_reads_table(const struct feed *f);
/* Does what is waited for come from this process alone? Then there is nothing to poll. */
bool feed_is_inside(const struct feed *f);

/* Row `row` of the batch that feed_rows() gave, with all declared columns. */
bool feed_whole_row(struct feed *f, uint32_t row, struct late_row *out, struct err *e) MUST_USE;

/* Lets the tap go on although this feed has not taken its batch. *did_out: there was one. 54000
 * when too much lies in the queue. */
bool feed_set_aside(struct feed *f, bool *did_out, struct err *e) MUST_USE;

/* Is a place of the source saved with them? */
bool taps_have_place(const struct stream *s);
/* The stream's taps as bytes; what follows is for streams that nobody reads yet. */
bool taps_save(struct stream *s, struct buf *out, struct err *e) MUST_USE;
bool taps_load(struct stream *s, struct saved *in, struct err *e) MUST_USE;
/* A feed as bytes, and a feed of the tap that was loaded; its reader is opened by feed_resume().
 * Where the feed of x$errors or x$late is loaded, those rows are there. */
bool feed_save(struct feed *f, struct buf *out, struct err *e) MUST_USE;
struct feed *feed_load(const struct feed_options *o, struct saved *in, struct err *e) MUST_USE;
/* All feeds of the tap are loaded: its reader goes on. A failure is told to who reads. */
void feed_resume(struct feed *f);

/* What the slowest feed has set aside. */
size_t taps_aside_bytes(const struct stream *s);

/* The stream is being dropped: no feed is left. */
void taps_close(struct stream *s);

#endif
