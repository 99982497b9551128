/* build_statement.c: the nodes of the statements that are no CREATE; see build.h. */
#include "sql/build_statement.h"

#include <assert.h>

#include "sql/build.h"
#include "sql/grammar.h"

/* What EXPLAIN is in front of has been filled in: it moves to a node of its own. `word` is the
 * last one in front of it. */
void build_explain(struct build *b, struct token word, bool analyze) {
    if (b->failed) return;
    struct ast_statement *inner = build_new(b, sizeof *inner);
    if (!inner) return;
    struct lexer lex;
    lex_init(&lex, b->source->text, word.end);
    *inner = *b->statement;
    inner->source = b->source;
    inner->start = lex_next(&lex).start;
    inner->end = b->end;
    inner->params = b->parameters;
    b->statement->kind = AST_EXPLAIN_STATEMENT;
    b->statement->as.explain = (struct ast_explain){.analyze = analyze, .statement = inner};
}

void build_statement_select(struct build *b, struct ast_select *s) {
    if (b->failed) return;
    b->statement->kind = AST_SELECT_STATEMENT;
    b->statement->as.select = s;
}

void build_statement_insert(struct build *b, struct ast_insert *i) {
    if (b->failed) return;
    b->statement->kind = AST_INSERT_STATEMENT;
    b->statement->as.insert = *i;
}

struct ast_insert *build_insert(struct build *b, struct token target, struct ast_options hint,
                                struct ast_names columns, struct ast_select *s) {
    struct ast_insert *i = build_new(b, sizeof *i);
    if (!i) return NULL;
    *i = (struct ast_insert){
        .source = b->source,
        .model = target.negated,
        .columns = columns,
        .options = hint,
        .select = s,
    };
    i->target = build_name(b, target);
    return b->failed ? NULL : i;
}

struct ast_insert *build_replace(struct build *b, struct ast_insert *i) {
    if (b->failed) return NULL;
    if (i->model) return build_fail(b, i->target.at, "42601", "rows of a model cannot be replaced");
    i->or_replace = true;
    return i;
}

void build_drop(struct build *b, enum ast_object object, struct token name) {
    if (b->failed) return;
    b->statement->kind = AST_DROP_STATEMENT;
    b->statement->as.drop = (struct ast_drop){.object = object, .if_exists = name.negated};
    b->statement->as.drop.name = build_name(b, name);
}

void build_update(struct build *b, struct token name, struct ast_update *u,
                  struct ast_expr *where) {
    if (b->failed) return;
    u->source = b->source;
    u->target = build_name(b, name);
    u->where = where;
    b->statement->kind = AST_UPDATE_STATEMENT;
    b->statement->as.update = *u;
}

struct ast_update *build_assignment(struct build *b, struct ast_update *u, struct token name,
                                    struct ast_expr *e) {
    if (!u) u = build_new(b, sizeof *u);
    if (b->failed) return NULL;
    struct ast_assignment *at = build_grow(b, u->set, u->sets, sizeof *at);
    if (!at) return NULL;
    at[u->sets++] = (struct ast_assignment){.column = build_name(b, name), .value = e};
    u->set = at;
    return u;
}

void build_delete(struct build *b, struct token name, struct ast_expr *where) {
    if (b->failed) return;
    b->statement->kind = AST_DELETE_STATEMENT;
    b->statement->as.delete_from =
        (struct ast_delete){.source = b->source, .target = build_name(b, name), .where = where};
}

/* What SHOW lists, by word. */
static const struct {
    const char *word;
    enum ast_show_kind kind;
} shows[] = {
    {"streams", AST_SHOW_STREAMS},
    {"tables", AST_SHOW_TABLES},
    {"views", AST_SHOW_VIEWS},
    {"queries", AST_SHOW_QUERIES},
    {"functions", AST_SHOW_FUNCTIONS},
    {"models", AST_SHOW_MODELS},
    {"connectors", AST_SHOW_CONNECTORS},
    {"users", AST_SHOW_USERS},
    {"all", AST_SHOW_ALL},
};

static enum ast_show_kind show_kind(const struct build *b, struct token name) {
    for (uint32_t i = 0; i < COUNT_OF(shows); i++) {
        if (name.kind != TK_STRING && build_is(b, name, shows[i].word)) return shows[i].kind;
    }
    return AST_SHOW_SETTING;
}

void build_show(struct build *b, struct token name, const struct token *like) {
    if (b->failed) return;
    b->statement->kind = AST_SHOW_STATEMENT;
    struct ast_show *s = &b->statement->as.show;
    *s = (struct ast_show){.kind = show_kind(b, name), .object = AST_OBJECT_ANY};
    s->name = (struct ast_name){.text = build_value(b, name), .at = name.start};
    if (like) s->like = build_string(b, *like);
    if (like && s->kind == AST_SHOW_SETTING) build_syntax_error(b, &name);
}

void build_show_create(struct build *b, enum ast_object object, struct token name) {
    if (b->failed) return;
    b->statement->kind = AST_SHOW_STATEMENT;
    b->statement->as.show = (struct ast_show){.kind = AST_SHOW_CREATE, .object = object};
    b->statement->as.show.name = build_name(b, name);
}

void build_describe(struct build *b, enum ast_object object, struct token name) {
    if (b->failed) return;
    b->statement->kind = AST_DESCRIBE_STATEMENT;
    b->statement->as.describe = (struct ast_describe){.object = object};
    b->statement->as.describe.name = build_name(b, name);
}

static struct ast_set setting(struct build *b, const struct token *name,
                              const struct token *value) {
    struct ast_set set = {0};
    if (name) set.name = (struct ast_name){.text = build_value(b, *name), .at = name->start};
    if (value) {
        set.value = build_value(b, *value);
        set.value_at = value->start;
    }
    return set;
}

void build_set(struct build *b, bool reset, const struct token *name, const struct token *value) {
    if (b->failed) return;
    b->statement->kind = AST_SET_STATEMENT;
    b->statement->as.set = setting(b, name, value);
    b->statement->as.set.reset = reset;
}

void build_define(struct build *b, struct token name, struct token value) {
    if (b->failed) return;
    b->statement->kind = AST_DEFINE_STATEMENT;
    b->statement->as.define = setting(b, &name, &value);
    b->statement->as.define.name = build_name(b, name);
    b->statement->as.define.if_not_exists = name.negated;
}

void build_export(struct build *b, struct token name, struct token path) {
    if (b->failed) return;
    b->statement->kind = AST_EXPORT_STATEMENT;
    b->statement->as.export_model =
        (struct ast_export){.path = build_string(b, path), .path_at = path.start};
    b->statement->as.export_model.model = build_name(b, name);
}

void build_checkpoint(struct build *b) {
    if (!b->failed) b->statement->kind = AST_CHECKPOINT_STATEMENT;
}

void build_load(struct build *b, struct token path) {
    if (b->failed) return;
    b->statement->kind = AST_LOAD_STATEMENT;
    b->statement->as.load = build_string(b, path);
}

void build_replay(struct build *b, struct token name, struct ast_expr *from, struct ast_expr *to) {
    if (b->failed) return;
    b->statement->kind = AST_REPLAY_STATEMENT;
    b->statement->as.replay = (struct ast_replay){.from_lsn = from, .to_lsn = to};
    b->statement->as.replay.query = build_name(b, name);
}
