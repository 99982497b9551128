/* segment.c: see run.h: plans a segment and places its values.
 *
 * Values are placed in the order of the steps: a step's outputs and scratch are taken while its
 * inputs are still there, then those inputs are given back that nobody uses later. An output may
 * take over the place of an input that ends with the step, if the layer allows it and both are of
 * one size.
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/memory.h"
#include "udf/nn/run.h"
#include "udf/nn/step.h"

/* As the last use of a root. */
static const uint32_t FOREVER = UINT32_MAX, GONE = UINT32_MAX - 1;
static const size_t block_bytes_max = (size_t)4 << 30;

bool segment_depends(struct net_run *r, uint32_t value, bool shape_only, struct err *e) {
    struct segment *s = r->planning;
    for (uint32_t i = 0; i < s->keys; i++) {
        if (s->key[i].value == value && s->key[i].shape_only == shape_only) return true;
    }
    if (s->keys == s->keys_room) {
        uint32_t room = s->keys_room ? 2 * s->keys_room : 8;
        struct run_key *key = ARENA_ARRAY(&s->plan, key, room);
        if (!key) return err_memory(e);
        if (s->keys > 0) memcpy(key, s->key, s->keys * sizeof *key);
        s->key = key;
        s->keys_room = room;
    }
    struct run_key k = {.value = value, .shape_only = shape_only};
    k.was = r->planner.value[value].t;
    if (!shape_only) {
        k.was.at = arena_copy(&s->plan, k.was.at, tensor_bytes(&k.was));
        if (!k.was.at) return err_memory(e);
    }
    s->key[s->keys++] = k;
    return true;
}

bool segment_holds(const struct net_run *r, const struct segment *s) {
    for (uint32_t i = 0; i < s->keys; i++) {
        const struct run_key *k = &s->key[i];
        const struct tensor *is = &r->planner.value[k->value].t;
        if (is->type != k->was.type || !shape_equal(&is->shape, &k->was.shape)) return false;
        if (k->shape_only) continue;
        assert(is->at);
        if (memcmp(is->at, k->was.at, tensor_bytes(is)) != 0) return false;
    }
    return true;
}

void segment_forget(struct net_run *r, struct segment *s) {
    for (uint32_t v = 0; v < r->graph->values; v++) {
        if (r->placed[v].place == PLACE_NONE || r->placed[v].segment != s->index) continue;
        if (r->graph->value[v].maker == GRAPH_NONE) continue;
        r->placed[v].place = PLACE_NONE;
        r->planner.value[v] = (struct planned){.t.shape.rank = SHAPE_UNKNOWN};
    }
    s->steps = s->keys = s->keys_room = s->patches = s->lates = 0;
    arena_reset(&s->plan);
}

/* A node that uses a value whose shape the last segment's run said depends on that shape. */
static bool late_inputs(struct net_run *r, const struct node *n, struct err *e) {
    for (uint32_t i = 0; i < n->ins; i++) {
        uint32_t v = n->in[i];
        if (v == GRAPH_NONE || r->graph->value[v].maker == GRAPH_NONE) continue;
        const struct node *maker = &r->graph->node[r->graph->value[v].maker];
        bool late = maker->layer->flags & LAYER_LATE;
        if (late && !segment_depends(r, v, true, e)) return false;
    }
    return true;
}

/* Output 0 is input 0 in another shape. */
static void place_view(struct net_run *r, const struct segment *s, const struct step *step) {
    const struct placed *from = &r->placed[step->node->in[0]];
    uint32_t out = step->node->out[0];
    r->placed[out] = (struct placed){
        .place = from->place, .root = from->root, .segment = s->index, .offset = from->offset};
    if (from->place == PLACE_KNOWN) r->planner.value[out].t.at = step->in[0].at;
}

static void place_own(struct net_run *r, const struct segment *s, const struct node *n,
                      enum place place) {
    for (uint32_t i = 0; i < n->outs; i++) {
        if (n->out[i] == GRAPH_NONE) continue;
        r->placed[n->out[i]] =
            (struct placed){.place = place, .root = n->out[i], .segment = s->index};
    }
}

/* Plans nodes until one waits, or the shape of the last is late. */
static bool plan_nodes(struct net_run *r, struct segment *s, struct err *e) {
    uint32_t n = s->node_first;
    s->step = ARENA_ARRAY(&s->plan, s->step, r->graph->nodes - n + 1);
    if (!s->step) return err_memory(e);
    for (; n < r->graph->nodes; n++) {
        const struct node *node = &r->graph->node[n];
        struct step *step = NULL;
        if (s->lates > 0) break;
        if (!late_inputs(r, node, e)) return false;
        enum plan_outcome how = planner_node(&r->planner, n, &step, e);
        if (how == PLAN_FAILED) return false;
        if (how == PLAN_WAITS) break;
        if (how == PLAN_FOLDED) {
            place_own(r, s, node, PLACE_KNOWN);
        } else if (step->view) {
            place_view(r, s, step);
        } else {
            place_own(r, s, node, PLACE_BLOCK);
            s->step[s->steps++] = step;
            s->lates += (node->layer->flags & LAYER_LATE) != 0;
        }
    }
    s->node_end = n;
    return n > s->node_first ||
           err_set(e, ERR_SQL, "22023", "node \"%.*s\" needs a value that nothing gives",
                   TEXT_ARG(r->graph->node[n].name));
}

