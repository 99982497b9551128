/* shared_model.c: see shared_model.h. */
#include "engine/shared_model.h"

#include <assert.h>

void shared_model_init(struct shared_model *s, struct text name, struct model *m) {
    assert(m && m->type);
    *s = (struct shared_model){.name = name, .model = m};
    answers_init(&s->answers);
}

static void model_close(struct shared_model *s) {
    shared_model_untrain(s);
    if (s->session) s->model->type->session_close(s->session);
    s->session = NULL;
    if (s->model) s->model->type->destroy(s->model);
    s->model = NULL;
}

void shared_model_done(struct shared_model *s) {
    assert(!s->readers);
    model_close(s);
    answers_done(&s->answers);
}

/* *out stays NULL where the model does not learn. */
static bool watch_open(const struct shared_model *s, const struct model_reader *r,
                       struct model_watch **out, struct err *e) {
    *out = NULL;
    if (!s->model->learns) return true;
    *out = s->model->type->watch_open(s->model, r->source, e);
    return *out != NULL;
}

/* Readers watch the new model before they leave the old one, so that both stay as they are when
 * there is no memory. */
bool shared_model_replace(struct shared_model *s, struct model *m, struct err *e) {
    assert(m && m != s->model);
    struct shared_model next = {.model = m};
    bool good = true;
    for (struct model_reader *r = s->readers; r; r = r->next) {
        r->next_watch = NULL;
        good = good && watch_open(&next, r, &r->next_watch, e);
    }
    for (struct model_reader *r = s->readers; r; r = r->next) {
        const struct model *from = good ? s->model : m;
        struct model_watch *ends = good ? r->watch : r->next_watch;
        if (ends) from->type->watch_close(ends);
        if (good) r->watch = r->next_watch;
    }
    if (!good) return false;
    model_close(s);
    answers_forget(&s->answers);
    s->model = m;
    s->replaced++;
    return true;
}

struct model_session *shared_model_session(struct shared_model *s, struct err *e) {
    if (!s->session) s->session = s->model->type->session_open(s->model, e);
    return s->session;
}

bool shared_model_join(struct shared_model *s, struct model_reader *r, struct err *e) {
    if (!watch_open(s, r, &r->watch, e)) return false;
    r->next = s->readers;
    s->readers = r;
    return true;
}

void shared_model_leave(struct shared_model *s, struct model_reader *r) {
    struct model_reader **link = &s->readers;
    while (*link && *link != r) link = &(*link)->next;
    if (*link) *link = r->next;
    if (r->watch) s->model->type->watch_close(r->watch);
    r->watch = NULL;
}

void shared_model_reached(struct shared_model *s, struct model_reader *r, uint64_t ordinal) {
    if (r->watch) s->model->type->version_forget(r->watch, ordinal);
}

uint64_t shared_model_version(const struct shared_model *s, const struct model_reader *r,
                              uint64_t ordinal) {
    return r->watch ? s->model->type->version_at(r->watch, ordinal) : s->replaced;
}

static bool hear_progress(void *context, const struct model_progress *p, struct err *e) {
    const struct shared_model *s = context;
    return s->hears->progress(s->hears->context, p, e);
}

static bool hear_bad(void *context, uint32_t i, const char *sqlstate, const char *message,
                     struct err *e) {
    const struct shared_model *s = context;
    return s->hears->bad(s->hears->context, i, sqlstate, message, e);
}

struct model_trainer *shared_model_train(struct shared_model *s, const void *source,
                                         const struct model_listener *l, struct err *e) {
    struct model_trainer *t = s->trainer;
    if (!t) {
        s->ear = (struct model_listener){.context = s, .progress = hear_progress, .bad = hear_bad};
        t = s->model->type->train_open(s->model, source, &s->ear, e);
    }
    if (!t) return NULL;
    s->trainer = NULL;
    s->hears = l;
    return t;
}

void shared_model_rest(struct shared_model *s, struct model_trainer *t, bool again) {
    s->hears = NULL;
    if (again) s->trainer = t;
    if (!again) s->model->type->train_close(t);
}

void shared_model_untrain(struct shared_model *s) {
    if (s->trainer) s->model->type->train_close(s->trainer);
    s->trainer = NULL;
}
