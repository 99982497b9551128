/* A model's state, for checkpoints: all that the rows so far have made, byte for byte, so that
 * training goes on as if it had never stopped.
 *
 *     bytes    what
 *     8        "weirlrn1"
 *     4 4      kind; classes that follow, each as 4 (bytes) and its label
 *     8 8 8 4  rows, mini-batches, version, epoch
 *     8 8 8 8  the score since the last version: loss, rows, correct; rows
 *     1        1: training has begun, and there follow
 *     4 4 8      rows held back, rows of the mini-batch, the generator
 *     ...        their numbers and targets
 *     ...      the learner's own
 *
 * All as the machine stores it. What is held is checked against the model's definition, which is
 * not part of it.
 */
#include <string.h>

#include "udf/learn/learner.h"

static const char magic[8] = {'w', 'e', 'i', 'r', 'l', 'r', 'n', '1'};

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

enum { PARTS = 8 };

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
    return m->learner->load(m, &from, e) && from.bytes == 0;
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
    struct version *v = versions_new(m->versions, e);
    if (!v) return false;
    m->learner->copy(m, v->params);
    v->number = m->version;
    v->after = 0;
    v->rows = m->rows;
    v->classes = m->classes.count;
    return versions_publish(m->versions, &v, 1, e);
}
