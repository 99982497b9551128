/* aggregate_confusion.c: scores of classifiers that count labels: PRECISION_SCORE, RECALL_SCORE,
 * F1_SCORE, CONFUSION_MATRIX.
 *
 * A state is a table of cells, one for each pair (label, predicted) that occurred, found by hash of
 * the packed pair; counts are exact, so rows and panes can be taken back. Rows in which either
 * value is NULL do not count.
 *
 * Scores are of one label, the positive one, where it is given or the labels are BOOLEAN (TRUE);
 * else the mean over all labels that occur on either side, each label weighing the same ("macro").
 * What would divide by zero is 0, as in scikit-learn.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/builder.h"
#include "engine/base/hash.h"
#include "engine/base/pack.h"
#include "udf/aggregate.h"

enum { PREDICTED, LABEL, POSITIVE }; /* arguments */
enum { SLOTS_MIN = 16 };

struct cell {
    int64_t count;
    uint64_t hash;
    uint32_t label_bytes, predicted_bytes;
    char data[]; /* label, predicted: packed */
};

struct confusion {
    struct cell **slot; /* [slots] open addressing */
    uint32_t slots;     /* 0 or a power of two, at least twice `used` */
    uint32_t used;
};

static struct text cell_label(const struct cell *x) {
    return (struct text){x->data, x->label_bytes};
}

static struct text cell_predicted(const struct cell *x) {
    return (struct text){x->data + x->label_bytes, x->predicted_bytes};
}

static struct text cell_pair(const struct cell *x) {
    return (struct text){x->data, x->label_bytes + x->predicted_bytes};
}

/* Where a cell of this pair is, or would be. */
static struct cell **slot_of(const struct confusion *s, const struct cell *like) {
    uint32_t mask = s->slots - 1, at = (uint32_t)like->hash & mask;
    for (; s->slot[at]; at = (at + 1) & mask) {
        const struct cell *x = s->slot[at];
        if (x->hash == like->hash && text_equal(cell_pair(x), cell_pair(like))) break;
    }
    return &s->slot[at];
}

/* Room for one cell more. */
static bool slots_reserve(const struct agg_call *c, struct confusion *s, struct err *e) {
    if (s->slots >= 2 * (s->used + 1)) return true;
    struct confusion wider = {.slots = s->slots ? s->slots * 2 : SLOTS_MIN, .used = s->used};
    wider.slot = ARENA_ARRAY(c->arena, wider.slot, wider.slots);
    if (!wider.slot) return err_memory(e);
    for (uint32_t i = 0; i < s->slots; i++) {
        if (s->slot[i]) *slot_of(&wider, s->slot[i]) = s->slot[i];
    }
    *s = wider;
    return true;
}

static struct cell *cell_new(const struct agg_call *c, size_t label, size_t predicted,
                             struct err *e) {
    struct cell *x = NULL;
    if (label + predicted <= UINT32_MAX) x = arena_alloc(c->arena, sizeof *x + label + predicted);
    if (!x) {
        err_memory(e);
        return NULL;
    }
    *x = (struct cell){.label_bytes = (uint32_t)label, .predicted_bytes = (uint32_t)predicted};
    return x;
}

/* The row's pair as a new cell, which is given back where there is one already. */
static bool row_count(const struct agg_call *c, struct confusion *s, const struct column *arg,
                      uint32_t row, int64_t by, struct err *e) {
    if (!slots_reserve(c, s, e)) return false;
    struct arena_mark mark = arena_mark(c->arena);
    size_t label = pack_bytes(&arg[LABEL], row), predicted = pack_bytes(&arg[PREDICTED], row);
    struct cell *x = cell_new(c, label, predicted, e);
    if (!x) return false;
    pack_value(pack_value(x->data, &arg[LABEL], row, PACK_KEY), &arg[PREDICTED], row, PACK_KEY);
    x->hash = hash_bytes(x->data, label + predicted);
    struct cell **slot = slot_of(s, x);
    if (*slot) {
        arena_rewind(c->arena, mark);
    } else {
        *slot = x;
        s->used++;
    }
    (*slot)->count += by;
    return true;
}

static bool rows_count(const struct agg_call *c, const struct agg_rows *in, int64_t by,
                       struct err *e) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        if (!column_has(&in->arg[LABEL], row) || !column_has(&in->arg[PREDICTED], row)) continue;
        if (!row_count(c, in->state[i], in->arg, row, by, e)) return false;
    }
    return true;
}

