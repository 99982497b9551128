/* scan_sets.h: the sets of scan.h that scan.c chooses among, for their files.
 *
 * Used by: scan_*.c.
 */
#ifndef ENGINE_EDGE_SCAN_SETS_H
#define ENGINE_EDGE_SCAN_SETS_H

#include "engine/edge/scan.h"

/* How far ahead of a sweep memory is asked for: the streams of the hardware end at each page. */
enum { PREFETCH_BYTES = 4096 };

/* Masks over a block of 64 bytes. */
struct block_lines {
    uint64_t feed, odd, high;
};
struct block_csv {
    uint64_t special, quotes, high;
};

extern const struct scan_kernels scan_sse, scan_avx2, scan_avx512;

#endif