/* The last step that uses each root of this segment. */
static void note_uses(const struct net_run *r, const struct segment *s, uint32_t *last) {
    for (uint32_t i = 0; i < s->steps; i++) {
        const struct node *n = s->step[i]->node;
        for (uint32_t k = 0; k < n->outs; k++) {
            if (n->out[k] != GRAPH_NONE) last[n->out[k]] = i;
        }
        for (uint32_t k = 0; k < n->ins; k++) {
            if (n->in[k] != GRAPH_NONE) last[r->placed[n->in[k]].root] = i;
        }
    }
    for (uint32_t n = s->node_end; n < r->graph->nodes; n++) {
        for (uint32_t k = 0; k < r->graph->node[n].ins; k++) {
            uint32_t v = r->graph->node[n].in[k];
            if (v != GRAPH_NONE && r->placed[v].place == PLACE_BLOCK) {
                last[r->placed[v].root] = FOREVER;
            }
        }
    }
    for (uint32_t i = 0; i < r->graph->outputs; i++) {
        uint32_t v = r->graph->output[i];
        if (r->placed[v].place != PLACE_NONE) last[r->placed[v].root] = FOREVER;
    }
}

struct placer {
    struct net_run *run;
    struct segment *segment;
    struct memory_pool pool;
    uint32_t *last; /* [values] */
};

static size_t root_bytes(const struct placer *p, uint32_t root) {
    return tensor_bytes(&p->run->planner.value[root].t);
}

/* What is read after it was overwritten: the same memory as another input of a layer that does not
 * go element by element. */
static bool read_elsewhere(const struct placer *p, const struct step *s, uint32_t k) {
    uint32_t root = p->run->placed[s->node->in[k]].root;
    if (s->node->layer->flags & LAYER_EACH) return false;
    for (uint32_t i = 0; i < s->node->ins; i++) {
        if (i != k && step_has(s, i) && p->run->placed[s->node->in[i]].root == root) return true;
    }
    return false;
}

/* May output 0 of step i lie where input k does? */
static bool takes_over(const struct placer *p, uint32_t i, uint32_t k) {
    const struct step *s = p->segment->step[i];
    if (!step_has(s, k) || p->run->keep_apart || read_elsewhere(p, s, k)) return false;
    const struct placed *in = &p->run->placed[s->node->in[k]];
    bool ends = in->place == PLACE_BLOCK && p->last[in->root] == i;
    bool ours = ends && p->run->placed[in->root].segment == p->segment->index;
    return ours && root_bytes(p, in->root) == tensor_bytes(&s->out[0]);
}

/* The input whose place output 0 takes over; GRAPH_NONE: none. */
static uint32_t taken_over(const struct placer *p, uint32_t i) {
    static const struct {
        uint32_t flag, input;
    } ways[] = {{LAYER_IN_PLACE, 0}, {LAYER_IN_PLACE_1, 1}, {LAYER_IN_PLACE_3, 3}};
    uint32_t flags = p->segment->step[i]->node->layer->flags;
    for (size_t w = 0; w < COUNT_OF(ways); w++) {
        if (flags & ways[w].flag && takes_over(p, i, ways[w].input)) return ways[w].input;
    }
    return GRAPH_NONE;
}

static bool place_outputs(struct placer *p, uint32_t i, struct err *e) {
    const struct step *s = p->segment->step[i];
    for (uint32_t k = 0; k < s->node->outs; k++) {
        if (!step_gives(s, k)) continue;
        struct placed *out = &p->run->placed[s->node->out[k]];
        uint32_t in = k == 0 ? taken_over(p, i) : GRAPH_NONE;
        if (in != GRAPH_NONE) {
            uint32_t root = p->run->placed[s->node->in[in]].root;
            out->offset = p->run->placed[root].offset;
            p->last[root] = GONE;
        } else if (!memory_take(&p->pool, tensor_bytes(&s->out[k]), &out->offset)) {
            return err_memory(e);
        }
    }
    return true;
}

static bool give_root(struct placer *p, uint32_t root, uint32_t i) {
    const struct placed *at = &p->run->placed[root];
    if (at->place != PLACE_BLOCK || at->segment != p->segment->index || p->last[root] != i) {
        return true;
    }
    p->last[root] = GONE;
    if (p->run->keep_apart) return true;
    return memory_give(&p->pool, at->offset, root_bytes(p, root));
}

