/* infer_run.c: a batch through the model.
 *
 * The arguments of each live row are one content, known by its hash (answers.h). Contents are
 * numbered as they come; an answer that is kept is taken, the others are computed, in runs of as
 * many rows as the plan says and of one version each. Then every use makes its column of the
 * answers, row by row, and the columns that are handed on go with them. A row with a NULL argument
 * gets NULLs; a row whose answer is an error leaves as a bad row.
 */
#include <string.h>

#include "engine/base/hash.h"
#include "engine/base/pack.h"
#include "engine/op/infer.h"
#include "engine/query_private.h"

#define ASKED_NONE UINT32_MAX

/* A content of the batch. */
struct asked {
    struct answer_key key;
    uint16_t row; /* the first that has it */
    bool known;
    struct model_answer answer;
};

struct work {
    struct op *op;
    const struct batch *in;
    struct column *arg;  /* [args] */
    uint32_t *slot;      /* [in->rows] content of a row, or ASKED_NONE */
    int64_t *version;    /* [in->rows] */
    struct asked *asked; /* [count] */
    uint32_t count;
    struct row_failure *failure; /* [failures] */
    uint32_t failures;
};

uint32_t infer_batch_rows(const struct infer *f) {
    uint32_t rows = f->plan->batch_rows > 0 ? f->plan->batch_rows : f->shared->model->batch_rows;
    return rows < 1 ? 1 : rows > BATCH_ROWS ? BATCH_ROWS : rows;
}

/* One text or image is hashed where it lies; else the arguments are packed first. */
bool infer_content(struct infer *f, const struct batch *in, uint32_t row, struct answer_key *key,
                   bool *null_out, struct err *e) {
    const struct plan_infer *p = f->plan;
    *key = (struct answer_key){.bound = 0};
    *null_out = true;
    for (uint32_t i = 0; i < p->args; i++) {
        if (!column_has(&in->col[p->arg_col[i]], row)) return true;
    }
    *null_out = false;
    const struct column *first = &in->col[p->arg_col[0]];
    if (p->args == 1 && type_rep(first->type) == REP_TEXT) {
        answer_hash(first->as.text[row].at, first->as.text[row].bytes, key);
        return true;
    }
    buf_reset(&f->packed);
    for (uint32_t i = 0; i < p->args; i++) {
        const struct column *c = &in->col[p->arg_col[i]];
        size_t bytes = pack_bytes(c, row);
        if (!buf_reserve(&f->packed, bytes)) return err_memory(e);
        pack_value(f->packed.at + f->packed.bytes, c, row, PACK_EXACT);
        f->packed.bytes += bytes;
    }
    answer_hash(f->packed.at, f->packed.bytes, key);
    return true;
}

/* The score floor's bits, which are never those of the floor with the model's own limits. */
static uint64_t bound_of(const struct plan_infer *p) {
    uint64_t bits;
    memcpy(&bits, &p->score_floor, sizeof bits);
    return bits << 1 | (p->limits_own ? 1 : 0);
}

bool infer_is_known(struct infer *f, const struct answer_key *key) {
    struct answer_key whole = *key;
    struct text unused;
    if (f->shared->model->learns) return false; /* which version is asked is not known yet */
    whole.version = f->shared->replaced;
    whole.bound = bound_of(f->plan);
    return answers_find(&f->shared->answers, &whole, &unused);
}

static bool work_begin(struct work *w, struct err *e) {
    struct arena *a = w->op->batch_arena;
    const struct plan_infer *p = &w->op->plan->as.infer;
    uint32_t rows = w->in->rows + 1;
    w->arg = ARENA_ARRAY(a, w->arg, p->args + 1);
    w->slot = ARENA_ARRAY(a, w->slot, rows);
    w->version = ARENA_ARRAY(a, w->version, rows);
    w->asked = ARENA_ARRAY(a, w->asked, w->in->live + 1);
    w->failure = ARENA_ARRAY(a, w->failure, w->in->live + 1);
    if (!w->arg || !w->slot || !w->version || !w->asked || !w->failure) return err_memory(e);
    for (uint32_t i = 0; i < p->args; i++) w->arg[i] = w->in->col[p->arg_col[i]];
    for (uint32_t r = 0; r < w->in->rows; r++) w->slot[r] = ASKED_NONE;
    return true;
}

/* Rows that ask for something, beside what they ask for. */
struct asking {
    struct answer_key *key; /* [count] */
    uint16_t *row;
    uint32_t *id; /* scratch */
    struct text *kept;
    uint64_t *is_new; /* bits */
    uint32_t count;
};

