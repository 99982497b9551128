/* aggregate_rank.c: ROC_AUC: the area under the receiver operating characteristic.
 *
 * It is the share of pairs, one positive row and one negative, in which the positive one has the
 * higher score, ties counting half (Mann and Whitney 1947; Hanley and McNeil 1982), computed from
 * the ranks of all scores. So a state keeps every score: a list of blocks, which is only added to.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/builder.h"
#include "udf/aggregate.h"

enum { PREDICTED, LABEL, BLOCK_SCORES = 30 };

struct block {
    struct block *before;
    double score[BLOCK_SCORES];
    uint32_t positive; /* bit i: of score[i] */
};

struct ranked {
    struct block *last; /* full but for its last count % BLOCK_SCORES */
    uint64_t count;
    int64_t outside; /* rows whose label is neither 0 nor 1, or whose score is NaN */
};

struct scored {
    double score;
    bool positive;
};

static bool score_put(const struct agg_call *c, struct ranked *s, const struct scored *x,
                      struct err *e) {
    uint32_t at = (uint32_t)(s->count % BLOCK_SCORES);
    if (at == 0) {
        struct block *b = ARENA_NEW(c->arena, b);
        if (!b) return err_memory(e);
        b->before = s->last;
        s->last = b;
    }
    s->last->score[at] = x->score;
    s->last->positive |= (uint32_t)x->positive << at;
    s->count++;
    return true;
}

static bool rank_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        struct ranked *s = in->state[i];
        if (!column_has(&in->arg[PREDICTED], row) || !column_has(&in->arg[LABEL], row)) continue;
        double label = in->arg[LABEL].as.f64[row];
        struct scored x = {in->arg[PREDICTED].as.f64[row], label == 1};
        if (isnan(x.score) || (label != 0 && label != 1)) s->outside++;
        if (!score_put(c, s, &x, e)) return false;
    }
    return true;
}

/* Scores in the last block of `left`; those before it are full. */
static uint32_t block_scores(uint64_t left) {
    return left % BLOCK_SCORES ? (uint32_t)(left % BLOCK_SCORES) : BLOCK_SCORES;
}

static struct scored block_score(const struct block *b, uint32_t i) {
    return (struct scored){b->score[i], b->positive >> i & 1};
}

static void scores_copy(const struct ranked *s, struct scored *out) {
    uint64_t left = s->count;
    for (const struct block *b = s->last; b; b = b->before) {
        uint32_t here = block_scores(left);
        left -= here;
        for (uint32_t i = 0; i < here; i++) out[left + i] = block_score(b, i);
    }
}

static struct scored *scores_list(struct arena *a, const struct ranked *s, struct err *e) {
    struct scored *x = ARENA_ARRAY(a, x, (size_t)s->count + 1);
    if (x) {
        scores_copy(s, x);
    } else {
        err_memory(e);
    }
    return x;
}

static bool rank_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    struct ranked *a = into;
    const struct ranked *b = from;
    uint64_t left = b->count;
    for (const struct block *x = b->last; x; x = x->before) {
        uint32_t here = block_scores(left);
        left -= here;
        for (uint32_t i = 0; i < here; i++) {
            struct scored one = block_score(x, i);
            if (!score_put(c, a, &one, e)) return false;
        }
    }
    a->outside += b->outside;
    return true;
}

static int scored_order(const void *a, const void *b) {
    double x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return (x > y) - (x < y);
}

/* Of scores in rising order; NaN: all rows are of one kind. */
static double area(const struct scored *x, uint64_t count) {
    double pairs = 0; /* won by the positive row, ties half */
    uint64_t negatives = 0, positives = 0;
    for (uint64_t i = 0; i < count;) {
        uint64_t tied_negatives = 0, tied_positives = 0, first = i;
        for (; i < count && x[i].score == x[first].score; i++) {
            tied_positives += x[i].positive;
            tied_negatives += !x[i].positive;
        }
        pairs += (double)tied_positives * ((double)negatives + (double)tied_negatives / 2);
        positives += tied_positives;
        negatives += tied_negatives;
    }
    return pairs / ((double)positives * (double)negatives);
}

/* The sorted copy lives with the result. */
static bool rank_one(const struct ranked *s, struct column_builder *out, struct err *e) {
    struct scored *x = scores_list(out->arena, s, e);
    if (!x) return false;
    qsort(x, s->count, sizeof *x, scored_order);
    double v = area(x, s->count);
    if (isnan(v)) {
        builder_null(out);
    } else {
        builder_f64(out, v);
    }
    return true;
}

static bool rank_finish(const struct agg_call *c, void *const *state, uint32_t count,
                        struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    for (uint32_t i = 0; i < count; i++) {
        const struct ranked *s = state[i];
        if (s->outside > 0) {
            agg_fail(fail, i, "22023", "roc_auc wants scores, and labels that are 0 or 1");
            builder_null(out);
        } else if (!rank_one(s, out, e)) {
            return false;
        }
    }
    return !out->failed || err_memory(e);
}

/* Rows outside 8, then a score 8 and its kind 1 a row, written from the last one to the first. */
static bool rank_save(const struct agg_call *c, const void *state, struct buf *out) {
    const struct ranked *s = state;
    const size_t each = sizeof(double) + 1;
    (void)c;
    buf_add(out, &s->outside, sizeof s->outside);
    if (!buf_reserve(out, (size_t)s->count * each)) return false;
    char *to = out->at + out->bytes;
    const struct block *b = s->last;
    for (uint64_t i = s->count; i > 0; i--) {
        uint32_t at = (uint32_t)((i - 1) % BLOCK_SCORES);
        memcpy(to + (i - 1) * each, &b->score[at], sizeof b->score[at]);
        to[(i - 1) * each + sizeof(double)] = (char)(b->positive >> at & 1);
        if (at == 0) b = b->before;
    }
    out->bytes += (size_t)s->count * each;
    return true;
}

static bool rank_load(const struct agg_call *c, void *state, struct text saved, struct err *e) {
    struct ranked *s = state;
    const uint32_t each = sizeof(double) + 1;
    if (saved.bytes < sizeof s->outside || (saved.bytes - sizeof s->outside) % each != 0) {
        return err_set(e, ERR_CORRUPT, "XX001", "a saved list of scores is damaged");
    }
    memcpy(&s->outside, saved.at, sizeof s->outside);
    for (uint32_t at = sizeof s->outside; at < saved.bytes; at += each) {
        struct scored x;
        memcpy(&x.score, saved.at + at, sizeof x.score);
        x.positive = saved.at[at + sizeof x.score] != 0;
        if (!score_put(c, s, &x, e)) return false;
    }
    return true;
}

static const struct aggregate rows[] = {
    {.name = "roc_auc",
     .sig = "roc_auc(DOUBLE, DOUBLE) DOUBLE",
     .doc = "Of (score, label 0 or 1): how often a positive row has the higher score than a "
            "negative one, ties counting half; NULL where all rows are of one kind.",
     .example = "roc_auc(p, y) = 0.75 "
                "FROM (VALUES (0.9, 1), (0.8, 0), (0.4, 1), (0.1, 0)) AS t(p, y)",
     .flags = AGG_IN_PLACE | AGG_LISTS,
     .state_bytes = sizeof(struct ranked),
     .add = rank_add,
     .merge = rank_merge,
     .finish = rank_finish,
     .save = rank_save,
     .load = rank_load},
};

const struct agg_table aggregate_rank_table = {.agg = rows, .count = COUNT_OF(rows)};
