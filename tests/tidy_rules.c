/* tidy_rules.c: the rules about lines, includes, macros and structs, and the allow list. */
#include "tests/tidy_rules.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tidy_say(const struct tidy_file *f, uint32_t line, const char *format, ...) {
    char sentence[400];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    f->tidy->violations++;
    f->tidy->say(f->tidy->context, f->path, line, sentence);
}

bool tidy_path_starts(const char *path, const char *prefix) {
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

static bool path_ends(const char *path, const char *suffix) {
    size_t path_bytes = strlen(path), bytes = strlen(suffix);
    return path_bytes >= bytes && strcmp(path + path_bytes - bytes, suffix) == 0;
}

/* The next blank-separated word of a line; bytes 0 at its end. */
static struct text next_word(const char **at, const char *end) {
    while (*at < end && isblank((unsigned char)**at)) (*at)++;
    struct text word = {.at = *at};
    while (*at < end && !isspace((unsigned char)**at)) (*at)++;
    word.bytes = (uint32_t)(*at - word.at);
    return word;
}

static void allow_line(struct tidy *t, const char *at, const char *end) {
    struct tidy_allow a = {.kind = next_word(&at, end)};
    if (a.kind.bytes == 0 || a.kind.at[0] == '#') return;

    a.path = next_word(&at, end);
    if (text_equal(a.kind, TEXT_LITERAL("function"))) a.name = next_word(&at, end);
    struct text lines = next_word(&at, end);
    for (uint32_t i = 0; i < lines.bytes; i++) {
        a.lines = a.lines * 10 + (uint32_t)(lines.at[i] - '0');
    }
    assert(t->allows < TIDY_ALLOW_MAX);
    t->allow[t->allows++] = a;
}

void tidy_allow_read(struct tidy *t, const char *path, struct text text) {
    (void)path;
    const char *end = text.at + text.bytes;
    for (const char *line = text.at; line < end;) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        if (!line_end) line_end = end;
        allow_line(t, line, line_end);
        line = line_end + 1;
    }
}

struct tidy_allow *tidy_allowed(struct tidy *t, const char *kind, const char *path,
                                struct text name) {
    for (uint32_t i = 0; i < t->allows; i++) {
        struct tidy_allow *a = &t->allow[i];
        if (!text_equal(a->kind, text_of(kind)) || !text_equal(a->path, text_of(path))) continue;
        if (!text_equal(a->name, name)) continue;
        a->used = true;
        return a;
    }
    return NULL;
}

void tidy_allow_check(struct tidy *t, const char *path) {
    struct tidy_file f = {.tidy = t, .path = path};
    for (uint32_t i = 0; i < t->allows; i++) {
        if (t->allow[i].used) continue;
        tidy_say(&f, i + 1, "entry for %.*s %.*s is not needed any more: remove it",
                 TEXT_ARG(t->allow[i].path), TEXT_ARG(t->allow[i].name));
    }
}

/* Characters of a line, not bytes. */
static size_t line_columns(const char *at, size_t bytes) {
    size_t columns = 0;
    for (size_t i = 0; i < bytes; i++) columns += ((unsigned char)at[i] & 0xC0) != 0x80;
    return columns;
}

static uint32_t check_lines(const struct tidy_file *f) {
    const char *end = f->source.at + f->source.bytes;
    uint32_t line = 0;

    for (const char *at = f->source.at; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end) line_end = end;
        size_t columns = line_columns(at, (size_t)(line_end - at));
        line++;
        if (columns > TIDY_COLUMNS) {
            tidy_say(f, line, "line has %zu columns, limit %d", columns, TIDY_COLUMNS);
        }
        if (memchr(at, '\t', (size_t)(line_end - at))) tidy_say(f, line, "tab");
        at = line_end + 1;
    }
    return line;
}

static void check_file_length(const struct tidy_file *f, uint32_t lines) {
    bool header = path_ends(f->path, ".h");
    uint32_t limit = header ? TIDY_HEADER_LINES : TIDY_FILE_LINES;
    struct tidy_allow *allow =
        lines > limit ? tidy_allowed(f->tidy, "file", f->path, (struct text){0}) : NULL;

    if (allow) limit = allow->lines;
    if (lines > limit) {
        tidy_say(f, lines, "%s has %u lines, limit %u", header ? "header" : "file", lines, limit);
    } else if (allow && lines < limit) {
        tidy_say(f, lines, "file has shrunk to %u lines: lower its entry from %u", lines, limit);
    }
}

/* "#  include" is the directive `include`. */
static bool directive_is(const struct tidy_token *t, const char *name) {
    struct text text = t->text;
    uint32_t i = 1;
    while (i < text.bytes && isblank((unsigned char)text.at[i])) i++;
    size_t bytes = strlen(name);
    if (text.bytes - i < bytes || memcmp(text.at + i, name, bytes) != 0) return false;
    return text.bytes - i == bytes || !isalnum((unsigned char)text.at[i + bytes]);
}

static void check_includes(const struct tidy_file *f) {
    uint32_t includes = 0;

    for (size_t i = 0; i < f->tokens; i++) {
        const struct tidy_token *t = &f->token[i];
        if (t->kind != TIDY_DIRECTIVE || !directive_is(t, "include")) continue;
        includes++;
        const char *quote = memchr(t->text.at, '"', t->text.bytes);
        if (quote && !memchr(quote, '/', (size_t)(t->text.at + t->text.bytes - quote))) {
            tidy_say(f, t->line, "include by full path: %.*s", TEXT_ARG(t->text));
        }
    }
    if (includes > TIDY_INCLUDES) {
        tidy_say(f, 1, "file has %u includes, limit %d", includes, TIDY_INCLUDES);
    }
}

