/* A model's state, for checkpoints: all that the rows so far have made, byte for byte, so that
 * training goes on as if it had never stopped.
 *
 *     bytes    what
 *     8        "weirlrn2"
 *     4 4      kind; classes that follow, each as 4 (bytes) and its label
 *     8 8 8 4  rows, mini-batches, version, epoch
 *     8 8 8 8  the score since the last version: loss, rows, correct; rows
 *     1        1: training has begun, and there follow
 *     4 4 8      rows held back, rows of the mini-batch, the generator
 *     ...        their numbers and targets
 *     ...      the learner's own
 *     8 4      the source that trains, or did last (0: none, or several); versions that follow,
 *              where somebody predicts over that source, each
 *     8 8 8 4    number, the ordinal from which on it is seen, rows, classes
 *     ...        its parameters
 *
 * Where nobody does, what has been learnt is the newest version: which rows it holds does not
 * depend on where they were cut.
 *
 * All as the machine stores it. What is held is checked against the model's definition, which is
 * not part of it.
 */
#include <string.h>

#include "udf/learn/learner.h"

static const char magic[8] = {'w', 'e', 'i', 'r', 'l', 'r', 'n', '2'};

static void save_stage(const struct stage *s, struct buf *out) {
    buf_add(out, &s->held, sizeof s->held);
    buf_add(out, &s->filled, sizeof s->filled);
    buf_add(out, &s->random, sizeof s->random);
    buf_add(out, s->row, s->held * s->row_bytes);
    buf_add(out, s->target, (size_t)s->held * s->targets * sizeof *s->target);
    buf_add(out, s->batch_row, s->filled * s->row_bytes);
    buf_add(out, s->batch_target, (size_t)s->filled * s->targets * sizeof *s->target);
}

static bool load_stage(struct stage *s, struct text *from) {
    uint32_t held, filled;
    if (!load_bytes(from, &held, sizeof held) || held > s->room) return false;
    if (!load_bytes(from, &filled, sizeof filled) || filled >= s->batch) return false;
    s->held = held;
    s->filled = filled;
    return load_bytes(from, &s->random, sizeof s->random) &&
           load_bytes(from, s->row, held * s->row_bytes) &&
           load_bytes(from, s->target, (size_t)held * s->targets * sizeof *s->target) &&
           load_bytes(from, s->batch_row, filled * s->row_bytes) &&
           load_bytes(from, s->batch_target, (size_t)filled * s->targets * sizeof *s->target);
}

/* Fields of fixed size, in their order. */
struct part {
    void *at;
    size_t bytes;
};

enum { PARTS = 8, VERSION_BYTES = 28 }; /* of one, at least */

static void parts_of(struct learn *m, struct part part[PARTS]) {
    const struct part all[PARTS] = {
        {&m->rows, sizeof m->rows},
        {&m->steps, sizeof m->steps},
        {&m->version, sizeof m->version},
        {&m->epoch, sizeof m->epoch},
        {&m->since.loss, sizeof m->since.loss},
        {&m->since.rows, sizeof m->since.rows},
        {&m->since.correct, sizeof m->since.correct},
        {&m->since_rows, sizeof m->since_rows},
    };
    memcpy(part, all, sizeof all);
}

static void save_versions(const struct learn *m, struct buf *out) {
    uint64_t trained = versions_trained(m->versions);
    uint32_t count = versions_wanted(m->versions) ? versions_count(m->versions) : 0;
    buf_add(out, &trained, sizeof trained);
    buf_add(out, &count, sizeof count);
    for (uint32_t i = 0; i < count; i++) {
        const struct version *v = versions_nth(m->versions, i);
        buf_add(out, &v->number, sizeof v->number);
        buf_add(out, &v->after, sizeof v->after);
        buf_add(out, &v->rows, sizeof v->rows);
        buf_add(out, &v->classes, sizeof v->classes);
        buf_add(out, v->params, m->versions->params_bytes);
    }
}

bool learn_save(struct model *model, struct buf *out, struct err *e) {
    struct learn *m = (struct learn *)model;
    struct part part[PARTS];
    uint32_t kind = m->options.kind, classes = m->classes.count;
    uint8_t begun = m->ready;
    buf_add(out, magic, sizeof magic);
    buf_add(out, &kind, sizeof kind);
    buf_add(out, &classes, sizeof classes);
    for (uint32_t i = 0; i < classes; i++) {
        buf_add(out, &m->classes.label[i].bytes, sizeof m->classes.label[i].bytes);
        buf_add_text(out, m->classes.label[i]);
    }
    parts_of(m, part);
    for (uint32_t i = 0; i < PARTS; i++) buf_add(out, part[i].at, part[i].bytes);
    buf_add(out, &begun, 1);
    if (begun) save_stage(&m->stage, out);
    m->learner->save(m, out);
    save_versions(m, out);
    return !out->failed || err_memory(e);
}

