/* match.c: LIKE and GLOB, as SQLite does them.
 *
 * A pattern is compiled to elements, each for one character (itself, any, one of a set) or for any
 * number of them (% and *). Text is matched with one place to go back to, the last such run: what
 * stood before it has matched and need not be tried again, so the work is at most the product of
 * both lengths. A LIKE pattern of ASCII with % at its ends only is a comparison or a search.
 *
 * LIKE takes ASCII letters of both cases for one; text ends at U+0000, as in SQLite.
 */
#include <assert.h>

#include "udf/each.h"
#include "udf/table.h"
#include "udf/utf8.h"

enum element_kind { ELEMENT_CHAR, ELEMENT_ONE, ELEMENT_RUN, ELEMENT_SET, ELEMENT_NEVER };

struct element {
    enum element_kind kind;
    uint32_t code;   /* CHAR */
    struct text set; /* SET: what stands between the brackets */
};

/* How a compiled pattern is matched. */
enum plan_kind { PLAN_ELEMENTS, PLAN_EQUAL, PLAN_PREFIX, PLAN_SUFFIX, PLAN_INSIDE };

struct pattern {
    enum plan_kind plan;
    bool fold;         /* LIKE */
    struct text plain; /* lower case; for all plans but ELEMENTS */
    uint32_t elements;
    struct element *element;
};

static uint32_t fold_code(uint32_t code) {
    return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
}

/* SQLite reads U+FFFE and U+FFFF as U+FFFD. */
static uint32_t next_code(struct text t, uint32_t *i) {
    uint32_t code = utf8_next(t, i);
    return (code & 0xFFFFFFFE) == 0xFFFE ? 0xFFFD : code;
}

/* Is the character in [...] ? A range wants both its ends; ] is itself where it stands first. */
static bool set_has(struct text set, uint32_t code) {
    uint32_t i = 0, before = 0;
    bool found = false, invert = set.bytes > 0 && set.at[0] == '^';
    if (invert) i++;
    while (i < set.bytes) {
        uint32_t c = next_code(set, &i);
        if (c == '-' && i < set.bytes && before > 0) {
            uint32_t to = next_code(set, &i);
            found |= code >= before && code <= to;
            before = 0;
        } else {
            found |= code == c;
            before = c == ']' && i == (invert ? 2U : 1U) ? 0 : c;
        }
    }
    return found != invert;
}

static bool element_takes(const struct pattern *p, const struct element *x, uint32_t code) {
    switch (x->kind) {
    case ELEMENT_CHAR: return x->code == (p->fold ? fold_code(code) : code);
    case ELEMENT_ONE: return true;
    case ELEMENT_SET: return set_has(x->set, code);
    case ELEMENT_RUN:
    case ELEMENT_NEVER: break;
    }
    return false;
}

static bool match_elements(const struct pattern *p, struct text t) {
    uint32_t at = 0, i = 0, back_at = 0, back_i = UINT32_MAX;
    while (at < t.bytes || i < p->elements) {
        if (i < p->elements && p->element[i].kind == ELEMENT_RUN) {
            back_i = i++;
            back_at = at;
            continue;
        }
        uint32_t next = at;
        if (i < p->elements && at < t.bytes &&
            element_takes(p, &p->element[i], next_code(t, &next))) {
            i++;
            at = next;
            continue;
        }
        if (back_i == UINT32_MAX || back_at == t.bytes) return false;
        back_at += utf8_step(t, back_at);
        at = back_at;
        i = back_i + 1;
    }
    return true;
}

static bool equal_fold(const char *at, struct text lower) {
    for (uint32_t i = 0; i < lower.bytes; i++) {
        if (ascii_lower(at[i]) != lower.at[i]) return false;
    }
    return true;
}

static bool find_fold(struct text t, struct text lower) {
    if (lower.bytes == 0) return true;
    for (uint32_t i = 0; i + lower.bytes <= t.bytes; i++) {
        if (ascii_lower(t.at[i]) == lower.at[0] && equal_fold(t.at + i, lower)) return true;
    }
    return false;
}

