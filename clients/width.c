/* width.c: see width.h. */
#include "clients/width.h"

#include <wchar.h>

uint32_t width_of(struct text t) {
    uint32_t width = 0;
    mbstate_t state = {0};
    for (uint32_t at = 0; at < t.bytes;) {
        wchar_t c;
        size_t n = mbrtowc(&c, t.at + at, t.bytes - at, &state);
        if (n == 0 || n > t.bytes - at) {
            n = 1;
            c = L'?';
            state = (mbstate_t){0};
        }
        int w = wcwidth(c);
        width += w > 0 ? (uint32_t)w : 0;
        at += (uint32_t)n;
    }
    return width;
}
