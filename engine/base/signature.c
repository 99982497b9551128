/* signature.c: a recursive-descent reader of signature texts.
 *
 *     signature  = name "(" [ args ] ")" place
 *     args       = "*" | arg { "," arg }
 *     arg        = place [ "..." ] | "[" place "]"
 *     place      = WORD [ "(" number | "*" { "," .. } ")" ] [ "<" field { "," field } ">" ]
 *     field      = [ name ] place
 *
 * The texts are constants of our own tables, a few levels deep: DEPTH_MAX guards the recursion.
 */
#include "engine/base/signature.h"

#include <assert.h>

enum { DEPTH_MAX = 8, FIELDS_MAX = 32 };

struct reader {
    const char *at;
    struct arena *arena;
    uint32_t depth;
};

/* Types by the names that signatures use, besides those of TYPE_LIST. */
static const struct {
    const char *name;
    enum type_id id;
} type_aliases[] = {
    {"VECTOR", TYPE_TENSOR}, {"VARCHAR", TYPE_TEXT}, {"STRING", TYPE_TEXT}, {"INT", TYPE_BIGINT}};

static void skip_blanks(struct reader *r) {
    while (*r->at == ' ') r->at++;
}

static bool take(struct reader *r, const char *word) {
    skip_blanks(r);
    size_t n = strlen(word);
    if (strncmp(r->at, word, n) != 0) return false;
    r->at += n;
    return true;
}

static bool is_word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$';
}

static struct text take_word(struct reader *r) {
    skip_blanks(r);
    const char *from = r->at;
    while (is_word_char(*r->at)) r->at++;
    return (struct text){.at = from, .bytes = (uint32_t)(r->at - from)};
}

/* The name of a function: a word or an operator, up to the "(" of the arguments. */
static struct text take_name(struct reader *r) {
    const char *open = strchr(r->at, '(');
    struct text name = {.at = r->at, .bytes = open ? (uint32_t)(open - r->at) : 0};
    if (open) r->at = open;
    return name;
}

static bool word_kind(struct text word, struct sig_type *t) {
    if (word.bytes == 1 && word.at[0] >= 'A' && word.at[0] <= 'Z') {
        t->kind = SIG_VAR;
        t->var = word.at[0];
        return true;
    }
    if (text_equal(word, text_of("ANY"))) {
        t->kind = SIG_ANY;
        return true;
    }
    if (text_equal(word, text_of("MODEL"))) {
        t->kind = SIG_MODEL;
        return true;
    }
    t->kind = SIG_TYPE;
    for (enum type_id id = 0; id < TYPE_COUNT; id++) {
        t->id = id;
        if (text_equal(word, text_of(type_name(id)))) return true;
    }
    for (size_t i = 0; i < COUNT_OF(type_aliases); i++) {
        t->id = type_aliases[i].id;
        if (text_equal(word, text_of(type_aliases[i].name))) return true;
    }
    return false;
}

static bool take_param(struct reader *r, uint32_t *out) {
    *out = DIM_ANY;
    if (take(r, "*")) return true;
    struct text digits = take_word(r);
    for (uint32_t i = 0; i < digits.bytes; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9' || *out > 99999) return false;
        *out = *out * 10 + (uint32_t)(digits.at[i] - '0');
    }
    return digits.bytes > 0;
}

static bool take_params(struct reader *r, struct sig_type *t) {
    if (!take(r, "(")) return true;
    do {
        if (t->params == SIG_PARAMS_MAX || !take_param(r, &t->param[t->params])) return false;
        t->params++;
    } while (take(r, ","));
    return take(r, ")");
}

static const struct sig_type *take_place(struct reader *r);

static bool take_fields(struct reader *r, struct sig_type *t) {
    if (!take(r, "<")) return true;
    struct sig_field *field = ARENA_ARRAY(r->arena, field, FIELDS_MAX);
    if (!field) return false;
    do {
        if (t->fields == FIELDS_MAX) return false;
        struct sig_field *f = &field[t->fields++];
        if (t->id == TYPE_ROW) f->name = take_word(r);
        f->type = take_place(r);
        if (!f->type) return false;
    } while (take(r, ","));
    t->field = field;
    return take(r, ">");
}

