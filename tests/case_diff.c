/* case_diff.c: longest common subsequence by the plain quadratic table, on the lines between the
 * common head and tail; texts too long for that show their first difference only. */
#include "tests/case_diff.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 600, CONTEXT = 2, SHOWN_MAX = 60 };

struct lines {
    struct text at[LINES_MAX];
    uint32_t count;
    bool cut;
};

static void split(struct text t, struct lines *out) {
    const char *end = t.at + t.bytes;
    out->count = 0;
    out->cut = false;
    for (const char *at = t.at; at < end;) {
        if (out->count == LINES_MAX) {
            out->cut = true;
            return;
        }
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end ? line_end + 1 : end;
        out->at[out->count++] = (struct text){.at = at, .bytes = (uint32_t)(line_end - at)};
        at = line_end;
    }
}

static void show(struct buf *out, const char *mark, struct text line) {
    bool ended = line.bytes > 0 && line.at[line.bytes - 1] == '\n';
    bool utf8 = utf8_valid_prefix(line.at, line.bytes) == line.bytes;

    buf_add_str(out, mark);
    for (uint32_t i = 0; i < line.bytes - ended; i++) {
        unsigned char c = (unsigned char)line.at[i];
        if (c < 32 || c == 127 || (c > 127 && !utf8)) {
            buf_addf(out, "\\x%02x", c);
        } else {
            buf_add_char(out, (char)c);
        }
    }
    buf_add_str(out, ended ? "\n" : "  (no line end)\n");
}

/* best[i][j]: lines that a from i and b from j on have in common, in order. */
static uint16_t *common(const struct lines *a, const struct lines *b) {
    uint32_t width = b->count + 1;
    uint16_t *best = calloc((size_t)(a->count + 1) * width, sizeof *best);
    assert(best);

    for (uint32_t i = a->count; i-- > 0;) {
        for (uint32_t j = b->count; j-- > 0;) {
            uint16_t skip_a = best[(i + 1) * width + j], skip_b = best[i * width + j + 1];
            uint16_t both = (uint16_t)(best[(i + 1) * width + j + 1] + 1);
            uint16_t skip = skip_a > skip_b ? skip_a : skip_b;
            best[i * width + j] = text_equal(a->at[i], b->at[j]) ? both : skip;
        }
    }
    return best;
}

void case_diff(struct buf *out, struct text expected, struct text got) {
    struct lines *a = calloc(2, sizeof *a), *b = a + 1;
    assert(a);
    split(expected, a);
    split(got, b);

    uint16_t *best = common(a, b);
    uint32_t i = 0, j = 0, width = b->count + 1, shown = 0, same = 0;
    while ((i < a->count || j < b->count) && shown < SHOWN_MAX) {
        if (i < a->count && j < b->count && text_equal(a->at[i], b->at[j])) {
            if (same++ < CONTEXT) show(out, "      ", a->at[i]);
            if (same == CONTEXT) buf_add_str(out, "      ...\n");
            i++;
            j++;
            continue;
        }
        same = 0;
        shown++;
        bool drop =
            j == b->count || (i < a->count && best[(i + 1) * width + j] >= best[i * width + j + 1]);
        if (drop) {
            show(out, "    - ", a->at[i++]);
        } else {
            show(out, "    + ", b->at[j++]);
        }
    }
    if (shown == SHOWN_MAX || a->cut || b->cut) buf_add_str(out, "      (and more)\n");
    free(best);
    free(a);
}