static bool confusion_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    return rows_count(c, in, 1, e);
}

static bool confusion_remove(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    return rows_count(c, in, -1, e);
}

/* Adds `times` times another state's counts. */
static bool cells_count(const struct agg_call *c, struct confusion *into,
                        const struct confusion *from, int64_t times, struct err *e) {
    for (uint32_t i = 0; i < from->slots; i++) {
        const struct cell *x = from->slot[i];
        if (!x) continue;
        if (!slots_reserve(c, into, e)) return false;
        struct cell **slot = slot_of(into, x);
        if (!*slot) {
            struct cell *copy = cell_new(c, x->label_bytes, x->predicted_bytes, e);
            if (!copy) return false;
            copy->hash = x->hash;
            memcpy(copy->data, x->data, cell_pair(x).bytes);
            *slot = copy;
            into->used++;
        }
        (*slot)->count += times * x->count;
    }
    return true;
}

static bool confusion_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    return cells_count(c, into, from, 1, e);
}

static bool confusion_unmerge(const struct agg_call *c, void *into, const void *first,
                              struct err *e) {
    return cells_count(c, into, first, -1, e);
}

/* What is known of one label. */
struct tally {
    struct text label;
    int64_t hit, predicted, actual;
};

static int tally_order(const void *a, const void *b) {
    const struct tally *x = a, *y = b;
    return text_compare(x->label, y->label);
}

/* A tally for each label that occurs, in the order of their bytes. NULL: no memory. */
static struct tally *tallies(struct arena *a, const struct confusion *s, uint32_t *count_out) {
    struct tally *t = arena_alloc(a, (2 * (size_t)s->used + 1) * sizeof *t);
    uint32_t n = 0, kept = 0;
    for (uint32_t i = 0; t && i < s->slots; i++) {
        const struct cell *x = s->slot[i];
        if (!x || x->count == 0) continue;
        struct text label = cell_label(x), predicted = cell_predicted(x);
        int64_t hit = text_equal(label, predicted) ? x->count : 0;
        t[n++] = (struct tally){.label = label, .hit = hit, .actual = x->count};
        t[n++] = (struct tally){.label = predicted, .predicted = x->count};
    }
    if (n > 0) qsort(t, n, sizeof *t, tally_order);
    for (uint32_t i = 0; i < n; i++) {
        if (kept > 0 && text_equal(t[kept - 1].label, t[i].label)) {
            t[kept - 1].hit += t[i].hit;
            t[kept - 1].predicted += t[i].predicted;
            t[kept - 1].actual += t[i].actual;
        } else {
            t[kept++] = t[i];
        }
    }
    *count_out = kept;
    return t;
}

static double ratio(int64_t part, int64_t of) {
    return of == 0 ? 0 : (double)part / (double)of;
}

static double precision_of(const struct tally *t) {
    return ratio(t->hit, t->predicted);
}

static double recall_of(const struct tally *t) {
    return ratio(t->hit, t->actual);
}

static double f1_of(const struct tally *t) {
    return ratio(2 * t->hit, t->predicted + t->actual);
}

/* The packed positive label, in `here` or the arena; at NULL: the mean over labels is wanted.
 * false: no memory. */
static bool positive_find(const struct agg_bind *b, struct arena *a, char here[2],
                          struct text *out) {
    *out = (struct text){NULL, 0};
    if (b->args > POSITIVE) {
        const struct column *v = b->constant[POSITIVE];
        size_t bytes = pack_bytes(v, 0);
        char *at = arena_alloc(a, bytes);
        if (!at) return false;
        pack_value(at, v, 0, PACK_KEY);
        *out = (struct text){at, (uint32_t)bytes};
    } else if (b->arg_type[LABEL]->id == TYPE_BOOLEAN) {
        here[0] = here[1] = 1; /* a value, and TRUE */
        *out = (struct text){here, 2};
    }
    return true;
}

typedef double score_fn(const struct tally *t);

static double score(const struct tally *t, uint32_t count, struct text positive, score_fn *of) {
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!positive.at) sum += of(&t[i]);
        if (positive.at && text_equal(t[i].label, positive)) return of(&t[i]);
    }
    return positive.at ? 0 : sum / (double)count;
}

