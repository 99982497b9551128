/* scan.c: which set of kernels a machine gets. */
#include "engine/edge/scan.h"

#include <assert.h>

#include "engine/base/attr.h"
#include "engine/edge/scan_sets.h"

/* From slow to fast. */
static const struct scan_kernels *const sets[] = {&scan_plain, &scan_sse, &scan_avx2, &scan_avx512};

uint32_t scan_usable(uint32_t cpu, const struct scan_kernels *out[4]) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < COUNT_OF(sets); i++) {
        if ((sets[i]->cpu & cpu) == sets[i]->cpu) out[n++] = sets[i];
    }
    assert(n >= 2);
    return n;
}

const struct scan_kernels *scan_best(uint32_t cpu) {
    const struct scan_kernels *usable[4];
    return usable[scan_usable(cpu, usable) - 1];
}
