/* docs_page.c: see docs_page.h. A fence is three backquotes at the first column. */
#include "tests/docs_page.h"

#include <assert.h>
#include <string.h>

struct text line_next(struct text t, uint32_t *at) {
    assert(*at < t.bytes);
    const char *from = t.at + *at;
    const char *end = memchr(from, '\n', t.bytes - *at);
    uint32_t bytes = end ? (uint32_t)(end - from) : t.bytes - *at;
    *at += bytes + (end != NULL);
    return (struct text){.at = from, .bytes = bytes};
}

static bool is_fence(struct text line) {
    return line.bytes >= 3 && memcmp(line.at, "```", 3) == 0;
}

/* The first word of *rest, which loses it. */
static struct text word_next(struct text *rest) {
    while (rest->bytes > 0 && rest->at[0] == ' ') {
        rest->at++;
        rest->bytes--;
    }
    struct text word = {.at = rest->at};
    while (word.bytes < rest->bytes && rest->at[word.bytes] != ' ') word.bytes++;
    rest->at += word.bytes;
    rest->bytes -= word.bytes;
    return word;
}

/* What the words behind the backquotes ask for. */
static enum block_kind read_info(struct text info, struct text *word_out) {
    struct text language = word_next(&info), use = word_next(&info);
    *word_out = word_next(&info);

    static const struct text file = {.at = "file=", .bytes = 5};
    if (use.bytes > file.bytes && memcmp(use.at, file.at, file.bytes) == 0) {
        *word_out = (struct text){.at = use.at + file.bytes, .bytes = use.bytes - file.bytes};
        return BLOCK_FILE;
    }
    static const struct {
        const char *language, *use;
        enum block_kind kind;
    } kinds[] = {
        {"console", "", BLOCK_CONSOLE},    {"sql", "", BLOCK_SQL},
        {"sql", "setup", BLOCK_SQL_SETUP}, {"sql", "run", BLOCK_SQL_RUN},
        {"sql", "data", BLOCK_SQL_DATA},   {"text", "output", BLOCK_OUTPUT},
        {"text", "", BLOCK_PICTURE},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (text_equal(language, text_of(kinds[i].language)) &&
            text_equal(use, text_of(kinds[i].use))) {
            return kinds[i].kind;
        }
    }
    return BLOCK_UNKNOWN;
}

bool block_next(struct text page, uint32_t *at, uint32_t *line, struct block *out) {
    struct text open = {.at = NULL};
    while (*at < page.bytes && !open.at) {
        struct text l = line_next(page, at);
        ++*line;
        if (is_fence(l)) open = l;
    }
    if (!open.at) return false;

    *out = (struct block){.line = *line, .body = {.at = page.at + *at}};
    out->kind = read_info((struct text){open.at + 3, open.bytes - 3}, &out->word);
    while (*at < page.bytes) {
        uint32_t from = *at;
        struct text l = line_next(page, at);
        ++*line;
        if (!is_fence(l)) continue;
        out->body.bytes = (uint32_t)(page.at + from - out->body.at);
        return true;
    }
    out->kind = BLOCK_UNKNOWN;
    return true;
}