static bool asking_open(struct asking *q, struct arena *a, uint32_t rows, struct err *e) {
    *q = (struct asking){.count = 0};
    q->key = ARENA_ARRAY(a, q->key, rows);
    q->row = ARENA_ARRAY(a, q->row, rows);
    q->id = ARENA_ARRAY(a, q->id, rows);
    q->kept = ARENA_ARRAY(a, q->kept, rows);
    q->is_new = ARENA_ARRAY(a, q->is_new, bit_words(rows) + 1);
    return (q->key && q->row && q->id && q->kept && q->is_new) || err_memory(e);
}

/* The version of each live row, and the contents of those without a NULL. */
static bool ask_rows(struct work *w, struct asking *q, struct err *e) {
    struct infer *f = w->op->state;
    uint64_t bound = bound_of(f->plan);
    for (uint32_t i = 0; i < w->in->live; i++) {
        uint32_t row = batch_row(w->in, i);
        uint64_t ordinal = batch_ordinal(w->in, row) + f->source_before;
        uint64_t version = shared_model_version(f->shared, &f->reader, ordinal);
        w->version[row] = (int64_t)version;
        bool null = true;
        struct answer_key *key = &q->key[q->count];
        if (f->plan->args > 0 && !infer_content(f, w->in, row, key, &null, e)) return false;
        if (null) continue;
        key->version = version;
        key->bound = bound;
        q->row[q->count++] = (uint16_t)row;
    }
    return true;
}

/* Answers that are kept are taken: copied, for new ones will push them out. */
static bool take_known(struct work *w, struct asking *q, struct err *e) {
    struct infer *f = w->op->state;
    for (uint32_t i = 0; i < w->count; i++) q->key[i] = w->asked[i].key;
    answers_find_many(&f->shared->answers, q->key, w->count, q->id, q->kept);
    for (uint32_t i = 0; i < w->count; i++) {
        struct text kept = q->kept[i];
        if (!kept.at) continue;
        char *copy = arena_copy(w->op->batch_arena, kept.at, kept.bytes);
        if (!copy) return err_memory(e);
        w->asked[i].answer.bytes = (struct text){.at = copy, .bytes = kept.bytes};
        w->asked[i].known = true;
        w->op->runs.hits++;
    }
    return true;
}

/* Gives every live row the number of its content. */
static bool number_contents(struct work *w, struct err *e) {
    struct infer *f = w->op->state;
    struct asking q;
    if (!asking_open(&q, w->op->batch_arena, w->in->live + 1, e) || !ask_rows(w, &q, e)) {
        return false;
    }
    const struct map_keys keys = {.packed = (const char *)q.key, .count = q.count};
    map_reset(&f->asked);
    if (!map_put_many(&f->asked, &keys, q.id, q.is_new)) return err_memory(e);
    for (uint32_t i = 0; i < q.count; i++) {
        w->slot[q.row[i]] = q.id[i];
        if (!bit_get(q.is_new, i)) continue;
        assert(q.id[i] == w->count);
        w->asked[w->count++] = (struct asked){.key = q.key[i], .row = q.row[i]};
    }
    w->op->runs.hits += q.count - w->count;
    return take_known(w, &q, e);
}

/* The contents from *next on that one run computes: unknown ones of one version. */
static uint32_t run_pick(struct work *w, uint32_t *next, uint32_t room, uint32_t *id) {
    uint32_t count = 0;
    for (; *next < w->count && count < room; (*next)++) {
        const struct asked *x = &w->asked[*next];
        if (x->known) continue;
        if (count > 0 && x->key.version != w->asked[id[0]].key.version) break;
        id[count++] = *next;
    }
    return count;
}

static void count_run(struct op *op, uint32_t rows, int64_t us) {
    op->runs.runs++;
    op->runs.rows += rows;
    if (rows > op->runs.rows_max) op->runs.rows_max = rows;
    if (us > 0) op->runs.us += (uint64_t)us;
}

/* Has the contents id[count] computed and keeps what they gave. */
static bool run_some(struct work *w, const uint32_t *id, uint32_t count, struct err *e) {
    struct infer *f = w->op->state;
    struct arena *a = w->op->batch_arena;
    int64_t (*clock_us)(void) = w->op->query->options.clock_us;
    struct model_session *session = shared_model_session(f->shared, e);
    uint16_t *row = ARENA_ARRAY(a, row, count);
    struct model_answer *answer = ARENA_ARRAY(a, answer, count);
    if (!session) return false;
    if (!row || !answer) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) row[i] = w->asked[id[i]].row;
    struct model_run run = {.arg = w->arg,
                            .row = row,
                            .rows = count,
                            .version = f->shared->model->learns ? w->asked[id[0]].key.version : 0,
                            .score_floor = f->plan->score_floor,
                            .limits_own = f->plan->limits_own,
                            .answer = answer,
                            .arena = a};
    int64_t start_us = clock_us ? clock_us() : 0;
    if (!f->shared->model->type->run(session, &run, e)) return false;
    count_run(w->op, count, clock_us ? clock_us() - start_us : 0);
    for (uint32_t i = 0; i < count; i++) {
        struct asked *x = &w->asked[id[i]];
        x->answer = answer[i];
        x->known = true;
        if (!answer[i].sqlstate) answers_add(&f->shared->answers, &x->key, answer[i].bytes);
    }
    return true;
}

