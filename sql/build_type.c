/* build_type.c: the nodes of types as written; see build.h.
 *
 * Parameters and fields are gathered in a type without a name, to which build_type() gives one.
 */
#include "sql/build.h"
#include "sql/grammar.h"

/* Gives `outer` a height over its field's; false where it becomes too high. */
static bool over(struct build *b, struct ast_type *outer, const struct ast_type *field) {
    if (field->height + 1 > outer->height) outer->height = field->height + 1;
    if (outer->height <= AST_HEIGHT_MAX) return true;
    build_too_deep(b, &field->name.at);
    return false;
}

struct ast_type *build_type(struct build *b, struct token name, struct ast_type *parts) {
    struct ast_type *t = parts ? parts : build_new(b, sizeof *t);
    if (b->failed) return NULL;
    t->name = build_name(b, name);
    return t;
}

struct ast_type *build_type_of(struct build *b, struct token name, struct ast_type *first,
                               struct ast_type *second) {
    struct ast_type *t = build_type_field(b, NULL, (struct ast_field){.type = first});
    if (second) t = build_type_field(b, t, (struct ast_field){.type = second});
    return build_type(b, name, t);
}

/* TIMESTAMP WITH [LOCAL] TIME ZONE is TIMESTAMP_LTZ; WITHOUT TIME ZONE says nothing new. `local`
 * is the word in front of TIME. */
struct ast_type *build_type_zone(struct build *b, struct ast_type *type, const struct token *local,
                                 struct token time, struct token zone) {
    if (b->failed) return NULL;
    if (!build_is(b, time, "time")) return build_syntax_error(b, &time), NULL;
    if (!build_is(b, zone, "zone")) return build_syntax_error(b, &zone), NULL;
    if (local && local->kind == TK_WITHOUT) return type;
    if (local && !build_is(b, *local, "local")) return build_syntax_error(b, local), NULL;

    struct text name = type->name.text;
    if (text_equal_fold(name, TEXT_LITERAL("TIMESTAMP"))) {
        type->name.text = TEXT_LITERAL("TIMESTAMP_LTZ");
        return type;
    }
    return build_fail(b, type->name.at, "0A000", "type %.*s has no time zone", TEXT_ARG(name));
}

struct ast_type *build_type_param(struct build *b, struct ast_type *parts, struct token value) {
    struct ast_type *t = parts ? parts : build_new(b, sizeof *t);
    if (b->failed) return NULL;

    uint64_t n = 0;
    struct text digits = build_slice(b, value);
    for (uint32_t i = 0; i < digits.bytes && value.kind == TK_INTEGER; i++) {
        char c = digits.at[i];
        if (c < '0' || c > '9' || (n = n * 10 + (uint64_t)(c - '0')) >= AST_PARAM_ANY)
            return build_fail(b, value.start, "42601", "not a parameter of a type: %.*s",
                              TEXT_ARG(digits));
    }
    uint32_t *param = build_grow(b, t->param, t->params, sizeof *param);
    if (!param) return NULL;
    t->param = param;
    t->param[t->params++] = value.kind == TK_STAR ? AST_PARAM_ANY : (uint32_t)n;
    return t;
}

struct ast_field build_field(struct build *b, struct token name, struct ast_type *type,
                             struct token not_null) {
    if (b->failed) return (struct ast_field){0};
    type->not_null = not_null.negated;
    return (struct ast_field){.name = build_name(b, name), .type = type};
}

struct ast_type *build_type_field(struct build *b, struct ast_type *parts, struct ast_field f) {
    struct ast_type *t = parts ? parts : build_new(b, sizeof *t);
    if (b->failed || !over(b, t, f.type)) return NULL;

    struct ast_field *field = build_grow(b, t->field, t->fields, sizeof *field);
    if (!field) return NULL;
    t->field = field;
    t->field[t->fields++] = f;
    return t;
}