/* What is needed on the way lives with the results. */
static bool scores(const struct agg_call *c, void *const *state, uint32_t count, score_fn *of,
                   struct column_builder *out, struct err *e) {
    char here[2];
    struct text positive;
    if (!positive_find(c->bind, out->arena, here, &positive)) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t labels;
        struct tally *t = tallies(out->arena, state[i], &labels);
        if (!t) return err_memory(e);
        if (labels == 0) {
            builder_null(out);
        } else {
            builder_f64(out, score(t, labels, positive, of));
        }
    }
    return !out->failed || err_memory(e);
}

#define DEFINE_SCORE(name, of)                                                                     \
    static bool name##_finish(const struct agg_call *c, void *const *state, uint32_t count,        \
                              struct column_builder *out, struct agg_failures *fail,               \
                              struct err *e) {                                                     \
        (void)fail;                                                                                \
        return scores(c, state, count, (of), out, e);                                              \
    }

DEFINE_SCORE(precision, precision_of)
DEFINE_SCORE(recall, recall_of)
DEFINE_SCORE(f1, f1_of)

static const struct type *positive_constant(const struct agg_bind *b, struct err *e) {
    if (b->args <= POSITIVE) return b->type;
    const struct column *v = b->constant[POSITIVE];
    if (v && column_has(v, 0)) return b->type;
    err_set(e, ERR_SQL, "22023", "the positive label must be a constant, and not NULL");
    return NULL;
}

/* The values of one state's cells, to be put in order. */
struct listing {
    struct column_builder label, predicted;
    struct column labels, predictions;
};

struct listed {
    const struct listing *of;
    uint32_t row;
    int64_t count;
};

static int listed_order(const void *a, const void *b) {
    const struct listed *x = a, *y = b;
    int by_label = column_compare(&x->of->labels, x->row, &y->of->labels, y->row);
    if (by_label != 0) return by_label;
    return column_compare(&x->of->predictions, x->row, &y->of->predictions, y->row);
}

/* Every cell with a count, by label and then by prediction. */
static bool listing_make(const struct confusion *s, const struct type *t, struct arena *a,
                         struct listing *l, struct listed **out) {
    struct listed *x = arena_alloc(a, ((size_t)s->used + 1) * sizeof *x);
    if (!x || !builder_init(&l->label, a, t, s->used + 1) ||
        !builder_init(&l->predicted, a, t, s->used + 1)) {
        return false;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->slots; i++) {
        const struct cell *cell = s->slot[i];
        if (!cell || cell->count == 0) continue;
        struct text label = cell_label(cell), predicted = cell_predicted(cell);
        if (!unpack_value(&label, &l->label) || !unpack_value(&predicted, &l->predicted)) {
            return false;
        }
        x[n] = (struct listed){.of = l, .row = n, .count = cell->count};
        n++;
    }
    if (!builder_column(&l->label, &l->labels) || !builder_column(&l->predicted, &l->predictions)) {
        return false;
    }
    if (n > 0) qsort(x, n, sizeof *x, listed_order);
    *out = x;
    return true;
}

static bool matrix_one(const struct agg_call *c, const struct confusion *s,
                       struct column_builder *out) {
    struct listing l;
    struct listed *x;
    if (!listing_make(s, c->bind->arg_type[LABEL], out->arena, &l, &x)) return false;
    struct column_builder *row = &out->child[0];
    uint32_t count = l.label.rows;
    for (uint32_t i = 0; i < count; i++) {
        builder_copy(&row->child[0], &l.labels, x[i].row);
        builder_copy(&row->child[1], &l.predictions, x[i].row);
        builder_i64(&row->child[2], x[i].count);
        builder_row(row);
    }
    if (count == 0) {
        builder_null(out);
    } else {
        builder_span(out, count);
    }
    return !out->failed;
}

static bool matrix_finish(const struct agg_call *c, void *const *state, uint32_t count,
                          struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        if (!matrix_one(c, state[i], out)) return err_memory(e);
    }
    return true;
}

/* For each cell: its count 8, bytes of label and prediction 4 and 4, the two. */
static bool confusion_save(const struct agg_call *c, const void *state, struct buf *out) {
    (void)c;
    const struct confusion *s = state;
    for (uint32_t i = 0; i < s->slots; i++) {
        const struct cell *x = s->slot[i];
        if (!x || x->count == 0) continue;
        buf_add(out, &x->count, sizeof x->count);
        buf_add(out, &x->label_bytes, sizeof x->label_bytes);
        buf_add(out, &x->predicted_bytes, sizeof x->predicted_bytes);
        buf_add_text(out, cell_pair(x));
    }
    return !out->failed;
}

