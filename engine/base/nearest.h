/* nearest.h: the known name that a misspelt one is nearest to: "Perhaps you meant".
 *
 * Every known name is offered in turn; of equally near ones the first is kept. A name that differs
 * in more than a third of the letters is another word and no misspelling.
 *
 * Used by: engine/edge, sql, clients.    Tested by: tests/unit/base/text_test.c
 */
#ifndef ENGINE_BASE_NEAREST_H
#define ENGINE_BASE_NEAREST_H

#include "engine/base/err.h"
#include "engine/base/text.h"

struct nearest {
    struct text asked;
    struct text found; /* borrowed from who offered it; bytes 0: none is near */
    uint32_t distance; /* of `found`, or that at which a name is no longer near */
};

struct nearest nearest_to(struct text asked);
void nearest_offer(struct nearest *n, struct text name);

/* Perhaps you meant "found", in these quotes, as the hint of *e. false: none is near. */
bool nearest_hint(const struct nearest *n, char quote, struct err *e);

#endif
