/* case_file.c: line by line: a keyword at the first column opens a section, lines indented by four
 * blanks are its body, '#' at the first column is a comment. */
#include "tests/case_file.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/buf.h"

enum { INDENT = 4, SECTIONS_MAX = 4096, CASES_MAX = 1024 };

#define X(ID, word) [SECTION_##ID] = word,
static const char *const words[SECTION_COUNT] = {CASE_SECTION_LIST(X)};
#undef X

struct reader {
    struct case_file *file;
    struct arena *arena;
    struct case_section *section; /* [sections] of the whole file */
    uint32_t sections;
    uint32_t line;
    uint32_t blanks; /* blank lines not yet known to be inside a body */
    struct buf body; /* of the section that is open */
};

const char *case_word(enum case_section_kind kind) {
    return words[kind];
}

const struct case_section *case_find(const struct case_spec *c, enum case_section_kind kind) {
    for (uint32_t i = 0; i < c->sections; i++) {
        if (c->section[i].kind == kind) return &c->section[i];
    }
    return NULL;
}

static bool takes_body(enum case_section_kind kind) {
    static const enum case_section_kind with[] = {
        SECTION_FILE, SECTION_FILE_ESCAPED, SECTION_SQL,  SECTION_IN,     SECTION_IN_ESCAPED,
        SECTION_OUT,  SECTION_ERR,          SECTION_MADE, SECTION_ERR_HAS};
    for (size_t i = 0; i < COUNT_OF(with); i++) {
        if (with[i] == kind) return true;
    }
    return false;
}

/* Text behind the keyword is a first line of the body where the head has no other meaning. */
static bool head_is_body(enum case_section_kind kind) {
    return takes_body(kind) && kind != SECTION_FILE && kind != SECTION_FILE_ESCAPED &&
           kind != SECTION_MADE;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* \n \r \t \\ \xHH; \c ends the text at once, without the line end. */
static void unescape(struct buf *out, struct text t) {
    for (uint32_t i = 0; i < t.bytes; i++) {
        char c = t.at[i];
        char next = i + 1 < t.bytes ? t.at[i + 1] : '\0';
        if (c != '\\') {
            buf_add_char(out, c);
            continue;
        }
        i++;
        if (next == 'c') return;
        if (next == 'x' && i + 2 < t.bytes && hex_digit(t.at[i + 1]) >= 0) {
            buf_add_char(out, (char)(hex_digit(t.at[i + 1]) * 16 + hex_digit(t.at[i + 2])));
            i += 2;
        } else {
            static const char names[] = "nrt", bytes[] = "\n\r\t";
            const char *at = next ? strchr(names, next) : NULL;
            buf_add_char(out, at ? bytes[at - names] : next);
        }
    }
}

static void close_section(struct reader *r) {
    if (r->sections == 0) return;
    struct case_section *s = &r->section[r->sections - 1];
    struct buf all;

    buf_init(&all);
    if (head_is_body(s->kind) && s->head.bytes > 0) {
        buf_add_text(&all, s->head);
        buf_add_char(&all, '\n');
    }
    buf_add_text(&all, buf_text(&r->body));
    if (s->kind == SECTION_FILE_ESCAPED || s->kind == SECTION_IN_ESCAPED) {
        struct buf plain;
        buf_init(&plain);
        unescape(&plain, buf_text(&all));
        buf_done(&all);
        all = plain;
    }
    assert(!all.failed && !r->body.failed);
    s->body.at = arena_copy(r->arena, all.bytes > 0 ? all.at : "", all.bytes);
    s->body.bytes = (uint32_t)all.bytes;
    assert(s->body.at);
    buf_done(&all);
    buf_reset(&r->body);
    r->blanks = 0;
}

static struct text trim(struct text t) {
    while (t.bytes > 0 && isspace((unsigned char)t.at[0])) {
        t.at++;
        t.bytes--;
    }
    while (t.bytes > 0 && isspace((unsigned char)t.at[t.bytes - 1])) t.bytes--;
    return t;
}

static bool open_section(struct reader *r, struct text line, char complaint[200]) {
    uint32_t bytes = 0;
    while (bytes < line.bytes && !isspace((unsigned char)line.at[bytes])) bytes++;
    struct text word = {.at = line.at, .bytes = bytes};
    uint32_t kind = 0;
    while (kind < SECTION_COUNT && !text_equal(word, text_of(words[kind]))) kind++;

    close_section(r);
    if (kind == SECTION_COUNT) {
        snprintf(complaint, 200, "line %u: no section is called \"%.*s\"", r->line, TEXT_ARG(word));
        return false;
    }
    if (r->sections == 0 && kind != SECTION_CASE) {
        snprintf(complaint, 200, "line %u: the first section is \"case\"", r->line);
        return false;
    }
    assert(r->sections < SECTIONS_MAX);
    struct text head = {.at = line.at + bytes, .bytes = line.bytes - bytes};
    size_t from = (size_t)(line.at - r->file->source.at);
    r->section[r->sections++] = (struct case_section){.kind = (enum case_section_kind)kind,
                                                      .head = trim(head),
                                                      .line = r->line,
                                                      .from = from,
                                                      .to = from + line.bytes + 1};
    return true;
}

static bool read_line(struct reader *r, struct text line, char complaint[200]) {
    if (trim(line).bytes == 0 && line.bytes < INDENT) {
        r->blanks++;
        return true;
    }
    if (line.at[0] == '#') return true;
    if (line.at[0] != ' ') return open_section(r, line, complaint);

    struct case_section *s = r->sections > 0 ? &r->section[r->sections - 1] : NULL;
    if (!s || !takes_body(s->kind) || line.bytes < INDENT || memcmp(line.at, "    ", INDENT) != 0) {
        snprintf(complaint, 200, "line %u: not a body line indented by %d blanks", r->line, INDENT);
        return false;
    }
    for (; r->blanks > 0; r->blanks--) buf_add_char(&r->body, '\n');
    buf_add(&r->body, line.at + INDENT, line.bytes - INDENT);
    buf_add_char(&r->body, '\n');
    s->to = (size_t)(line.at - r->file->source.at) + line.bytes + 1;
    return true;
}

/* Cuts the sections into cases at each "case" line. */
static void gather_cases(struct reader *r) {
    struct case_file *f = r->file;
    f->at = arena_zalloc(r->arena, CASES_MAX, sizeof *f->at);
    assert(f->at);

    for (uint32_t i = 0; i < r->sections; i++) {
        const struct case_section *s = &r->section[i];
        if (s->kind == SECTION_CASE) {
            assert(f->count < CASES_MAX);
            f->at[f->count++] = (struct case_spec){.name = s->head, .line = s->line, .section = s};
        }
        f->at[f->count - 1].sections++;
        f->at[f->count - 1].to = s->to;
    }
}

bool case_file_read(struct case_file *f, struct arena *a, char complaint[200]) {
    struct reader r = {.file = f, .arena = a};
    r.section = arena_zalloc(a, SECTIONS_MAX, sizeof *r.section);
    assert(r.section);
    buf_init(&r.body);

    const char *end = f->source.at + f->source.bytes;
    bool good = true;
    for (const char *at = f->source.at; good && at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end) line_end = end;
        r.line++;
        good =
            read_line(&r, (struct text){.at = at, .bytes = (uint32_t)(line_end - at)}, complaint);
        at = line_end + 1;
    }
    close_section(&r);
    buf_done(&r.body);
    if (good) gather_cases(&r);
    return good;
}
