/* regexp.c: regular expressions, by PCRE2.
 *
 * A pattern is compiled when the call is opened if it is a constant, else when it differs from the
 * row's before. Matching is bounded (MATCH_LIMIT steps, HEAP_KIB of memory): past that the row
 * fails with 54000, so that a pattern like (a+)+b costs one row, not the query. A pattern that is
 * wrong fails the rows that use it.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>
#include <stdlib.h>

#include "udf/each.h"
#include "udf/table.h"
#include "udf/utf8.h"

enum { MATCH_LIMIT = 1000000, HEAP_KIB = 16384, RESULT_BYTES_MAX = 64 << 20 };

struct regexp {
    pcre2_code *code; /* NULL: none, or wrong */
    pcre2_match_data *match;
    pcre2_match_context *context;
    char *pattern; /* of `code`, while it varies */
    uint32_t pattern_bytes;
    bool constant;
    bool jitted;
    int error; /* of the compiler; 0: none */
    size_t error_at;
};

static void regexp_forget(struct regexp *x) {
    pcre2_code_free(x->code);
    pcre2_match_data_free(x->match);
    x->code = NULL;
    x->match = NULL;
}

static void regexp_close(void *state) {
    struct regexp *x = state;
    if (!x) return;
    regexp_forget(x);
    pcre2_match_context_free(x->context);
    free(x->pattern);
    x->context = NULL;
    x->pattern = NULL;
}

/* false: no memory. A wrong pattern is kept as x->error. */
static bool regexp_compile(struct regexp *x, struct text pattern) {
    regexp_forget(x);
    x->error = 0;
    const char *at = pattern.at ? pattern.at : "";
    x->code = pcre2_compile((PCRE2_SPTR)at, pattern.bytes, PCRE2_UTF | PCRE2_NO_UTF_CHECK,
                            &x->error, &x->error_at, NULL);
    if (!x->code) return x->error != PCRE2_ERROR_NOMEMORY;
    x->error = 0;
    x->jitted = pcre2_jit_compile(x->code, PCRE2_JIT_COMPLETE) == 0;
    x->match = pcre2_match_data_create_from_pattern(x->code, NULL);
    return x->match != NULL;
}

static bool regexp_open(const struct fn_bind *b, void **state_out, struct err *e) {
    struct regexp *x = ARENA_NEW(b->arena, x);
    if (!x) return err_memory(e);
    x->context = pcre2_match_context_create(NULL);
    if (!x->context) return err_memory(e);
    pcre2_set_match_limit(x->context, MATCH_LIMIT);
    pcre2_set_heap_limit(x->context, HEAP_KIB);

    const struct column *pattern = b->constant[1];
    x->constant = pattern && column_has(pattern, 0);
    if (x->constant && !regexp_compile(x, pattern->as.text[0])) {
        regexp_close(x);
        return err_memory(e);
    }
    *state_out = x;
    return true;
}

/* Has the expression of the row ready. *ok false: the row has failed. */
static bool regexp_ready(struct fn_call *c, uint32_t row, bool *ok) {
    struct regexp *x = c->state;
    struct text pattern = arg_text(c, 1, row);
    bool same = x->pattern && pattern.bytes == x->pattern_bytes &&
                memcmp(pattern.at, x->pattern, pattern.bytes) == 0;
    if (!x->constant && !same) {
        free(x->pattern);
        x->pattern = malloc(pattern.bytes + 1);
        if (!x->pattern) return false;
        memcpy(x->pattern, pattern.at ? pattern.at : "", pattern.bytes);
        x->pattern_bytes = pattern.bytes;
        if (!regexp_compile(x, pattern)) return false;
    }
    *ok = x->code != NULL;
    if (*ok) return true;
    char sentence[128] = "";
    pcre2_get_error_message(x->error, (PCRE2_UCHAR *)sentence, sizeof sentence);
    fn_fail(c, row, "22P02", "wrong regular expression at byte %zu: %s", x->error_at, sentence);
    return true;
}

enum matched { MATCH_NO, MATCH_YES, MATCH_FAILED, MATCH_NO_MEMORY };

/* Looks for the expression from `from` on. */
static enum matched regexp_match(struct fn_call *c, uint32_t row, struct text t, size_t from) {
    struct regexp *x = c->state;
    const char *at = t.at ? t.at : "";
    int rc = PCRE2_ERROR_JIT_STACKLIMIT;
    if (x->jitted)
        rc = pcre2_jit_match(x->code, (PCRE2_SPTR)at, t.bytes, from, 0, x->match, x->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) { /* the interpreter has no such stack */
        rc = pcre2_match(x->code, (PCRE2_SPTR)at, t.bytes, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                         x->match, x->context);
    }
    if (rc >= 0) return MATCH_YES;
    if (rc == PCRE2_ERROR_NOMATCH) return MATCH_NO;
    if (rc == PCRE2_ERROR_NOMEMORY) return MATCH_NO_MEMORY;
    fn_fail(c, row, "54000", "the regular expression takes too long for this text");
    return MATCH_FAILED;
}

static bool regexp_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    bool ok;
    if (!regexp_ready(c, row, &ok)) return false;
    if (!ok) return true;
    enum matched m = regexp_match(c, row, arg_text(c, 0, row), 0);
    out->as.b8[row] = m == MATCH_YES;
    return m != MATCH_NO_MEMORY;
}
DEFINE_EACH(regexp)