static const struct sig_type *take_place(struct reader *r) {
    if (r->depth == DEPTH_MAX) return NULL;
    r->depth++;
    struct sig_type *t = ARENA_NEW(r->arena, t);
    bool good = t && word_kind(take_word(r), t) && take_params(r, t) && take_fields(r, t);
    r->depth--;
    return good ? t : NULL;
}

static bool take_arg(struct reader *r, struct signature *s) {
    if (s->args == SIG_ARGS_MAX || s->repeats) return false;
    bool optional = take(r, "[");
    const struct sig_type *t = take_place(r);
    if (!t || (optional && !take(r, "]"))) return false;
    s->arg[s->args++] = t;
    s->repeats = take(r, "...");
    if (!optional && !s->repeats) s->args_min = s->args;
    return true;
}

static bool take_args(struct reader *r, struct signature *s) {
    if (!take(r, "(")) return false;
    if (take(r, "*)") || take(r, ")")) return true;
    do {
        if (!take_arg(r, s)) return false;
    } while (take(r, ","));
    return take(r, ")");
}

bool signature_parse(const char *sig, struct arena *a, struct signature *out) {
    struct reader r = {.at = sig, .arena = a};
    struct signature s = {.name = take_name(&r)};
    if (s.name.bytes == 0 || !take_args(&r, &s)) return false;
    /* "coalesce(T, T...)": one T is enough, "row(ANY...)": none is. */
    if (s.repeats && s.args_min + 1 < s.args) return false;
    s.result = take_place(&r);
    skip_blanks(&r);
    if (!s.result || *r.at != '\0') return false;
    *out = s;
    return true;
}

const struct sig_type *signature_arg(const struct signature *s, uint32_t i) {
    if (i < s->args) return s->arg[i];
    return s->repeats ? s->arg[s->args - 1] : NULL;
}

static const struct type *scalar_type(struct arena *a, const struct sig_type *t) {
    uint32_t p = t->params > 0 ? t->param[0] : TIMESTAMP_DIGITS_MAX;
    if (t->id == TYPE_TIMESTAMP) return p <= TIMESTAMP_DIGITS_MAX ? type_timestamp(a, p) : NULL;
    if (t->id == TYPE_TIME) return &type_time;
    struct type *made = ARENA_NEW(a, made);
    if (made) made->id = t->id;
    return made;
}

static const struct type *row_type(struct arena *a, const struct sig_type *t) {
    struct field *field = ARENA_ARRAY(a, field, t->fields);
    if (!field) return NULL;
    for (uint32_t i = 0; i < t->fields; i++) {
        field[i] =
            (struct field){.name = t->field[i].name, .type = sig_type_exact(a, t->field[i].type)};
        if (!field[i].type) return NULL;
    }
    if (t->id == TYPE_ARRAY) return type_array(a, field[0].type);
    if (t->id == TYPE_MAP) return t->fields == 2 ? type_map(a, field[0].type, field[1].type) : NULL;
    return type_row(a, t->fields, field);
}

const struct type *sig_type_exact(struct arena *a, const struct sig_type *t) {
    if (t->kind != SIG_TYPE) return NULL;
    bool nested = t->id == TYPE_ROW || t->id == TYPE_ARRAY || t->id == TYPE_MAP;
    if (nested) return t->fields > 0 ? row_type(a, t) : NULL;
    if (t->id == TYPE_TENSOR) return t->params > 0 ? type_tensor(a, t->params, t->param) : NULL;
    if (t->id == TYPE_DECIMAL && t->params == 0) return NULL;
    if (t->id != TYPE_DECIMAL) return scalar_type(a, t);
    uint32_t scale = t->params > 1 ? t->param[1] : 0;
    bool fits = t->param[0] >= 1 && t->param[0] <= DECIMAL_DIGITS_MAX && scale <= t->param[0];
    return fits ? type_decimal(a, t->param[0], scale) : NULL;
}
