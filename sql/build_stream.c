/* build_stream.c: the nodes of CREATE STREAM, TABLE, VIEW, QUERY and MODEL; see build.h. */
#include "sql/build.h"
#include "sql/grammar.h"

struct build_create *build_create(struct build *b) {
    struct build_create *c = build_new(b, sizeof *c);
    if (c) c->at = b->before.start;
    return c;
}

struct build_create *build_create_word(struct build *b, struct build_create *c,
                                       enum build_word word) {
    if (b->failed) return NULL;
    if (c->words & word || (word < BUILD_MATERIALIZED && c->words > word))
        return build_fail(b, c->at, "42601", "the words behind CREATE are doubled or disordered");
    c->words |= word;
    c->create.or_replace = c->words & BUILD_OR_REPLACE;
    c->create.temporary = c->words & BUILD_TEMPORARY;
    return c;
}

struct build_create *build_head(struct build *b, struct build_create *c, struct token name) {
    if (b->failed) return NULL;
    c->create.name = build_name(b, name);
    c->create.if_not_exists = name.negated;
    if (c->create.if_not_exists && c->create.or_replace)
        return build_fail(b, c->at, "42601", "OR REPLACE and IF NOT EXISTS do not go together");
    return b->failed ? NULL : c;
}

/* Words that this kind of object does not take. */
static bool refuse_words(struct build *b, const struct build_create *c, uint32_t words,
                         const char *object) {
    if (b->failed) return false;
    uint32_t wrong = c->words & words;
    const char *word = wrong & BUILD_OR_REPLACE     ? "OR REPLACE"
                       : wrong & BUILD_TEMPORARY    ? "TEMPORARY"
                       : wrong & BUILD_MATERIALIZED ? "MATERIALIZED"
                       : wrong & BUILD_SYSTEM       ? "SYSTEM"
                                                    : NULL;
    if (!word) return true;
    build_fail(b, c->at, "42601", "CREATE %s %s does not exist", word, object);
    return false;
}

/* ---- streams and tables ---- */

struct ast_create_stream *build_stream(struct build *b, struct build_create *c,
                                       enum ast_object object) {
    const char *word = object == AST_OBJECT_STREAM ? "STREAM" : "TABLE";
    if (!refuse_words(b, c, BUILD_OR_REPLACE | BUILD_MATERIALIZED | BUILD_SYSTEM, word))
        return NULL;
    struct ast_create_stream *s = build_new(b, sizeof *s);
    if (!s) return NULL;
    s->source = b->source;
    s->create = c->create;
    s->object = object;
    b->stream = s;
    return s;
}

struct ast_create_stream *build_stream_comment(struct build *b, struct ast_create_stream *s,
                                               struct token comment) {
    if (b->failed) return NULL;
    if (s->comment.at) return build_syntax_error(b, &comment), NULL;
    s->comment = build_string(b, comment);
    return s;
}

struct ast_create_stream *build_stream_partition(struct build *b, struct ast_create_stream *s,
                                                 struct token word, struct ast_names names) {
    if (b->failed) return NULL;
    if (s->partitioned_by.count > 0) return build_syntax_error(b, &word), NULL;
    s->partitioned_by = names;
    return s;
}

struct ast_create_stream *build_stream_options(struct build *b, struct ast_create_stream *s,
                                               struct token word, struct ast_options options) {
    if (b->failed) return NULL;
    if (s->options.count > 0) return build_syntax_error(b, &word), NULL;
    s->options = options;
    return s;
}

struct ast_create_stream *build_stream_like(struct build *b, struct ast_create_stream *s,
                                            struct token word, struct token name) {
    if (b->failed) return NULL;
    if (!build_is(b, word, "like")) return build_syntax_error(b, &word), NULL;
    s->like = build_name(b, name);
    return s;
}

void build_stream_column(struct build *b, const struct ast_column *c) {
    if (b->failed) return;
    b->stream->columns = build_columns(b, b->stream->columns, c);
}

void build_stream_watermark(struct build *b, struct token word, struct token path,
                            struct ast_expr *e) {
    if (b->failed) return;
    struct ast_create_stream *s = b->stream;
    if (s->watermark_expr) {
        build_fail(b, word.start, "42601", "a stream has one WATERMARK");
        return;
    }
    s->watermark = build_path_names(b, path);
    s->watermark_expr = e;
}

/* [NOT] ENFORCED */
static enum ast_enforced enforced_of(const struct token *word) {
    if (!word) return AST_ENFORCED_UNSAID;
    return word->negated ? AST_NOT_ENFORCED : AST_ENFORCED;
}

void build_stream_key(struct build *b, struct token word, struct ast_names names,
                      const struct token *enforced) {
    if (b->failed) return;
    if (b->stream->primary_key.count > 0)
        build_fail(b, word.start, "42601", "a table has one PRIMARY KEY");
    b->stream->primary_key = names;
    b->stream->enforced = enforced_of(enforced);
}