/* One saved cell off the front of *saved. */
static bool cell_load(const struct agg_call *c, struct confusion *s, struct text *saved,
                      struct err *e) {
    int64_t count;
    uint32_t bytes[2];
    const uint32_t head = sizeof count + sizeof bytes;
    if (saved->bytes < head) goto damaged;
    memcpy(&count, saved->at, sizeof count);
    memcpy(bytes, saved->at + sizeof count, sizeof bytes);
    *saved = (struct text){saved->at + head, saved->bytes - head};
    if ((uint64_t)bytes[0] + bytes[1] > saved->bytes) goto damaged;
    if (!slots_reserve(c, s, e)) return false;
    struct cell *x = cell_new(c, bytes[0], bytes[1], e);
    if (!x) return false;
    memcpy(x->data, saved->at, cell_pair(x).bytes);
    x->hash = hash_bytes(x->data, cell_pair(x).bytes);
    x->count = count;
    struct cell **slot = slot_of(s, x);
    if (*slot) goto damaged;
    *slot = x;
    s->used++;
    *saved = (struct text){saved->at + cell_pair(x).bytes, saved->bytes - cell_pair(x).bytes};
    return true;
damaged:
    return err_set(e, ERR_CORRUPT, "XX001", "a saved table of labels is damaged");
}

static bool confusion_load(const struct agg_call *c, void *state, struct text saved,
                           struct err *e) {
    while (saved.bytes > 0) {
        if (!cell_load(c, state, &saved, e)) return false;
    }
    return true;
}

#define CONFUSION_ROW(fn, signature, text, shown, hook, end)                                       \
    {                                                                                              \
        .name = fn, .sig = signature, .doc = text, .example = shown, .flags = AGG_IN_PLACE,        \
        .state_bytes = sizeof(struct confusion), .type = hook, .add = confusion_add,               \
        .remove = confusion_remove, .merge = confusion_merge, .unmerge = confusion_unmerge,        \
        .finish = end##_finish, .save = confusion_save, .load = confusion_load                     \
    }

static const struct aggregate rows[] = {
    CONFUSION_ROW("precision_score", "precision_score(T, T, [T]) DOUBLE",
                  "Of (predicted, label [, positive]): the share of what was predicted positive "
                  "that is; without a positive label and BOOLEANs, the mean over all labels.",
                  "precision_score(p, y, 'a') = 1.0 "
                  "FROM (VALUES ('a', 'a'), ('b', 'a'), ('b', 'b'), ('b', 'b')) AS t(p, y)",
                  positive_constant, precision),
    CONFUSION_ROW("recall_score", "recall_score(T, T, [T]) DOUBLE",
                  "Of (predicted, label [, positive]): the share of what is positive that was "
                  "predicted so; without a positive label and BOOLEANs, the mean over all labels.",
                  "recall_score(p, y, 'a') = 0.5 "
                  "FROM (VALUES ('a', 'a'), ('b', 'a'), ('b', 'b'), ('b', 'b')) AS t(p, y)",
                  positive_constant, recall),
    CONFUSION_ROW("f1_score", "f1_score(T, T, [T]) DOUBLE",
                  "Of (predicted, label [, positive]): the harmonic mean of precision and recall; "
                  "without a positive label and BOOLEANs, the mean over all labels.",
                  "f1_score(p, y, 'b') = 0.8 "
                  "FROM (VALUES ('a', 'a'), ('b', 'a'), ('b', 'b'), ('b', 'b')) AS t(p, y)",
                  positive_constant, f1),
    CONFUSION_ROW("confusion_matrix",
                  "confusion_matrix(T, T) ARRAY<ROW<label T, predicted T, count BIGINT>>",
                  "Of (predicted, label): how often each pair occurred, by label, then prediction.",
                  "confusion_matrix(p, y)[3].count = 2 "
                  "FROM (VALUES ('a', 'a'), ('b', 'a'), ('b', 'b'), ('b', 'b')) AS t(p, y)",
                  NULL, matrix),
};

const struct agg_table aggregate_confusion_table = {.agg = rows, .count = COUNT_OF(rows)};
