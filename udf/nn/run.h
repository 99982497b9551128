/* run.h: net_run: the steps of a net for the shapes of a run, and their memory.
 *
 * A run is cut into segments. The first goes as far as shapes follow from the inputs' shapes; where
 * a shape depends on values (of an input, or computed by the steps so far) a new segment begins,
 * planned when those are there. Each segment keeps what it depended on (its keys): while the keys
 * stay the same the plan is used again, else it and all behind it are made anew.
 *
 * A segment's values lie in its block, each at an offset where nothing else lives as long as it
 * does; a value that a later segment or the caller needs keeps its place.
 *
 * Lifetime: net_run_create .. net_run_destroy.
 *
 * Used by: udf/nn/run.c, segment.c.    Tested by: tests/unit/udf/net_run_test.c
 */
#ifndef UDF_NN_RUN_H
#define UDF_NN_RUN_H

#include "udf/nn/planner.h"

enum place { PLACE_NONE, PLACE_INPUT, PLACE_KNOWN, PLACE_BLOCK };

/* Where a value is; beside the planner's view of it. */
struct placed {
    enum place place;
    uint32_t root;    /* the value whose memory this one is; itself, mostly */
    uint32_t segment; /* that planned it */
    size_t offset;    /* of a root in its segment's block */
};

/* A value or shape that a segment was planned for. */
struct run_key {
    uint32_t value;
    bool shape_only;
    struct tensor was;
};

/* A step's input that is the caller's memory. */
struct run_patch {
    struct tensor *tensor;
    uint32_t value; /* an input of the graph */
};

struct run_late {
    const struct tensor *from; /* a step's output, after it ran */
    uint32_t value;
};

struct segment {
    struct segment *next;
    uint32_t index, node_first, node_end;
    struct step **step;
    uint32_t steps;
    struct run_key *key;
    uint32_t keys, keys_room;
    struct run_patch *patch;
    uint32_t patches;
    struct run_late *late;
    uint32_t lates;
    struct arena plan;  /* all of the above, and the steps' state */
    struct arena block; /* values */
    char *at;           /* the block, aligned */
    size_t at_bytes;
};

struct net_run {
    const struct graph *graph;
    struct planner planner;
    struct placed *placed; /* [graph->values] */
    struct segment *first;
    struct segment *planning;
    struct arena arena;
    char **copy; /* [outputs] of an output that is an input */
    struct arena copies;
    bool keep_apart; /* tests: no memory is used twice */
};

/* Plans nodes from `s->node_first` on, until one waits; places their values. */
bool segment_plan(struct net_run *r, struct segment *s, struct err *e) MUST_USE;

/* Steps whose images are large and used once become chains (chain.h); before values are placed. */
bool segment_chain(struct net_run *r, struct segment *s, struct err *e) MUST_USE;

/* Remembers that the plan depends on a value (or only its shape). */
bool segment_depends(struct net_run *r, uint32_t value, bool shape_only, struct err *e) MUST_USE;

/* Is the plan good for the values and shapes of now? */
bool segment_holds(const struct net_run *r, const struct segment *s);

/* The plan is forgotten; memory is kept for the next. */
void segment_forget(struct net_run *r, struct segment *s);

#endif
