/* fake_learner.c: how the model for tests learns: a mean for each version.
 *
 * It keeps the ordinal of the first row that may see each, and forgets those that nobody may ask
 * for any more; that it is asked for no other is asserted.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake_private.h"

bool fake_version_add(struct fake *f, const struct version *v) {
    if (f->versions == f->capacity) {
        uint32_t room = f->capacity ? f->capacity * 2 : 64;
        struct version *to = realloc(f->version, room * sizeof *to);
        if (!to) return false;
        f->version = to;
        f->capacity = room;
    }
    f->version[f->versions++] = *v;
    f->counts.versions = f->versions;
    return true;
}

const struct version *fake_version_of(const struct fake *f, uint64_t number) {
    for (uint32_t i = 0; i < f->versions; i++) {
        if (f->version[i].number == number) return &f->version[i];
    }
    assert(false && "a version that was forgotten is asked for");
    return NULL;
}

struct model_watch *fake_watch_open(struct model *m, const void *source, struct err *e) {
    struct fake *f = (struct fake *)m;
    struct model_watch *w = calloc(1, sizeof *w);
    if (!w) {
        err_memory(e);
        return NULL;
    }
    *w = (struct model_watch){.fake = f, .source = source, .next = f->watch};
    f->watch = w;
    return w;
}

static bool follows(const struct model_watch *w) {
    return w->source && w->source == w->fake->source;
}

/* What nobody asks for any more goes. */
static void versions_forget(struct fake *f) {
    uint64_t least = UINT64_MAX;
    uint32_t drop = 0;
    for (const struct model_watch *w = f->watch; w; w = w->next) {
        if (follows(w) && w->asked < least) least = w->asked;
    }
    while (drop + 1 < f->versions && f->version[drop + 1].from <= least) drop++;
    memmove(f->version, f->version + drop, (f->versions - drop) * sizeof *f->version);
    f->versions -= drop;
    f->counts.versions = f->versions;
}

void fake_watch_close(struct model_watch *w) {
    if (!w) return;
    struct model_watch **link = &w->fake->watch;
    while (*link != w) link = &(*link)->next;
    *link = w->next;
    free(w);
}

uint64_t fake_version_at(struct model_watch *w, uint64_t ordinal) {
    const struct fake *f = w->fake;
    uint32_t i = f->versions - 1;
    assert(ordinal >= w->asked);
    if (!follows(w)) return f->version[i].number;
    while (i > 0 && f->version[i].from > ordinal) i--;
    return f->version[i].number;
}

void fake_version_forget(struct model_watch *w, uint64_t ordinal) {
    if (ordinal > w->asked) w->asked = ordinal;
    if (follows(w)) versions_forget(w->fake);
}

struct model_trainer *fake_train_open(struct model *m, const void *source,
                                      const struct model_listener *l, struct err *e) {
    struct fake *f = (struct fake *)m;
    if (f->trained) {
        err_set(e, ERR_SQL, "55006", "the model is being trained");
        return NULL;
    }
    struct model_trainer *t = calloc(1, sizeof *t);
    if (!t) {
        err_memory(e);
        return NULL;
    }
    *t = (struct model_trainer){.fake = f, .listener = l};
    f->trained = true;
    f->source = source;
    f->version[0] = f->version[f->versions - 1]; /* what was learnt elsewhere, every row sees */
    f->version[0].from = 0;
    f->versions = 1;
    return t;
}

/* What was learnt so far becomes a version that rows from `from` on see. */
static bool publish(struct model_trainer *t, uint64_t from, struct err *e) {
    struct fake *f = t->fake;
    struct version v = {.number = f->version[f->versions - 1].number + 1,
                        .from = from,
                        .mean = f->sum / (double)f->learnt};
    if (!fake_version_add(f, &v)) return err_memory(e);
    struct model_progress p = {.version = v.number,
                               .rows = f->learnt,
                               .loss = t->loss / (double)t->since,
                               .accuracy = NAN,
                               .learning_rate = 1};
    t->since = 0;
    t->loss = 0;
    return t->listener->progress(t->listener->context, &p, e);
}

bool fake_train(struct model_trainer *t, const struct model_rows *r, struct err *e) {
    struct fake *f = t->fake;
    const struct column *target = &r->arg[f->model.input.cols];
    for (uint32_t i = 0; i < r->rows; i++) {
        double y = target->as.f64[r->row[i]];
        if (y < 0) {
            const char *why = "the target is negative";
            if (!t->listener->bad(t->listener->context, i, "22023", why, e)) return false;
            continue;
        }
        double mean = f->learnt > 0 ? f->sum / (double)f->learnt : 0;
        t->loss += fabs(y - mean);
        f->sum += y;
        f->learnt++;
        t->since++;
        if (t->since == (uint64_t)f->publish && !publish(t, r->ordinal[i] + 1, e)) return false;
    }
    return true;
}

bool fake_train_end(struct model_trainer *t, bool *again_out, struct err *e) {
    *again_out = ++t->epoch < t->fake->epochs;
    return t->since == 0 || publish(t, UINT64_MAX, e);
}

void fake_train_close(struct model_trainer *t) {
    if (!t) return;
    t->fake->trained = false;
    free(t);
}
