/* scan_tmpl.c: the loops of scan.h over blocks of 64 bytes; included once per instruction set.
 *
 * The including file defines, with the target attribute DEFINE_FOR:
 *     static struct block_lines block_lines(const char *at);
 *     static struct block_csv block_csv(const char *at, const struct scan_csv *c);
 * where the blocks are masks over the 64 bytes at `at`.
 */

/* Line feeds of one block: two are stored without asking whether they are there, since most blocks
 * have none or one and which is not predictable. */
DEFINE_FOR static inline uint32_t feeds_store(uint64_t feed, uint32_t block_at, uint32_t *out) {
    uint32_t count = (uint32_t)__builtin_popcountll(feed);
    const uint64_t guard = UINT64_C(1) << 63;
    out[0] = block_at + (uint32_t)__builtin_ctzll(feed | guard);
    feed &= feed - 1;
    out[1] = block_at + (uint32_t)__builtin_ctzll(feed | guard);
    if (likely(count <= 2)) return count;
    for (uint32_t i = 1; i < count; i++, feed &= feed - 1) {
        out[i] = block_at + (uint32_t)__builtin_ctzll(feed);
    }
    return count;
}

DEFINE_FOR static void lines(const char *at, uint32_t bytes, uint32_t lines_max,
                             struct scan_lines *out) {
    assert(bytes <= SCAN_CHUNK_BYTES && lines_max <= SCAN_LINES_MAX);
    uint32_t found = 0, odd_before = 0;
    uint64_t high = 0;
    for (uint32_t i = 0; i < bytes && found < lines_max; i += SCAN_BLOCK_BYTES) {
        __builtin_prefetch(at + i + PREFETCH_BYTES);
        struct block_lines b = block_lines(at + i);
        if (unlikely(bytes - i < SCAN_BLOCK_BYTES)) {
            uint64_t there = (UINT64_C(1) << (bytes - i)) - 1;
            b.feed &= there;
            b.odd &= there;
            b.high &= there;
        }
        high |= b.high;
        out->odd[i / SCAN_BLOCK_BYTES] = b.odd;
        out->rank[i / SCAN_BLOCK_BYTES] = odd_before;
        odd_before += (uint32_t)__builtin_popcountll(b.odd);
        found += feeds_store(b.feed, i, out->end + found);
    }
    out->lines = found < lines_max ? found : lines_max;
    out->high = high != 0;
}

DEFINE_FOR static void csv(const char *at, uint32_t bytes, struct scan_csv *io) {
    assert(bytes <= SCAN_CSV_BLOCKS * SCAN_BLOCK_BYTES);
    uint64_t high = 0;
    for (uint32_t i = 0; i < bytes; i += SCAN_BLOCK_BYTES) {
        struct block_csv b = block_csv(at + i, io);
        uint64_t there = ~UINT64_C(0);
        if (unlikely(bytes - i < SCAN_BLOCK_BYTES)) there = (UINT64_C(1) << (bytes - i)) - 1;
        io->special[i / SCAN_BLOCK_BYTES] = b.special & there;
        io->quotes[i / SCAN_BLOCK_BYTES] = b.quotes & there;
        high |= b.high & there;
    }
    io->high = high != 0;
}
