/* intake.h: intake: from the physical columns of a record to the rows of a stream.
 *
 * Adds the computed columns, drops the rows that the declaration does not take (NOT NULL, a
 * computed column or the WATERMARK expression that fails, an event time that is NULL) and gives
 * every row the watermark that held before it: the largest value of the WATERMARK expression over
 * the good rows before. What a query does not read and what cannot fail is not computed.
 *
 * Lifetime: intake_create .. intake_close, in the arena of the reader; one thread.
 *
 * Used by: engine/edge.    Tested by: tests/unit/edge/reader_intake_test.c
 */
#ifndef ENGINE_EDGE_INTAKE_H
#define ENGINE_EDGE_INTAKE_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/err.h"
#include "engine/edge/codec.h"
#include "engine/edge/saved.h"
#include "engine/stream_def.h"

struct intake;

struct intake_options {
    const struct stream_def *def;
    const bool *used;    /* [def->schema->cols] columns that are read; NULL: all */
    struct fn_env env;   /* of computed columns */
    bool judge_null;     /* NOT NULL of physical columns, too: decoders judge it themselves */
    struct arena *arena; /* of the reader */
    void *context;
    /* Fills offset and raw of the record that row `row` came from; NULL: rows have none. */
    void (*record)(void *context, uint32_t row, struct decode_bad *out);
    bool (*bad)(void *context, const struct decode_bad *b, struct err *e); /* false: stop */
};

/* Rows to take in: columns as def->physical declares them. */
struct intake_rows {
    const struct column *col; /* [physical->cols] those of intake_needs() filled */
    uint32_t rows;            /* <= BATCH_ROWS */
    int64_t proctime_us;      /* when they were read */
    struct arena *arena;      /* of the batch */
};

/* NULL: see *e. */
struct intake *intake_create(const struct intake_options *o, struct err *e) MUST_USE;

/* [physical->cols] the columns that must be filled: those read, and those that the watermark or a
 * computed column needs. */
const bool *intake_needs(const struct intake *in);

/* The batch of these rows, valid until the next call or the reset of their arena. The rows that
 * are bad are told one by one, and are not live. */
bool intake_take(struct intake *in, const struct intake_rows *rows, const struct batch **out,
                 struct err *e) MUST_USE;

/* What holds after the rows so far. */
void intake_mark(const struct intake *in, struct mark *out);
/* Goes on where another intake of the same stream was. */
void intake_resume(struct intake *in, const struct mark *from);

/* The same as bytes: the mark, and how many rows were good. */
void intake_save(const struct intake *in, struct buf *out);
void intake_load(struct intake *in, struct saved *s);

uint64_t intake_good(const struct intake *in); /* rows so far that were not bad */

void intake_close(struct intake *in); /* accepts NULL */

#endif