static bool load_classes(struct learn *m, struct text *from) {
    uint32_t classes, bytes, at;
    if (!load_bytes(from, &classes, sizeof classes) || classes > m->classes.limit) return false;
    for (uint32_t i = 0; i < classes; i++) {
        if (!load_bytes(from, &bytes, sizeof bytes) || bytes > from->bytes) return false;
        struct text label = {from->at, bytes};
        *from = (struct text){from->at + bytes, from->bytes - bytes};
        if (classes_add(&m->classes, label, &at) != CLASS_IS || at != i) return false;
    }
    return m->classes.count == classes;
}

/* Behind `before`, which is NULL for the first. */
static bool load_version(const struct learn *m, struct text *from, const struct version *before,
                         struct version *v) {
    bool whole = load_bytes(from, &v->number, sizeof v->number) &&
                 load_bytes(from, &v->after, sizeof v->after) &&
                 load_bytes(from, &v->rows, sizeof v->rows) &&
                 load_bytes(from, &v->classes, sizeof v->classes) &&
                 load_bytes(from, v->params, m->versions->params_bytes);
    if (!whole || v->number > m->version || v->classes > m->classes.count) return false;
    if (before && (v->number <= before->number || v->after < before->after)) return false;
    return !m->learner->params_fit || m->learner->params_fit(m, v->params);
}

static void make_version(const struct learn *m, struct version *v) {
    m->learner->copy(m, v->params);
    v->number = m->version;
    v->after = 0;
    v->rows = m->rows;
    v->classes = m->classes.count;
}

static bool load_list(const struct learn *m, struct text *from, struct version **made,
                      struct err *e) {
    uint64_t trained;
    uint32_t count;
    if (!load_bytes(from, &trained, sizeof trained)) return false;
    if (!load_bytes(from, &count, sizeof count)) return false;
    if (count > from->bytes / VERSION_BYTES) return false;
    for (uint32_t i = 0; i < count || i == 0; i++) {
        made[i] = versions_new(m->versions, e);
        if (!made[i]) return false;
        if (count == 0) make_version(m, made[i]);
        if (count > 0 && !load_version(m, from, i > 0 ? made[i - 1] : NULL, made[i])) return false;
    }
    uint32_t all = count > 0 ? count : 1;
    return made[all - 1]->number == m->version &&
           versions_restore(m->versions, made, all, trained, e);
}

static bool load_versions(const struct learn *m, struct text *from, struct err *e) {
    size_t room = from->bytes / VERSION_BYTES + 1;
    struct arena a;
    arena_init(&a, 0);
    struct version **made = ARENA_ARRAY(&a, made, room);
    bool done = made ? load_list(m, from, made, e) : err_memory(e);
    for (size_t i = 0; made && !done && i < room && made[i]; i++) {
        versions_drop(m->versions, made[i]);
    }
    arena_done(&a);
    return done;
}

static bool load_all(struct learn *m, struct text from, struct err *e) {
    char word[sizeof magic];
    struct part part[PARTS];
    uint32_t kind;
    uint8_t begun;
    if (!load_bytes(&from, word, sizeof word) || memcmp(word, magic, sizeof magic) != 0) {
        return false;
    }
    if (!load_bytes(&from, &kind, sizeof kind) || kind != m->options.kind) return false;
    if (!load_classes(m, &from)) return false;
    parts_of(m, part);
    for (uint32_t i = 0; i < PARTS; i++) {
        if (!load_bytes(&from, part[i].at, part[i].bytes)) return false;
    }
    if (!load_bytes(&from, &begun, 1) || begun > 1) return false;
    if (begun && (!learn_training_ready(m, e) || !load_stage(&m->stage, &from))) return false;
    return m->learner->load(m, &from, e) && load_versions(m, &from, e) && from.bytes == 0;
}

/* Class indices that were saved must be classes. */
static bool targets_fit(const struct learn *m) {
    const struct stage *s = &m->stage;
    if (!m->ready || !m->loss.classes) return true;
    uint32_t limit = learn_is_binary(m) ? 2 : m->classes.count;
    for (uint32_t i = 0; i < s->held; i++) {
        if (!(s->target[i] >= 0 && s->target[i] < limit)) return false;
    }
    for (uint32_t i = 0; i < s->filled; i++) {
        if (!(s->batch_target[i] >= 0 && s->batch_target[i] < limit)) return false;
    }
    return true;
}

bool learn_load(struct model *model, struct text saved, struct err *e) {
    struct learn *m = (struct learn *)model;
    *e = (struct err){.code = ERR_NONE};
    if (!load_all(m, saved, e) || !targets_fit(m)) {
        if (e->code != ERR_NONE) return false;
        return err_set(e, ERR_CORRUPT, "XX001",
                       "the saved state is not of this model: it is "
                       "damaged, or the model was defined otherwise");
    }
    return true;
}