/* List macros and macros that make whole functions may hold statements; all others are values. */
static bool macro_may_hold_statements(struct text name) {
    if (text_equal(name, TEXT_LITERAL("X"))) return true;
    if (name.bytes > 5 && memcmp(name.at + name.bytes - 5, "_LIST", 5) == 0) return true;
    return name.bytes > 7 && memcmp(name.at, "DEFINE_", 7) == 0;
}

static void check_macro(const struct tidy_file *f, const struct tidy_token *directive) {
    static const char *const leaves[] = {"return", "goto", "break", "continue"};
    struct tidy_tokens inner = {0};
    struct text body = {.at = directive->text.at + 1, .bytes = directive->text.bytes - 1};
    tidy_lex(body, directive->line, &inner);

    if (inner.count > 2 && inner.at[1].kind == TIDY_WORD &&
        !macro_may_hold_statements(inner.at[1].text)) {
        struct text name = inner.at[1].text;
        for (size_t i = 2; i < inner.count; i++) {
            const struct tidy_token *t = &inner.at[i];
            for (size_t k = 0; k < COUNT_OF(leaves); k++) {
                if (t->kind != TIDY_WORD || !tidy_is(t, leaves[k])) continue;
                tidy_say(f, t->line, "macro %.*s hides %s", TEXT_ARG(name), leaves[k]);
            }
            if (t->kind == TIDY_PUNCT && tidy_is(t, ";")) {
                tidy_say(f, t->line,
                         "macro %.*s holds statements: name it DEFINE_... or make it a "
                         "function",
                         TEXT_ARG(name));
            }
        }
    }
    tidy_tokens_done(&inner);
}

static void check_macros(const struct tidy_file *f) {
    for (size_t i = 0; i < f->tokens; i++) {
        const struct tidy_token *t = &f->token[i];
        if (t->kind == TIDY_DIRECTIVE && directive_is(t, "define")) check_macro(f, t);
    }
}

/* Declarators of a struct body that starts at the '{' token `open`; *close_out is its '}'. */
static uint32_t count_fields(const struct tidy_file *f, size_t open, size_t *close_out) {
    uint32_t depth = 0, fields = 0;
    size_t i = open;

    for (; i < f->tokens; i++) {
        const struct tidy_token *t = &f->token[i];
        if (t->kind != TIDY_PUNCT) continue;
        char c = t->text.at[0];
        if (c == '{' || c == '(' || c == '[') depth++;
        if (c == '}' || c == ')' || c == ']') depth--;
        if (depth == 0) break;
        if (depth == 1 && (c == ';' || c == ',')) fields++;
    }
    *close_out = i;
    return fields;
}

static void check_structs(const struct tidy_file *f) {
    for (size_t i = 0; i + 2 < f->tokens; i++) {
        const struct tidy_token *t = &f->token[i];
        if (t->kind != TIDY_WORD || (!tidy_is(t, "struct") && !tidy_is(t, "union"))) continue;
        size_t open = f->token[i + 1].kind == TIDY_WORD ? i + 2 : i + 1;
        if (!tidy_is(&f->token[open], "{")) continue;

        size_t close;
        uint32_t fields = count_fields(f, open, &close);
        if (fields > TIDY_FIELDS) {
            tidy_say(f, t->line, "struct has %u fields, limit %d", fields, TIDY_FIELDS);
        }
    }
}

void tidy_text(const struct tidy_file *f) {
    check_file_length(f, check_lines(f));
    check_includes(f);
    check_macros(f);
    check_structs(f);
}

/* Debts have an owner and a reason elsewhere, not a mark in the text. */
static void check_comment(const struct tidy_file *f, const struct tidy_token *comment) {
    static const char *const marks[] = {"TODO", "FIXME", "XXX"};
    struct tidy_tokens words = {0};
    struct text inner = {.at = comment->text.at + 2, .bytes = comment->text.bytes - 2};
    tidy_lex(inner, comment->line, &words);

    for (size_t i = 0; i < words.count; i++) {
        for (size_t k = 0; k < COUNT_OF(marks); k++) {
            if (words.at[i].kind != TIDY_WORD || !tidy_is(&words.at[i], marks[k])) continue;
            tidy_say(f, words.at[i].line, "%s in a comment", marks[k]);
        }
    }
    tidy_tokens_done(&words);
}

void tidy_check(struct tidy *t, const char *path, struct text source) {
    struct tidy_file f = {.tidy = t, .path = path, .source = source};
    struct tidy_tokens all = {0};
    tidy_lex(source, 1, &all);

    size_t kept = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (all.at[i].kind == TIDY_COMMENT) {
            check_comment(&f, &all.at[i]);
        } else {
            all.at[kept++] = all.at[i];
        }
    }
    f.token = all.at;
    f.tokens = kept;
    t->files++;
    tidy_text(&f);
    tidy_calls(&f);
    if (!path_ends(path, ".y")) tidy_functions(&f);
    tidy_tokens_done(&all);
}
