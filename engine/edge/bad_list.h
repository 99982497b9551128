/* bad_list.h: bad_list: the bad records of one batch, put in their order before they are told.
 *
 * A decoder finds some of them, the intake others, each on a way of its own over the batch; what is
 * told must not depend on where batches end.
 *
 * Lifetime: of the batch arena; bad_list_reset() before that is reset.
 *
 * Used by: in_bytes, in_files, intake, tap.    Tested by: tests/unit/edge/reader_test.c
 */
#ifndef ENGINE_EDGE_BAD_LIST_H
#define ENGINE_EDGE_BAD_LIST_H

#include "engine/base/arena.h"
#include "engine/edge/codec.h"
#include "engine/edge/saved.h"

struct bad_entry;

struct bad_list {
    struct arena *arena;
    struct bad_entry *entry;
    uint32_t count, capacity;
    uint32_t told; /* the first ones */
};

/* Empty, to be kept in `a`. */
void bad_list_reset(struct bad_list *l, struct arena *a);

/* `place`: what it is ordered by. The raw bytes are borrowed. */
bool bad_list_add(struct bad_list *l, uint64_t place, const struct decode_bad *b,
                  struct err *e) MUST_USE;

/* Tells those not told yet whose place is at most `place`, where they were added in order. */
bool bad_list_tell_to(struct bad_list *l, uint64_t place,
                      bool (*tell)(void *, const struct decode_bad *, struct err *), void *context,
                      struct err *e) MUST_USE;

/* Those not told yet as bytes, counted from `place` and row `row` on; and back, bytes copied. */
struct bad_from {
    uint64_t place;
    uint32_t row;
};
void bad_list_save(const struct bad_list *l, struct bad_from from, struct buf *out);
bool bad_list_load(struct bad_list *l, struct saved *s, struct err *e) MUST_USE;

/* Tells them in order of place, and is empty after it. */
bool bad_list_tell(struct bad_list *l,
                   bool (*tell)(void *, const struct decode_bad *, struct err *), void *context,
                   struct err *e) MUST_USE;

#endif
