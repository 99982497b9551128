/* version.h: versions: what a model knew at points of its training, for those who predict.
 *
 * A version is a copy of the parameters with the number of classes then known. The newest is always
 * kept; older ones only as long as a watch may ask for them. A watch over the trainer's own source
 * gets the version that the rows before a row made: each version says behind which row it holds. A
 * watch over anything else gets the newest at the time it asks, and that one stays for it until
 * forgotten.
 *
 * The trainer publishes what it made in one call at the end of that call, under the lock; nobody
 * else writes.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_use_test.c
 */
#ifndef UDF_LEARN_VERSION_H
#define UDF_LEARN_VERSION_H

#include <pthread.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"

struct version {
    uint64_t number;
    uint64_t after;   /* rows of the trainer's source with this ordinal or a higher one see it */
    uint64_t rows;    /* learnt */
    uint32_t classes; /* known */
    void *params;     /* [params_bytes] */
};

struct watch {
    const void *source;
    uint64_t lowest; /* version that may still be asked for */
    struct buf
        pins; /* of uint64_t pairs: an ordinal, the version given from it on; another source */
    struct watch *next;
};

struct versions {
    pthread_mutex_t lock; /* of all below */
    struct arena arena;
    size_t params_bytes;
    struct buf list;     /* of struct version *, numbers rising; the last is the newest */
    struct buf free;     /* of struct version * */
    const void *trained; /* the source that trains, or did last; NULL: none, or several */
    struct watch *watch;
    uint64_t kept_bytes;
};

enum { VERSIONS_BYTES_MAX = 1 << 30 }; /* that versions may take together */

bool versions_open(struct versions *v, size_t params_bytes, struct err *e) MUST_USE;
void versions_close(struct versions *v);

/* A version to be filled and published; NULL: 53200, 54000 past VERSIONS_BYTES_MAX. */
struct version *versions_new(struct versions *v, struct err *e) MUST_USE;
/* Makes them the newest, in order; all are kept (a watch may want them) or only the last. */
bool versions_publish(struct versions *v, struct version *const *made, uint32_t count,
                      struct err *e) MUST_USE;
/* In place of all that there are: of a model that is loaded, when nobody asks yet. `trained` as
 * versions_trained() gave it. */
bool versions_restore(struct versions *v, struct version *const *made, uint32_t count,
                      uint64_t trained, struct err *e) MUST_USE;
/* A version that was not published after all. */
void versions_drop(struct versions *v, struct version *made);

/* Does anyone predict over what trains? Then every version counts. */
bool versions_wanted(struct versions *v);
/* From now on rows of `source` train; what there is holds for all of them. */
void versions_train(struct versions *v, const void *source);

/* The newest, or the one with this number; stays while it is the newest or watched. */
const struct version *versions_newest(struct versions *v);
const struct version *versions_find(struct versions *v, uint64_t number);
const struct version *versions_oldest(struct versions *v);

/* Those that are kept, in order; for who publishes. */
uint32_t versions_count(struct versions *v);
const struct version *versions_nth(struct versions *v, uint32_t i);
/* What tells the source that trains, or did last, from others; 0: none, or several. */
uint64_t versions_trained(const struct versions *v);

void versions_watch(struct versions *v, struct watch *w, const void *source);
void versions_unwatch(struct versions *v, struct watch *w);
uint64_t versions_at(struct versions *v, struct watch *w, uint64_t ordinal);
void versions_forget(struct versions *v, struct watch *w, uint64_t ordinal);

#endif
