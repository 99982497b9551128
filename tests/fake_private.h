/* fake_private.h: what the files of the model for tests share.
 *
 * Used by: tests/fake_model.c, tests/fake_learner.c.
 */
#ifndef TESTS_FAKE_PRIVATE_H
#define TESTS_FAKE_PRIVATE_H

#include "tests/fake_model.h"

enum { LABELS_MAX = 16 };

struct version {
    uint64_t number, from; /* rows with ordinals from here on see it */
    double mean;
};

struct fake {
    struct model model;
    struct arena arena;
    struct text label[LABELS_MAX];
    uint32_t labels, size;
    int64_t publish, epochs;
    struct fake_counts counts;
    double sum;
    uint64_t learnt;
    struct version *version; /* [versions] rising */
    uint32_t versions, capacity;
    const void *source; /* of its trainer */
    bool trained;       /* has a trainer */
    struct model_watch *watch;
};

struct model_session {
    struct fake *fake;
};

struct model_watch {
    struct fake *fake;
    const void *source;
    uint64_t asked; /* rows before it are done */
    struct model_watch *next;
};

struct model_trainer {
    struct fake *fake;
    const struct model_listener *listener;
    int64_t epoch;
    uint64_t since;
    double loss;
};

/* fake_learner.c: the slots of training. */
bool fake_version_add(struct fake *f, const struct version *v);
const struct version *fake_version_of(const struct fake *f, uint64_t number);
struct model_watch *fake_watch_open(struct model *m, const void *source, struct err *e);
void fake_watch_close(struct model_watch *w);
uint64_t fake_version_at(struct model_watch *w, uint64_t ordinal);
void fake_version_forget(struct model_watch *w, uint64_t ordinal);
struct model_trainer *fake_train_open(struct model *m, const void *source,
                                      const struct model_listener *l, struct err *e);
bool fake_train(struct model_trainer *t, const struct model_rows *r, struct err *e);
bool fake_train_end(struct model_trainer *t, bool *again_out, struct err *e);
void fake_train_close(struct model_trainer *t);

#endif
