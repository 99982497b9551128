/* pace.h: pace: how many rows of a generator with a rate are due.
 *
 * Used by: in_nexmark, in_datagen.
 */
#ifndef ENGINE_EDGE_PACE_H
#define ENGINE_EDGE_PACE_H

#include <stdint.h>

struct pace {
    double per_second; /* 0: as many as wanted */
    int64_t begun_us;  /* the clock at the first question; 0: not asked yet */
    uint64_t before;   /* rows that were made before it */
};

/* Of `wanted` rows behind the `made` ones, those that are due at now_us. */
static inline uint32_t pace_due(struct pace *p, int64_t now_us, uint64_t made, uint32_t wanted) {
    if (p->per_second <= 0) return wanted;
    if (p->begun_us == 0) p->begun_us = now_us;
    double due =
        (double)(now_us - p->begun_us) * 1e-6 * p->per_second + 1 - (double)(made - p->before);
    if (due < 1) return 0;
    return due < wanted ? (uint32_t)due : wanted;
}

#endif
