/* assign.c: see assign.h. The Hungarian method in the form of Jonker and Volgenant 1987: lefts join
 * one after another, each by the cheapest path of exchanges, found as Dijkstra does over costs that
 * prices keep from being negative. A pair costs ASSIGN_WEIGHT_MAX less its weight. Staying alone is
 * a right of one's own that costs ASSIGN_WEIGHT_MAX, so every left finds a place and a search ends
 * where the conflict ends.
 */
#include "engine/op/assign.h"

#include <assert.h>
#include <string.h>

enum { NEW, REACHED, SETTLED };

struct search {
    const struct assign_graph *g;
    uint32_t rights;      /* and then one of each left's own */
    uint32_t *right;      /* [lefts] */
    uint32_t *left;       /* [rights] whose it is, or ASSIGN_NONE */
    int64_t *left_price;  /* [lefts] */
    int64_t *right_price; /* [rights] */
    int64_t *cost;        /* [rights] of the cheapest path to it, so far */
    uint32_t *from;       /* [rights] the left before it on that path */
    uint8_t *state;       /* [rights] */
    uint32_t *reached;    /* [reaches] every right that is not NEW */
    uint32_t reaches;
};

static bool search_open(struct search *s, struct arena *a) {
    uint32_t lefts = s->g->lefts;
    s->rights = s->g->rights + lefts;
    s->right = ARENA_ARRAY(a, s->right, lefts + 1);
    s->left = ARENA_ARRAY(a, s->left, s->rights + 1);
    s->left_price = ARENA_ARRAY(a, s->left_price, lefts + 1);
    s->right_price = ARENA_ARRAY(a, s->right_price, s->rights + 1);
    s->cost = ARENA_ARRAY(a, s->cost, s->rights + 1);
    s->from = ARENA_ARRAY(a, s->from, s->rights + 1);
    s->state = ARENA_ARRAY(a, s->state, s->rights + 1);
    s->reached = ARENA_ARRAY(a, s->reached, s->rights + 1);
    if (!s->right || !s->left || !s->left_price || !s->right_price) return false;
    if (!s->cost || !s->from || !s->state || !s->reached) return false;
    for (uint32_t i = 0; i < lefts; i++) s->right[i] = ASSIGN_NONE;
    for (uint32_t i = 0; i < s->rights; i++) s->left[i] = ASSIGN_NONE;
    return true;
}

static void reach(struct search *s, uint32_t left, uint32_t right, int64_t cost) {
    cost -= s->left_price[left] + s->right_price[right];
    if (s->state[right] == SETTLED) return;
    if (s->state[right] == REACHED && s->cost[right] <= cost) return;
    if (s->state[right] == NEW) s->reached[s->reaches++] = right;
    s->state[right] = REACHED;
    s->cost[right] = cost;
    s->from[right] = left;
}

/* All that `left` may have, when getting to it costs `cost`. */
static void reach_all(struct search *s, uint32_t left, int64_t cost) {
    const struct assign_graph *g = s->g;
    for (uint32_t i = g->first[left]; i < g->first[left + 1]; i++) {
        const struct assign_pair *p = &g->pair[i];
        assert(p->right < g->rights && p->weight > 0 && p->weight <= ASSIGN_WEIGHT_MAX);
        reach(s, left, p->right, cost + ASSIGN_WEIGHT_MAX - p->weight);
    }
    reach(s, left, g->rights + left, cost + ASSIGN_WEIGHT_MAX);
}

/* The cheapest right that is reached and not settled; there always is one. */
static uint32_t settle_next(struct search *s) {
    uint32_t best = ASSIGN_NONE;
    for (uint32_t i = 0; i < s->reaches; i++) {
        uint32_t r = s->reached[i];
        if (s->state[r] == SETTLED) continue;
        if (best == ASSIGN_NONE || s->cost[r] < s->cost[best]) best = r;
    }
    assert(best != ASSIGN_NONE);
    s->state[best] = SETTLED;
    return best;
}

/* Prices after a search that ended at cost `end`, so that no pair becomes cheaper than free. */
static void settle_prices(struct search *s, uint32_t start, int64_t end) {
    s->left_price[start] += end;
    for (uint32_t i = 0; i < s->reaches; i++) {
        uint32_t r = s->reached[i];
        if (s->state[r] == SETTLED && s->left[r] != ASSIGN_NONE) {
            s->left_price[s->left[r]] += end - s->cost[r];
            s->right_price[r] -= end - s->cost[r];
        }
        s->state[r] = NEW;
    }
    s->reaches = 0;
}

static void join(struct search *s, uint32_t start) {
    uint32_t end;
    reach_all(s, start, 0);
    while (s->left[end = settle_next(s)] != ASSIGN_NONE) reach_all(s, s->left[end], s->cost[end]);
    settle_prices(s, start, s->cost[end]);
    for (uint32_t left = ASSIGN_NONE; left != start;) { /* each takes the right it was reached by */
        left = s->from[end];
        uint32_t before = s->right[left];
        s->left[end] = left;
        s->right[left] = end;
        end = before;
    }
}

bool assign(const struct assign_graph *g, uint32_t *right_out, struct arena *scratch) {
    struct search s = {.g = g};
    struct arena_mark mark = arena_mark(scratch);
    if (!search_open(&s, scratch)) return false;
    for (uint32_t i = 0; i < g->lefts; i++) join(&s, i);
    for (uint32_t i = 0; i < g->lefts; i++) {
        right_out[i] = s.right[i] < g->rights ? s.right[i] : ASSIGN_NONE;
    }
    arena_rewind(scratch, mark);
    return true;
}