static bool run_unknown(struct work *w, struct err *e) {
    struct infer *f = w->op->state;
    uint32_t room = infer_batch_rows(f), next = 0;
    /* A model that computes row by row is called less often. */
    if (f->plan->batch_rows == 0 && room == 1) room = BATCH_ROWS;
    uint32_t *id = ARENA_ARRAY(w->op->batch_arena, id, room);
    if (!id) return err_memory(e);
    for (uint32_t count; (count = run_pick(w, &next, room, id)) > 0;) {
        if (!run_some(w, id, count, e)) return false;
    }
    return true;
}

static const struct asked *asked_of(const struct work *w, uint32_t row) {
    return w->slot[row] == ASKED_NONE ? NULL : &w->asked[w->slot[row]];
}

/* The live rows that are not bad. */
static bool select_good(struct work *w, struct batch *out, struct err *e) {
    uint16_t *sel = ARENA_ARRAY(w->op->batch_arena, sel, w->in->live + 1);
    if (!sel) return err_memory(e);
    out->sel = sel;
    out->live = 0;
    for (uint32_t i = 0; i < w->in->live; i++) {
        uint16_t row = (uint16_t)batch_row(w->in, i);
        const struct asked *x = asked_of(w, row);
        if (!x || !x->answer.sqlstate) {
            sel[out->live++] = row;
            continue;
        }
        struct row_failure *failure = &w->failure[w->failures++];
        *failure = (struct row_failure){.row = row, .message = x->answer.message};
        memcpy(failure->sqlstate, x->answer.sqlstate, sizeof failure->sqlstate - 1);
    }
    struct program_result r = {.failure = w->failure, .failures = w->failures};
    return w->failures == 0 || op_bad(w->op, w->in, &r, e);
}

/* A column of what one use makes of the answers. */
static bool make_value(struct work *w, const struct infer_use *use, const struct type *type,
                       struct column *out, struct err *e) {
    struct infer *f = w->op->state;
    const struct model *m = f->shared->model;
    struct column_builder b;
    if (use->version) {
        *out = (struct column){.type = type, .as.i64 = w->version};
        return true;
    }
    if (!builder_init(&b, w->op->batch_arena, type, w->in->rows)) return err_memory(e);
    for (uint32_t row = 0; row < w->in->rows; row++) {
        const struct asked *x = asked_of(w, row);
        uint32_t before = b.rows;
        if (!x || x->answer.sqlstate) {
            builder_null(&b);
        } else if (!m->type->value(m, &use->use, x->answer.bytes, &b, e)) {
            return false;
        }
        if (b.failed) return err_memory(e);
        assert(b.rows == before + 1);
    }
    return builder_column(&b, out) || err_memory(e);
}

static bool make_columns(struct work *w, struct batch *out, struct err *e) {
    const struct plan_infer *p = &w->op->plan->as.infer;
    const struct schema *s = w->op->plan->schema;
    struct column *col = ARENA_ARRAY(w->op->batch_arena, col, s->cols + 1);
    if (!col) return err_memory(e);
    assert(s->cols == p->passes + p->values);
    for (uint32_t i = 0; i < p->passes; i++) col[i] = w->in->col[p->pass_col[i]];
    for (uint32_t i = 0; i < p->values; i++) {
        const struct type *type = s->col[p->passes + i].type;
        if (!make_value(w, &p->value[i], type, &col[p->passes + i], e)) return false;
    }
    out->schema = s;
    out->col = col;
    return true;
}

bool infer_run(struct op *op, const struct batch *in, struct err *e) {
    struct infer *f = op->state;
    struct work w = {.op = op, .in = in};
    struct batch out = *in;
    if (in->rows == 0) return true;
    if (!work_begin(&w, e) || !number_contents(&w, e) || !run_unknown(&w, e)) return false;
    if (!select_good(&w, &out, e) || !make_columns(&w, &out, e)) return false;
    f->told_us = batch_watermark(in, in->rows - 1);
    shared_model_reached(f->shared, &f->reader,
                         batch_ordinal(in, in->rows - 1) + 1 + f->source_before);
    return in->change ? pairs_emit(&f->pairs, in, &out, e) : op_emit(op, &out, e);
}
