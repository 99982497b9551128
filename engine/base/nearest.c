/* nearest.c: see nearest.h. */
#include "engine/base/nearest.h"

struct nearest nearest_to(struct text asked) {
    return (struct nearest){.asked = asked, .distance = asked.bytes / 3 + 1};
}

void nearest_offer(struct nearest *n, struct text name) {
    uint32_t distance = text_distance(n->asked, name, n->distance);
    if (distance >= n->distance) return;
    n->distance = distance;
    n->found = name;
}

bool nearest_hint(const struct nearest *n, char quote, struct err *e) {
    if (n->found.bytes == 0) return false;
    err_hint(e, "Perhaps you meant %c%.*s%c.", quote, TEXT_ARG(n->found), quote);
    return true;
}
