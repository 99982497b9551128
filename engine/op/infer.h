/* infer.h: what the files of the Infer operator share.
 *
 * infer.c gathers rows and says when they are run, infer_hold.c keeps the gathered ones,
 * infer_run.c has a batch answered: equal contents once, those whose answer is kept not at all.
 *
 * Used by: engine/op/infer*.c.    Tested by: tests/unit/engine/infer_test.c
 */
#ifndef ENGINE_OP_INFER_H
#define ENGINE_OP_INFER_H

#include "engine/base/builder.h"
#include "engine/base/map.h"
#include "engine/op.h"
#include "engine/op/pairs.h"
#include "engine/shared_model.h"

enum { HELD_BYTES_MAX = 64 << 20 }; /* of gathered rows: past it they are run, few or not */

/* Rows that wait, copied, as a batch of the input's schema; columns that nobody reads are empty. */
struct infer_held {
    struct arena arena;
    struct column_builder *col; /* [schema->cols] those of `reads` are in use */
    uint64_t *ordinal;          /* [BATCH_ROWS]; likewise the four below */
    int64_t *watermark_us, *proctime_us;
    int8_t *change;
    uint16_t *sel;
    uint32_t rows, live;
};

struct infer {
    const struct plan_infer *plan;
    struct shared_model *shared;
    bool gathers;
    bool *reads;            /* [input's cols] arguments and what is handed on */
    int64_t told_us;        /* the watermark that was passed on */
    uint64_t *held_ordinal; /* [BATCH_ROWS] of live held rows */
    struct map waiting;     /* contents that wait for a run, by answer_key */
    struct infer_held held; /* rows 0: none */
    struct map asked;       /* of the batch that is run: content -> 0, 1, .. */
    struct buf packed;      /* scratch: arguments as bytes */
    struct pairs pairs;     /* of a changelog */
    const void *source;     /* what the rows come from; NULL: several, or unknown */
    uint64_t source_before; /* see struct query_source */
    struct model_reader reader;
    bool joined; /* to the shared model's readers */
};

/* Rows of a model's run when nothing else bounds it. */
uint32_t infer_batch_rows(const struct infer *f);

/* infer_hold.c */
bool held_open(struct op *op, struct err *e) MUST_USE;
void held_close(struct op *op);
/* Copies rows from .. to - 1 of `in`, those that only carry time where it has gone on. */
bool held_add(struct op *op, const struct batch *in, uint32_t from, uint32_t to,
              struct err *e) MUST_USE;
/* The held rows as a batch, valid until held_reset(). */
bool held_batch(struct op *op, struct batch *out, struct err *e) MUST_USE;
void held_reset(struct op *op);
bool held_save(struct op *op, struct buf *out, struct err *e) MUST_USE;
bool held_load(struct op *op, struct text *at, struct err *e) MUST_USE;

/* infer_run.c: answers all rows of `in` and emits them. */
bool infer_run(struct op *op, const struct batch *in, struct err *e) MUST_USE;
/* The content of a row's arguments; *null_out: one is NULL, there is nothing to ask. */
bool infer_content(struct infer *f, const struct batch *in, uint32_t row, struct answer_key *key,
                   bool *null_out, struct err *e) MUST_USE;
/* Is the answer there already? */
bool infer_is_known(struct infer *f, const struct answer_key *key);

#endif