static bool pattern_matches(const struct pattern *p, struct text t) {
    t = text_to_nul(t);
    bool fits = p->plain.bytes <= t.bytes;
    switch (p->plan) {
    case PLAN_EQUAL: return p->plain.bytes == t.bytes && equal_fold(t.at, p->plain);
    case PLAN_PREFIX: return fits && equal_fold(t.at, p->plain);
    case PLAN_SUFFIX: return fits && equal_fold(t.at + t.bytes - p->plain.bytes, p->plain);
    case PLAN_INSIDE: return find_fold(t, p->plain);
    case PLAN_ELEMENTS: break;
    }
    return match_elements(p, t);
}

static void element_add(struct pattern *p, enum element_kind kind, uint32_t code) {
    struct element *last = p->elements ? &p->element[p->elements - 1] : NULL;
    if (kind == ELEMENT_RUN && last && last->kind == ELEMENT_RUN) return;
    p->element[p->elements++] = (struct element){.kind = kind, .code = code};
}

/* escape 0: none. */
static void like_elements(struct pattern *p, struct text source, uint32_t escape) {
    for (uint32_t i = 0; i < source.bytes;) {
        uint32_t code = next_code(source, &i);
        if (escape != 0 && code == escape) {
            if (i == source.bytes)
                element_add(p, ELEMENT_NEVER, 0);
            else
                element_add(p, ELEMENT_CHAR, fold_code(next_code(source, &i)));
        } else if (code == '%') {
            element_add(p, ELEMENT_RUN, 0);
        } else if (code == '_') {
            element_add(p, ELEMENT_ONE, 0);
        } else {
            element_add(p, ELEMENT_CHAR, fold_code(code));
        }
    }
}

/* The set whose '[' stands before i; returns where it ends, or NEVER where it does not. */
static uint32_t glob_set(struct pattern *p, struct text source, uint32_t i) {
    uint32_t from = i;
    if (i < source.bytes && source.at[i] == '^') i++;
    if (i < source.bytes && source.at[i] == ']') i++;
    while (i < source.bytes && source.at[i] != ']') i++;
    element_add(p, i < source.bytes ? ELEMENT_SET : ELEMENT_NEVER, 0);
    p->element[p->elements - 1].set = (struct text){source.at + from, i - from};
    return i + (i < source.bytes);
}

static void glob_elements(struct pattern *p, struct text source) {
    for (uint32_t i = 0; i < source.bytes;) {
        uint32_t code = next_code(source, &i);
        if (code == '*')
            element_add(p, ELEMENT_RUN, 0);
        else if (code == '?')
            element_add(p, ELEMENT_ONE, 0);
        else if (code == '[')
            i = glob_set(p, source, i);
        else
            element_add(p, ELEMENT_CHAR, code);
    }
}

/* A plan without elements, where only ASCII characters stand between runs at the ends. */
static void plan_choose(struct pattern *p, char *plain) {
    uint32_t n = p->elements;
    bool head = n > 0 && p->element[0].kind == ELEMENT_RUN;
    bool tail = n > 1 && p->element[n - 1].kind == ELEMENT_RUN;
    uint32_t bytes = 0;
    for (uint32_t i = head; i < n - tail; i++) {
        const struct element *x = &p->element[i];
        if (x->kind != ELEMENT_CHAR || x->code >= 0x80) return;
        plain[bytes++] = (char)x->code;
    }
    p->plain = (struct text){plain, bytes};
    p->plan =
        head ? (tail || bytes == 0 ? PLAN_INSIDE : PLAN_SUFFIX) : (tail ? PLAN_PREFIX : PLAN_EQUAL);
}

/* false: no memory. */
static bool pattern_compile(struct pattern *p, struct arena *a, struct text source, bool like,
                            uint32_t escape) {
    source = text_to_nul(source);
    *p = (struct pattern){.plan = PLAN_ELEMENTS, .fold = like};
    p->element = ARENA_ARRAY(a, p->element, (size_t)source.bytes + 1);
    char *plain = arena_alloc(a, source.bytes + 1);
    if (!p->element || !plain) return false;
    if (!like) {
        glob_elements(p, source);
        return true;
    }
    like_elements(p, source, escape);
    plan_choose(p, plain);
    return true;
}

