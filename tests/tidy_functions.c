/* tidy_functions.c: finds function definitions and checks their length, nesting and parameters.
 *
 * At file level a '{' opens a function when a parameter list stands before it and no '=' stands
 * between that list and the end of the declaration before. Inside, a '{' counts as a level when it
 * belongs to a statement; braces of initialisers and compound literals do not.
 */
#include "tests/tidy_rules.h"

#include <assert.h>
#include <string.h>

enum { BRACES_MAX = 256, BARE_FUNCTION_LINES = 20 };

struct function {
    struct text name;
    uint32_t line;
    size_t params; /* the token '(' */
    size_t open;   /* the token '{' */
    size_t close;  /* the token '}' */
};

static bool word_is(const struct tidy_token *t, const char *word) {
    return t->kind == TIDY_WORD && tidy_is(t, word);
}

static bool punct_is(const struct tidy_token *t, char c) {
    return t->kind == TIDY_PUNCT && t->text.at[0] == c;
}

/* The token that the bracket at `open` is closed by, or the last one. */
static size_t closing(const struct tidy_file *f, size_t open) {
    uint32_t depth = 0;
    for (size_t i = open; i < f->tokens; i++) {
        const struct tidy_token *t = &f->token[i];
        if (punct_is(t, '{') || punct_is(t, '(') || punct_is(t, '[')) depth++;
        if (punct_is(t, '}') || punct_is(t, ')') || punct_is(t, ']')) depth--;
        if (depth == 0) return i;
    }
    return f->tokens - 1;
}

/* The '(' that the ')' at `close` closes, or SIZE_MAX. */
static size_t opening(const struct tidy_file *f, size_t close) {
    uint32_t depth = 0;
    for (size_t i = close + 1; i-- > 0;) {
        const struct tidy_token *t = &f->token[i];
        if (punct_is(t, ')')) depth++;
        if (punct_is(t, '(') && --depth == 0) return i;
    }
    return SIZE_MAX;
}

/* Is the '{' at `open` the body of a function whose declaration starts at `from`? */
static bool find_function(const struct tidy_file *f, size_t from, size_t open,
                          struct function *out) {
    for (size_t i = from; i < open; i++) {
        if (punct_is(&f->token[i], '=')) return false;
    }
    size_t close = open;
    for (;;) {
        while (close > from && !punct_is(&f->token[close], ')')) close--;
        if (close == from) return false;
        size_t params = opening(f, close);
        if (params == SIZE_MAX || params <= from) return false;
        const struct tidy_token *name = &f->token[params - 1];
        if (name->kind != TIDY_WORD) return false;
        if (tidy_is(name, "__attribute__") || tidy_is(name, "PRINTF_LIKE")) {
            close = params - 1;
            continue;
        }
        *out = (struct function){
            .name = name->text, .line = name->line, .params = params, .open = open};
        out->close = closing(f, open);
        return true;
    }
}

static void check_length(const struct tidy_file *f, const struct function *fn) {
    uint32_t lines = f->token[fn->close].line - fn->line + 1;
    uint32_t limit = TIDY_FUNCTION_LINES;
    struct tidy_allow *allow =
        lines > limit ? tidy_allowed(f->tidy, "function", f->path, fn->name) : NULL;

    if (allow) limit = allow->lines;
    if (lines > limit) {
        tidy_say(f, fn->line, "function %.*s has %u lines, limit %u", TEXT_ARG(fn->name), lines,
                 limit);
    } else if (allow && lines < limit) {
        tidy_say(f, fn->line, "function %.*s has shrunk to %u lines: lower its entry from %u",
                 TEXT_ARG(fn->name), lines, limit);
    }
}

/* "struct err *e" as the last parameter is not counted, nor "..." behind a format. */
static bool last_is_free(const struct tidy_file *f, size_t first, size_t close) {
    if (first < close && punct_is(&f->token[first], '.')) return true;
    for (size_t i = first; i + 2 < close; i++) {
        if (word_is(&f->token[i], "struct") && word_is(&f->token[i + 1], "err") &&
            punct_is(&f->token[i + 2], '*')) {
            return true;
        }
    }
    return false;
}

