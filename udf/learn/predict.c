/* run(): rows to answers, a block at a time. Rows that cannot be taken are answered by why. */
#include <string.h>

#include "udf/learn/learner.h"

enum { BLOCK = 64 };

struct model_session {
    struct learn *model;
    struct arena arena; /* holds this and all below */
    void *own;          /* the learner's */
    char *row;          /* [BLOCK][row_bytes] */
    double *y;          /* [BLOCK][outputs] */
    float *features;    /* [BLOCK][features] */
};

struct model_session *learn_session_open(struct model *model, struct err *e) {
    struct learn *m = (struct learn *)model;
    struct arena a;
    arena_init(&a, 0);
    struct model_session *s = ARENA_NEW(&a, s);
    if (!s) {
        arena_done(&a);
        err_memory(e);
        return NULL;
    }
    s->model = m;
    s->row = arena_alloc(&a, BLOCK * m->input.row_bytes);
    s->y = ARENA_ARRAY(&a, s->y, (size_t)BLOCK * m->loss.outputs);
    s->features = ARENA_ARRAY(&a, s->features, (size_t)BLOCK * m->features);
    bool fits = s->row && s->y && s->features;
    if (fits) s->own = m->learner->session(m, &a, e);
    if (!fits) err_memory(e);
    s->arena = a;
    if (fits && s->own) return s;
    learn_session_close(s);
    return NULL;
}

void learn_session_close(struct model_session *s) {
    if (!s) return;
    struct arena own = s->arena;
    arena_done(&own);
}

static bool answer(const struct model_session *s, const struct version *v, uint32_t i,
                   struct model_run *r, struct model_answer *out) {
    const struct learn *m = s->model;
    const struct answer_head head = {v->classes, m->loss.outputs, m->features, 0};
    size_t y = m->loss.outputs * sizeof *s->y, features = m->features * sizeof *s->features;
    char *at = arena_alloc(r->arena, sizeof head + y + features);
    if (!at) return false;
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, s->y + (size_t)i * m->loss.outputs, y);
    memcpy(at + sizeof head + y, s->features + (size_t)i * m->features, features);
    *out = (struct model_answer){.bytes = {at, (uint32_t)(sizeof head + y + features)}};
    return true;
}

static bool run_block(struct model_session *s, const struct version *v, struct model_run *r,
                      uint32_t first, uint32_t rows, struct err *e) {
    const struct learn *m = s->model;
    const char *reason[BLOCK], *sqlstate[BLOCK];
    const struct input_rows in = {.arg = r->arg,
                                  .row = r->row + first,
                                  .rows = rows,
                                  .to = s->row,
                                  .reason = reason,
                                  .sqlstate = sqlstate};
    if (!learn_input_read(&m->input, &in, r->arena, e)) return false;
    for (uint32_t i = 0; i < rows; i++) {
        if (reason[i]) memset(s->row + i * m->input.row_bytes, 0, m->input.row_bytes);
    }
    const struct learn_ask ask = {
        .version = v, .row = s->row, .rows = rows, .y = s->y, .features = s->features};
    if (!m->learner->predict(m, s->own, &ask, e)) return false;
    for (uint32_t i = 0; i < rows; i++) {
        struct model_answer *out = &r->answer[first + i];
        if (reason[i]) {
            *out = (struct model_answer){.sqlstate = sqlstate[i], .message = reason[i]};
        } else if (!answer(s, v, i, r, out)) {
            return err_memory(e);
        }
    }
    return true;
}

bool learn_run(struct model_session *s, struct model_run *r, struct err *e) {
    const struct version *v = versions_find(s->model->versions, r->version);
    if (v->number != r->version) {
        return err_set(e, ERR_LIMIT, "XX000", "version %llu of a model is not kept any more",
                       (unsigned long long)r->version);
    }
    for (uint32_t first = 0, rows; first < r->rows; first += rows) {
        rows = r->rows - first < BLOCK ? r->rows - first : BLOCK;
        if (!run_block(s, v, r, first, rows, e)) return false;
    }
    return true;
}
