/* build.c: see build.h. Errors, memory and the small parts: names, strings, options.
 *
 * Lists double when their count reaches a power of two, so that a list needs no capacity: what is
 * left behind in the arena is at most as much as the list.
 */
#include "sql/build.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "sql/grammar.h"

enum { SHOWN_BYTES = 60 }; /* of a wrong token in a message */

void *build_fail(struct build *b, uint32_t at, const char *sqlstate, const char *format, ...) {
    if (b->failed) return NULL;
    b->failed = true;

    char message[sizeof b->e->message];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    source_error(b->source, at, b->e, sqlstate, "%s", n < 0 ? "" : message);
    return NULL;
}

void *build_no_memory(struct build *b) {
    if (b->failed) return NULL;
    b->failed = true;
    err_memory(b->e);
    return NULL;
}

void *build_too_deep(struct build *b, const uint32_t *at) {
    return build_fail(b, at ? *at : b->before.start, "54000",
                      "the statement is nested deeper than %d levels", AST_HEIGHT_MAX);
}

struct text build_slice(const struct build *b, struct token t) {
    assert(t.start <= t.end && t.end <= b->source->text.bytes);
    return (struct text){.at = b->source->text.at + t.start, .bytes = t.end - t.start};
}

static bool is_quoted(const struct build *b, struct token t) {
    char c = b->source->text.at[t.start];
    return c == '"' || c == '`';
}

/* Bytes of `t` to show: not too many, and whole characters. */
static struct text shown(struct text t) {
    if (t.bytes <= SHOWN_BYTES) return t;
    t.bytes = SHOWN_BYTES;
    while (t.bytes > 0 && ((unsigned char)t.at[t.bytes] & 0xC0) == 0x80) t.bytes--;
    return t;
}

/* SQLite's constraints of columns, which we do not have. */
static bool is_constraint(const struct build *b, const struct token *t) {
    return t->kind == TK_RESERVED && b->stream;
}

void build_syntax_error(struct build *b, const struct token *t) {
    if (b->failed) return;
    b->wrong = *t;
    struct text word = shown(build_slice(b, *t));
    if (t->kind == 0)
        build_fail(b, b->before.end, "42601", "syntax error at the end of the statement");
    else if (is_constraint(b, t))
        build_fail(b, t->start, "0A000", "%.*s is not supported for columns", TEXT_ARG(word));
    else
        build_fail(b, t->start, "42601", "syntax error at or near \"%.*s\"", TEXT_ARG(word));
}

void *build_new(struct build *b, size_t bytes) {
    if (b->failed) return NULL;
    void *p = arena_zalloc(b->arena, 1, bytes);
    return p ? p : build_no_memory(b);
}

void *build_grow(struct build *b, void *at, uint32_t count, size_t size) {
    if (b->failed) return NULL;
    if (count > 0 && (count & (count - 1)) != 0) return at;

    if (count > UINT32_MAX / 2) return build_no_memory(b);
    size_t capacity = count > 0 ? (size_t)count * 2 : 1;
    char *grown = arena_zalloc(b->arena, capacity, size);
    if (!grown) return build_no_memory(b);
    if (count > 0) memcpy(grown, at, count * size);
    return grown;
}

/* Drops the quotes around [at, at + bytes) and one of each doubled quote inside. */
static struct text unquote(struct build *b, struct text t) {
    assert(t.bytes >= 2);
    char quote = t.at[0];
    struct text inside = {.at = t.at + 1, .bytes = t.bytes - 2};
    if (!memchr(inside.at, quote, inside.bytes)) return inside;

    char *to = arena_alloc(b->arena, inside.bytes);
    if (!to) {
        build_no_memory(b);
        return inside;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < inside.bytes; i++) {
        to[n++] = inside.at[i];
        if (inside.at[i] == quote) i++;
    }
    return (struct text){.at = to, .bytes = n};
}

struct text build_string(struct build *b, struct token t) {
    assert(t.kind == TK_STRING);
    return unquote(b, build_slice(b, t));
}

struct ast_name build_name(struct build *b, struct token t) {
    if (b->failed || t.end == 0) return (struct ast_name){0};
    struct ast_name name = {.text = build_slice(b, t), .at = t.start};
    if (!is_quoted(b, t)) return name;

    name.quoted = true;
    name.text = unquote(b, name.text);
    if (name.text.bytes == 0) build_fail(b, t.start, "42601", "a name of no characters");
    return name;
}

struct ast_names build_names(struct build *b, struct ast_names list, const struct token *name) {
    struct ast_name *at = build_grow(b, list.at, list.count, sizeof *at);
    if (!at) return (struct ast_names){0};
    at[list.count] = build_name(b, *name);
    return (struct ast_names){.at = at, .count = list.count + 1};
}

bool build_is(const struct build *b, struct token t, const char *word) {
    return text_equal_fold(build_slice(b, t), text_of(word));
}

struct token build_path(struct build *b, struct token path, struct token name) {
    assert(path.start <= name.start);
    path.kind = b->failed ? 0 : TK_DOT;
    path.end = name.end;
    return path;
}

struct ast_names build_path_names(struct build *b, struct token path) {
    struct ast_names names = {0};
    struct lexer lex;
    struct text text = b->source->text;
    lex_init(&lex, (struct text){.at = text.at, .bytes = path.end}, path.start);
    for (struct token t = lex_next(&lex); t.kind != 0; t = lex_next(&lex)) {
        if (t.kind != TK_DOT) names = build_names(b, names, &t);
    }
    return names;
}

/* A dotted name as one: quotes removed, no spaces. */
static struct text path_text(struct build *b, struct token path) {
    struct ast_names names = build_path_names(b, path);
    if (names.count == 1) return names.at[0].text;

    char *to = arena_alloc(b->arena, path.end - path.start + 1);
    if (!to) {
        build_no_memory(b);
        return (struct text){0};
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < names.count; i++) {
        if (i > 0) to[n++] = '.';
        memcpy(to + n, names.at[i].text.at, names.at[i].text.bytes);
        n += names.at[i].text.bytes;
    }
    return (struct text){.at = to, .bytes = n};
}

struct text build_value(struct build *b, struct token value) {
    if (b->failed) return (struct text){0};
    if (value.kind == TK_STRING) return build_string(b, value);
    if (value.kind == TK_DOT) return path_text(b, value);
    return value.kind == TK_ID ? build_name(b, value).text : build_slice(b, value);
}

struct ast_options build_options(struct build *b, struct ast_options list, struct token key,
                                 struct token value) {
    struct ast_option *at = build_grow(b, list.at, list.count, sizeof *at);
    if (!at) return (struct ast_options){0};
    at[list.count] = (struct ast_option){
        .key = build_value(b, key),
        .value = build_value(b, value),
        .key_at = key.start,
        .value_at = value.start,
    };
    return (struct ast_options){.at = at, .count = list.count + 1};
}