static void check_parameters(const struct tidy_file *f, const struct function *fn) {
    if (tidy_path_starts(f->path, "engine/kernel/")) return;
    const char *slash = strrchr(f->path, '/');
    if (tidy_path_starts(slash ? slash + 1 : f->path, "scan_")) return;

    size_t close = closing(f, fn->params);
    uint32_t depth = 0, count = close > fn->params + 1;
    size_t last = fn->params + 1;
    for (size_t i = fn->params; i < close; i++) {
        const struct tidy_token *t = &f->token[i];
        if (punct_is(t, '(') || punct_is(t, '[')) depth++;
        if (punct_is(t, ')') || punct_is(t, ']')) depth--;
        if (depth == 1 && punct_is(t, ',')) {
            count++;
            last = i + 1;
        }
    }
    if (last_is_free(f, last, close)) count--;
    if (count > TIDY_PARAMETERS) {
        tidy_say(f, fn->line, "function %.*s has %u parameters, limit %d and struct err *",
                 TEXT_ARG(fn->name), count, TIDY_PARAMETERS);
    }
}

/* Does the '{' at `i` open a block of statements? `inside`: it stands in one. */
static bool opens_block(const struct tidy_file *f, size_t i, bool inside) {
    const struct tidy_token *before = &f->token[i - 1];
    if (!inside) return false;
    if (before->kind == TIDY_DIRECTIVE) return true;
    if (word_is(before, "else") || word_is(before, "do")) return true;
    if (punct_is(before, ';') || punct_is(before, '{') || punct_is(before, '}') ||
        punct_is(before, ':')) {
        return true;
    }
    if (!punct_is(before, ')')) return false;

    size_t open = opening(f, i - 1);
    if (open == SIZE_MAX || open == 0) return false;
    const struct tidy_token *head = &f->token[open - 1];
    return head->kind == TIDY_WORD && !tidy_is(head, "return") && !tidy_is(head, "sizeof");
}

static void check_nesting(const struct tidy_file *f, const struct function *fn) {
    bool block[BRACES_MAX] = {true};
    uint32_t braces = 1, depth = 0, deepest = 0, line = 0;

    for (size_t i = fn->open + 1; i < fn->close; i++) {
        const struct tidy_token *t = &f->token[i];
        if (punct_is(t, '{') && braces < BRACES_MAX) {
            block[braces] = opens_block(f, i, block[braces - 1]);
            depth += block[braces++];
        }
        if (punct_is(t, '}') && braces > 1) depth -= block[--braces];
        if (depth > deepest) {
            deepest = depth;
            line = t->line;
        }
    }
    if (deepest > TIDY_NESTING) {
        tidy_say(f, line, "function %.*s nests %u braces deep, limit %d", TEXT_ARG(fn->name),
                 deepest, TIDY_NESTING);
    }
}

static void check_inside(const struct tidy_file *f, const struct function *fn) {
    uint32_t asserts = 0;
    for (size_t i = fn->open; i < fn->close; i++) {
        const struct tidy_token *t = &f->token[i];
        if (word_is(t, "assert")) asserts++;
        if (t->kind != TIDY_DIRECTIVE) continue;
        if (memmem(t->text.at, t->text.bytes, "if", 2) == t->text.at + 1) {
            tidy_say(f, t->line, "#if in the body of %.*s", TEXT_ARG(fn->name));
        }
    }
    f->tidy->asserts += asserts;
    f->tidy->bare_functions +=
        asserts == 0 && f->token[fn->close].line - fn->line >= BARE_FUNCTION_LINES;
}

void tidy_functions(const struct tidy_file *f) {
    size_t from = 0;

    for (size_t i = 0; i < f->tokens; i++) {
        const struct tidy_token *t = &f->token[i];
        struct function fn;
        if (t->kind == TIDY_DIRECTIVE || punct_is(t, ';') || punct_is(t, '}')) from = i + 1;
        if (!punct_is(t, '{')) continue;
        if (i > 0 && f->token[i - 1].kind == TIDY_STRING) continue; /* extern "C" { */

        if (find_function(f, from, i, &fn)) {
            f->tidy->functions++;
            check_length(f, &fn);
            check_parameters(f, &fn);
            check_nesting(f, &fn);
            check_inside(f, &fn);
            i = fn.close;
            from = i + 1;
        } else {
            i = closing(f, i);
        }
    }
}