void build_statement_stream(struct build *b, struct ast_create_stream *s) {
    if (b->failed) return;
    uint32_t keys = s->primary_key.count > 0;
    for (uint32_t i = 0; i < s->columns.count; i++) keys += s->columns.at[i].primary_key;
    if (keys > 1) {
        build_fail(b, s->create.name.at, "42601", "a table has one PRIMARY KEY");
        return;
    }
    b->statement->kind = AST_CREATE_STREAM_STATEMENT;
    b->statement->as.create_stream = *s;
}

/* ---- columns ---- */

static struct ast_column *column_new(struct build *b, struct token name) {
    struct ast_column *c = build_new(b, sizeof *c);
    if (!c) return NULL;
    c->name = build_name(b, name);
    return b->failed ? NULL : c;
}

struct ast_column *build_column_typed(struct build *b, struct token name, struct ast_type *type) {
    struct ast_column *c = column_new(b, name);
    if (c) c->type = type;
    return c;
}

struct ast_column *build_column_computed(struct build *b, struct token name, struct ast_expr *e) {
    struct ast_column *c = column_new(b, name);
    if (c) c->computed = e;
    return c;
}

struct ast_column *build_column_not_null(struct build *b, struct ast_column *c) {
    if (b->failed) return NULL;
    c->not_null = true;
    return c;
}

struct ast_column *build_column_key(struct build *b, struct ast_column *c) {
    if (b->failed) return NULL;
    c->primary_key = true;
    return c;
}

struct ast_column *build_column_enforced(struct build *b, struct ast_column *c, struct token word) {
    if (b->failed) return NULL;
    if (!c->primary_key || c->enforced != AST_ENFORCED_UNSAID)
        return build_syntax_error(b, &word), NULL;
    c->enforced = enforced_of(&word);
    return c;
}

struct ast_column *build_column_comment(struct build *b, struct ast_column *c,
                                        struct token comment) {
    if (b->failed) return NULL;
    c->comment = build_string(b, comment);
    return c;
}

struct ast_column *build_column_metadata(struct build *b, struct ast_column *c, struct token word) {
    if (b->failed || !c) return NULL;
    return build_fail(b, word.start, "0A000", "METADATA columns are not supported");
}

struct ast_columns build_columns(struct build *b, struct ast_columns list,
                                 const struct ast_column *c) {
    struct ast_column *at = build_grow(b, list.at, list.count, sizeof *at);
    if (!at) return (struct ast_columns){0};
    at[list.count] = *c;
    return (struct ast_columns){.at = at, .count = list.count + 1};
}

/* ---- views, queries ---- */

void build_statement_view(struct build *b, struct build_create *c, const struct build_view *v) {
    if (!refuse_words(b, c, BUILD_SYSTEM, "VIEW")) return;
    b->statement->kind = AST_CREATE_VIEW_STATEMENT;
    b->statement->as.create_view = (struct ast_create_view){
        .source = b->source,
        .create = c->create,
        .materialized = c->words & BUILD_MATERIALIZED,
        .columns = v->columns,
        .options = v->options,
        .select = v->select,
    };
    if (v->comment.end > 0) b->statement->as.create_view.comment = build_string(b, v->comment);
}

void build_statement_query(struct build *b, struct build_create *c, struct ast_insert *i) {
    uint32_t none = BUILD_OR_REPLACE | BUILD_TEMPORARY | BUILD_MATERIALIZED | BUILD_SYSTEM;
    if (!refuse_words(b, c, none, "QUERY")) return;
    b->statement->kind = AST_CREATE_QUERY_STATEMENT;
    b->statement->as.create_query = (struct ast_create_query){.create = c->create, .insert = *i};
}

/* ---- models ---- */

struct ast_create_model *build_model(struct build *b, struct build_create *c) {
    if (!refuse_words(b, c, BUILD_MATERIALIZED | BUILD_SYSTEM, "MODEL")) return NULL;
    struct ast_create_model *m = build_new(b, sizeof *m);
    if (!m) return NULL;
    m->source = b->source;
    m->create = c->create;
    return m;
}

struct ast_create_model *build_model_columns(struct build *b, struct ast_create_model *m,
                                             struct token word, struct ast_columns columns) {
    if (b->failed) return NULL;
    bool input = word.kind == TK_INPUT;
    struct ast_columns *to = input ? &m->inputs : &m->outputs;
    if (to->count > 0) return build_syntax_error(b, &word), NULL;
    *to = columns;
    *(input ? &m->inputs_at : &m->outputs_at) = word.start;
    return m;
}

struct ast_create_model *build_model_comment(struct build *b, struct ast_create_model *m,
                                             struct token comment) {
    if (b->failed) return NULL;
    if (m->comment.at) return build_syntax_error(b, &comment), NULL;
    m->comment = build_string(b, comment);
    return m;
}

struct ast_create_model *build_model_options(struct build *b, struct ast_create_model *m,
                                             struct token word, struct ast_options options) {
    if (b->failed) return NULL;
    if (m->options.count > 0) return build_syntax_error(b, &word), NULL;
    m->options = options;
    return m;
}

void build_statement_model(struct build *b, struct ast_create_model *m) {
    if (b->failed) return;
    b->statement->kind = AST_CREATE_MODEL_STATEMENT;
    b->statement->as.create_model = *m;
}