/* Group n of the last match; false: it took no part in it. */
static bool group(const struct fn_call *c, struct text t, uint32_t n, struct text *out) {
    const struct regexp *x = c->state;
    if (n >= pcre2_get_ovector_count(x->match)) return false;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(x->match) + 2 * n;
    if (at[0] == PCRE2_UNSET || at[1] < at[0]) return false;
    *out = (struct text){t.at + at[0], (uint32_t)(at[1] - at[0])};
    return true;
}

static bool regexp_extract_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    bool ok;
    if (!regexp_ready(c, row, &ok)) return false;
    if (!ok) return true;
    struct text t = arg_text(c, 0, row);
    int64_t n = c->args > 2 ? arg_i64(c, 2, row) : 0;
    enum matched m = regexp_match(c, row, t, 0);
    if (m == MATCH_NO_MEMORY) return false;
    if (m != MATCH_YES || n < 0 || n > UINT16_MAX) return row_null(out, row);
    return group(c, t, (uint32_t)n, &out->as.text[row]) || row_null(out, row);
}
DEFINE_EACH(regexp_extract)

/* Adds the replacement: $n is a group, a backslash takes what follows as it stands (Java's). */
static void add_replacement(struct fn_call *c, struct text t, struct text by, struct buf *out) {
    for (uint32_t i = 0; i < by.bytes; i++) {
        char s = by.at[i];
        bool digit = i + 1 < by.bytes && by.at[i + 1] >= '0' && by.at[i + 1] <= '9';
        if (s == '$' && digit) {
            struct text part;
            uint32_t n = (uint32_t)(by.at[++i] - '0');
            if (group(c, t, n, &part)) buf_add_text(out, part);
        } else {
            if (s == '\\' && i + 1 < by.bytes) s = by.at[++i];
            buf_add_char(out, s);
        }
    }
}

/* The text with every match replaced; an empty match moves one character on. */
static enum matched replace_all(struct fn_call *c, uint32_t row, struct text t, struct buf *out) {
    const struct regexp *x = c->state;
    struct text by = arg_text(c, 2, row);
    uint32_t kept = 0, from = 0;
    while (from <= t.bytes) {
        enum matched m = regexp_match(c, row, t, from);
        if (m == MATCH_FAILED || m == MATCH_NO_MEMORY) return m;
        if (m == MATCH_NO) break;
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(x->match);
        uint32_t start = (uint32_t)at[0], end = (uint32_t)at[1];
        if (start > end) break; /* \K behind the end: nothing to replace */
        buf_add(out, t.at + kept, start - kept);
        add_replacement(c, t, by, out);
        kept = end;
        from = end > start ? end : end < t.bytes ? end + utf8_step(t, end) : t.bytes + 1;
        if (out->bytes > RESULT_BYTES_MAX) {
            fn_fail(c, row, "54000", "the result has more than %d MiB", RESULT_BYTES_MAX >> 20);
            return MATCH_FAILED;
        }
    }
    if (t.bytes > kept) buf_add(out, t.at + kept, t.bytes - kept);
    return MATCH_YES;
}

static bool regexp_replace_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    bool ok;
    if (!regexp_ready(c, row, &ok)) return false;
    if (!ok) return true;
    struct buf b;
    buf_init(&b);
    enum matched m = replace_all(c, row, arg_text(c, 0, row), &b);
    ok = m != MATCH_NO_MEMORY && !b.failed;
    if (ok && m == MATCH_YES) ok = row_text_copy(c, row, out, b.at, b.bytes);
    buf_done(&b);
    return ok;
}
DEFINE_EACH(regexp_replace)

enum { FAILING = FN_STRICT | FN_CAN_FAIL };

static const struct fn table[] = {
    {.name = "regexp",
     .sig = "regexp(TEXT, TEXT) BOOLEAN",
     .doc = "x REGEXP pattern: the pattern (PCRE) is found somewhere in the text",
     .example = "'stream' REGEXP '^s.*m$'",
     .flags = FAILING,
     .open = regexp_open,
     .close = regexp_close,
     .call = regexp_call},
    {.name = "regexp_like",
     .sig = "regexp_like(TEXT, TEXT) BOOLEAN",
     .doc = "the pattern (PCRE) is found somewhere in the text",
     .example = "regexp_like('stream', 'r[aeiou]')",
     .flags = FAILING,
     .open = regexp_open,
     .close = regexp_close,
     .call = regexp_call},
    {.name = "regexp_extract",
     .sig = "regexp_extract(TEXT, TEXT, [BIGINT]) TEXT",
     .doc = "what the pattern, or a group of it, matches first; NULL without a match",
     .example = "regexp_extract('id=42', 'id=([0-9]+)', 1) = '42'",
     .flags = FAILING,
     .open = regexp_open,
     .close = regexp_close,
     .call = regexp_extract_call},
    {.name = "regexp_replace",
     .sig = "regexp_replace(TEXT, TEXT, TEXT) TEXT",
     .doc = "the text with every match replaced; $1 in the replacement is group 1",
     .example = "regexp_replace('a1b2', '([0-9])', '<$1>') = 'a<1>b<2>'",
     .flags = FAILING,
     .open = regexp_open,
     .close = regexp_close,
     .call = regexp_replace_call},
};

const struct fn_table fn_regexp = {table, COUNT_OF(table)};
