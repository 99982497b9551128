/* shared_model.h: shared_model: a model of the catalog, as all that use it hold it.
 *
 * Queries name it in their plans and ask for its model at each run, so that CREATE OR REPLACE
 * exchanges it between two batches. All operators that ask it run on the feeding thread; they share
 * one session and the answers, so that queries over one scan compute each content once.
 *
 * Readers of a model that learns watch it, and say how far they have come.
 *
 * Lifetime: the catalog object's; it outlives every plan that names it.
 *
 * Used by: engine/op (infer, train), sql (binds), clients.    Tested by: engine/infer_test.c
 */
#ifndef ENGINE_SHARED_MODEL_H
#define ENGINE_SHARED_MODEL_H

#include "engine/answers.h"
#include "engine/base/model.h"

/* An operator that asks for versions, by the rows of `source` (NULL: several, or unknown). */
struct model_reader {
    const void *source;
    struct model_watch *watch;      /* NULL: the model does not learn */
    struct model_watch *next_watch; /* while it is replaced */
    struct model_reader *next;
};

struct shared_model {
    struct text name;
    struct model *model;           /* the newest */
    uint64_t replaced;             /* how often it was exchanged */
    bool saved_apart;              /* its owner saves it: queries that teach it do not */
    struct model_session *session; /* NULL: nobody has asked yet */
    struct answers answers;
    struct model_trainer *trainer; /* waits between two epochs; else NULL */
    struct model_listener ear;     /* what a trainer tells is told to `hears` */
    const struct model_listener *hears;
    struct model_reader *readers;
};

/* Takes `m`. */
void shared_model_init(struct shared_model *s, struct text name, struct model *m);
void shared_model_done(struct shared_model *s);

/* Exchanges the model: takes `m`, destroys the old one, which nobody trains. false: no memory, `m`
 * is not taken. */
bool shared_model_replace(struct shared_model *s, struct model *m, struct err *e) MUST_USE;

/* The session that all share; NULL: see *e. */
struct model_session *shared_model_session(struct shared_model *s, struct err *e);

/* Readers of versions: from join (before their first row) to leave. */
bool shared_model_join(struct shared_model *s, struct model_reader *r, struct err *e) MUST_USE;
void shared_model_leave(struct shared_model *s, struct model_reader *r);
/* Rows before `ordinal` are done. */
void shared_model_reached(struct shared_model *s, struct model_reader *r, uint64_t ordinal);

/* The version that answers for that row; of models that do not learn, how often it was replaced. */
uint64_t shared_model_version(const struct shared_model *s, const struct model_reader *r,
                              uint64_t ordinal);

/* The trainer that waited, or a new one; it tells `l`, which outlives the epoch. NULL: see *e. */
struct model_trainer *shared_model_train(struct shared_model *s, const void *source,
                                         const struct model_listener *l, struct err *e);
/* The trainer has ended, or waits for the next epoch. */
void shared_model_rest(struct shared_model *s, struct model_trainer *t, bool again);
/* Ends a trainer that waits for an epoch that does not come. */
void shared_model_untrain(struct shared_model *s);

#endif