/* The one character of an ESCAPE; 0: it is not one character. */
static uint32_t escape_code(struct text t) {
    t = text_to_nul(t);
    uint32_t i = 0;
    if (t.bytes == 0) return 0;
    uint32_t code = next_code(t, &i);
    return i == t.bytes ? code : 0;
}

/* A constant pattern is compiled once; with a wrong ESCAPE it is left to the rows. */
static bool match_open(const struct fn_bind *b, void **state_out, bool like, struct err *e) {
    uint32_t escape = 0;
    for (uint32_t i = 1; i < b->args; i++) {
        if (!b->constant[i] || !column_has(b->constant[i], 0)) return true;
    }
    if (b->args > 2 && !(escape = escape_code(b->constant[2]->as.text[0]))) return true;
    struct pattern *p = ARENA_NEW(b->arena, p);
    char *own =
        arena_copy(b->arena, b->constant[1]->as.text[0].at, b->constant[1]->as.text[0].bytes);
    if (!p || !own) return err_memory(e);
    struct text source = {own, b->constant[1]->as.text[0].bytes};
    if (!pattern_compile(p, b->arena, source, like, escape)) return err_memory(e);
    *state_out = p;
    return true;
}

static bool like_open(const struct fn_bind *b, void **state_out, struct err *e) {
    return match_open(b, state_out, true, e);
}

static bool glob_open(const struct fn_bind *b, void **state_out, struct err *e) {
    return match_open(b, state_out, false, e);
}

/* The pattern of the row, compiled for it alone. */
static bool match_varying(struct fn_call *c, uint32_t row, struct fn_result *out, bool like) {
    uint32_t escape = 0;
    if (c->args > 2 && !(escape = escape_code(arg_text(c, 2, row)))) {
        fn_fail(c, row, "22P02", "ESCAPE expression must be a single character");
        return true;
    }
    struct arena_mark mark = arena_mark(c->arena);
    struct pattern p;
    if (!pattern_compile(&p, c->arena, arg_text(c, 1, row), like, escape)) return false;
    out->as.b8[row] = pattern_matches(&p, arg_text(c, 0, row));
    arena_rewind(c->arena, mark);
    return true;
}

static bool match_call(struct fn_call *c, struct fn_result *out, bool like, struct err *e) {
    const struct pattern *p = c->state;
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        if (p)
            out->as.b8[row] = pattern_matches(p, arg_text(c, 0, row));
        else if (!match_varying(c, row, out, like))
            return err_memory(e);
    }
    return true;
}

static bool like_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    return match_call(c, out, true, e);
}

static bool glob_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    return match_call(c, out, false, e);
}

static const struct fn table[] = {
    {.name = "like",
     .sig = "like(TEXT, TEXT) BOOLEAN",
     .doc = "x LIKE pattern: % is any text, _ any character; ASCII letters of either "
            "case match",
     .example = "'Stream' LIKE 's%m'",
     .flags = FN_STRICT | FN_HIDDEN,
     .open = like_open,
     .call = like_call},
    {.name = "like",
     .sig = "like(TEXT, TEXT, TEXT) BOOLEAN",
     .doc = "x LIKE pattern ESCAPE c: behind the character c, % and _ mean themselves",
     .example = "'10%' LIKE '10!%' ESCAPE '!'",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_HIDDEN,
     .open = like_open,
     .call = like_call},
    {.name = "glob",
     .sig = "glob(TEXT, TEXT) BOOLEAN",
     .doc = "x GLOB pattern: * is any text, ? any character, [a-z] one of a set",
     .example = "'stream' GLOB 's[a-z]*m'",
     .flags = FN_STRICT | FN_HIDDEN,
     .open = glob_open,
     .call = glob_call},
};

const struct fn_table fn_match = {table, COUNT_OF(table)};