static bool give_ended(struct placer *p, uint32_t i, struct err *e) {
    const struct node *n = p->segment->step[i]->node;
    for (uint32_t k = 0; k < n->ins; k++) {
        if (n->in[k] == GRAPH_NONE) continue;
        if (!give_root(p, p->run->placed[n->in[k]].root, i)) return err_memory(e);
    }
    for (uint32_t k = 0; k < n->outs; k++) {
        if (n->out[k] == GRAPH_NONE) continue;
        if (!give_root(p, n->out[k], i)) return err_memory(e);
    }
    return true;
}

/* Places of all values, and of each step's scratch (kept as an offset until the block is there). */
static bool place_all(struct placer *p, size_t *scratch_at, struct err *e) {
    struct segment *s = p->segment;
    for (uint32_t i = 0; i < s->steps; i++) {
        if (!place_outputs(p, i, e)) return false;
        size_t bytes = s->step[i]->scratch_bytes;
        if (!memory_take(&p->pool, bytes, &scratch_at[i])) return err_memory(e);
        if (!p->run->keep_apart && !memory_give(&p->pool, scratch_at[i], bytes)) {
            return err_memory(e);
        }
        if (!give_ended(p, i, e)) return false;
        if (p->pool.end > block_bytes_max) {
            return err_set(e, ERR_LIMIT, "54000", "a run of the network would take %zu MiB",
                           p->pool.end >> 20);
        }
    }
    return true;
}

static bool block_ready(struct segment *s, size_t bytes, struct err *e) {
    if (s->at && s->at_bytes >= bytes) return true;
    arena_done(&s->block);
    s->at = NULL;
    char *at = arena_alloc(&s->block, bytes + MEMORY_ALIGN);
    if (!at) return err_memory(e);
    s->at = at + (MEMORY_ALIGN - (uintptr_t)at % MEMORY_ALIGN);
    s->at_bytes = bytes;
    return true;
}

/* Where a value is, once its segment has its block. */
static void *address(const struct net_run *r, const struct segment *s, uint32_t v) {
    const struct placed *at = &r->placed[v];
    if (at->place != PLACE_BLOCK || r->placed[at->root].segment != s->index) {
        return r->planner.value[at->place == PLACE_KNOWN ? v : at->root].t.at;
    }
    return s->at + r->placed[at->root].offset;
}

static void addresses_set(struct net_run *r, struct segment *s) {
    for (uint32_t n = s->node_first; n < s->node_end; n++) {
        const struct node *node = &r->graph->node[n];
        for (uint32_t i = 0; i < node->outs; i++) {
            uint32_t v = node->out[i];
            if (v != GRAPH_NONE && r->placed[v].place == PLACE_BLOCK) {
                r->planner.value[v].t.at = address(r, s, v);
            }
        }
    }
}

static bool steps_join(struct net_run *r, struct segment *s, const size_t *scratch_at,
                       struct err *e) {
    uint32_t ins = 0;
    for (uint32_t i = 0; i < s->steps; i++) ins += s->step[i]->node->ins;
    s->patch = ARENA_ARRAY(&s->plan, s->patch, ins + 1);
    s->late = ARENA_ARRAY(&s->plan, s->late, s->steps + 1);
    if (!s->patch || !s->late) return err_memory(e);
    s->lates = 0;
    for (uint32_t i = 0; i < s->steps; i++) {
        struct step *step = s->step[i];
        const struct node *n = step->node;
        step->scratch = s->at + scratch_at[i];
        for (uint32_t k = 0; k < n->ins; k++) {
            if (n->in[k] == GRAPH_NONE) continue;
            const struct placed *from = &r->placed[n->in[k]];
            step->in[k].at = address(r, s, n->in[k]);
            if (from->place != PLACE_INPUT) continue;
            s->patch[s->patches++] = (struct run_patch){&step->in[k], from->root};
        }
        for (uint32_t k = 0; k < n->outs; k++) {
            if (n->out[k] != GRAPH_NONE) step->out[k].at = address(r, s, n->out[k]);
        }
        if (n->layer->flags & LAYER_LATE) {
            s->late[s->lates++] = (struct run_late){&step->out[0], n->out[0]};
        }
    }
    return true;
}

bool segment_plan(struct net_run *r, struct segment *s, struct err *e) {
    struct placer p = {.run = r, .segment = s, .pool.arena = &s->plan};
    r->planning = s;
    r->planner.arena = &s->plan;
    r->planner.folded_bytes = 0;
    if (!plan_nodes(r, s, e) || !segment_chain(r, s, e)) return false;
    size_t *scratch_at = ARENA_ARRAY(&s->plan, scratch_at, s->steps + 1);
    p.last = ARENA_ARRAY(&s->plan, p.last, r->graph->values + 1);
    if (!scratch_at || !p.last) return err_memory(e);
    note_uses(r, s, p.last);
    if (!place_all(&p, scratch_at, e) || !block_ready(s, p.pool.end, e)) return false;
    addresses_set(r, s);
    return steps_join(r, s, scratch_at, e);
}
