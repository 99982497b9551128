/* parse.c: see parse.h. Drives Lemon's parser with the tokens of one statement.
 *
 * A script is cut at its ';'s before anything is replaced; each piece is then expanded (define.h)
 * and read. When a value of a DEFINE holds a ';', a piece is several statements: `inner` says how
 * far it has been read, and it is expanded again for the next one.
 *
 * Statements that are refused by their first words never reach the parser. Nesting is bounded here
 * (open brackets and CASEs), by the parser's stack, and by the height of the tree (build.h). A
 * hint is found by trying: the statement is parsed again with a keyword in the place of the word
 * that is wrong, or of the one before it, and what the parser can go on with is what was meant.
 */
#include "sql/parse.h"

#include <assert.h>

#include "sql/build.h"
#include "sql/grammar.h"
#include "sql/grammar_run.h"
#include "sql/keyword.h"
#include "sql/reader.h"
#include "sql/refuse.h"

static void fault(struct build *b, const struct reader *r, struct token t) {
    struct text word = lex_text(&r->lex, t);
    switch (r->lex.fault) {
    case LEX_QUOTE:
        build_fail(b, t.start, "42601", "the quoted text that begins here has no end");
        return;
    case LEX_COMMENT:
        build_fail(b, t.start, "42601", "the comment that begins here has no end");
        return;
    case LEX_NUMBER:
        word.bytes = word.bytes < 60 ? word.bytes : 60;
        build_fail(b, t.start, "42601", "not a number: %.*s", TEXT_ARG(word));
        return;
    case LEX_BLOB:
        build_fail(b, t.start, "42601", "a blob is written in pairs of hexadecimal digits");
        return;
    case LEX_BYTE:
    case LEX_FINE: break;
    }
    unsigned char c = (unsigned char)word.at[0];
    if (c > ' ' && c < 0x7F)
        build_fail(b, t.start, "42601", "syntax error at or near \"%c\"", c);
    else
        build_fail(b, t.start, "42601", "a byte that no SQL begins with: 0x%02X", c);
}

/* For hints: the token at `start` is taken to be of another kind. */
struct guess {
    uint32_t start;
    int kind;
    uint32_t until; /* the parser must take the tokens up to the one behind this offset */
};

/* Gives the parser the tokens up to the end of the statement; `first` has been read. */
static void feed(struct build *b, struct reader *r, struct token first, const struct guess *g) {
    void *parser = b->parser;
    for (struct token t = first;; t = reader_next(r)) {
        if (g && t.start == g->start) t.kind = g->kind;
        if (t.kind == TK_ILLEGAL) {
            fault(b, r, t);
            return;
        }
        if (r->depth > AST_HEIGHT_MAX) {
            build_too_deep(b, &t.start);
            return;
        }
        sql_grammar(parser, t.kind, t);
        if (t.kind == 0 || b->failed || (g && t.start > g->until)) return;
        b->before = t;
        b->end = t.end;
    }
}

/* ---- one statement ---- */

static void run(struct build *b, struct reader *r, struct token first, const struct guess *g) {
    sql_grammarInit(b->parser, b);
    feed(b, r, first, g);
    sql_grammarFinalize(b->parser);
}

/* Whether the statement could go on if the token at g->start were the keyword guessed. */
static bool fits(const struct build *failed, const struct reader *r, struct token first,
                 const struct guess *g) {
    struct arena scratch;
    arena_init(&scratch, 0);
    struct err ignored;
    struct ast_statement statement = {0};
    struct build b = {.arena = &scratch,
                      .source = failed->source,
                      .statement = &statement,
                      .e = &ignored,
                      .parser = failed->parser};
    struct reader again;
    reader_init(&again, r->lex.text, first.start);
    run(&b, &again, reader_next(&again), g);
    arena_done(&scratch);
    return !b.failed;
}

/* The keyword within two slips of the word `t` with which the statement could go on. */
static const struct keyword *guess_keyword(const struct build *b, const struct reader *r,
                                           struct token first, struct token t) {
    if (t.kind != TK_ID || !lex_begins_word(b->source->text.at[t.start])) return NULL;
    struct text word = build_slice(b, t);
    uint32_t least = word.bytes < 3 ? 0 : word.bytes < 5 ? 1 : 2;
    const struct keyword *best = NULL;
    for (uint32_t i = 0; i < keyword_count && least > 0; i++) {
        const struct keyword *k = &keyword_table[i];
        uint32_t distance = text_distance(word, text_of(k->word), least + 1);
        if (distance > least || (best && distance == least)) continue;
        struct guess g = {.start = t.start, .kind = k->token, .until = b->wrong.start};
        if (!fits(b, r, first, &g)) continue;
        best = k;
        least = distance;
    }
    return best;
}

/* Whether the wrong word is reserved and would do if it were a name. The words that hold a
 * statement together are hardly meant as names. */
static bool could_be_name(const struct build *b, const struct reader *r, struct token first) {
    static const int never[] = {TK_FROM, TK_WHERE, TK_SELECT, TK_AND, TK_OR,
                                TK_AS,   TK_ON,    TK_IS,     TK_IN,  TK_NOT};
    const struct keyword *k = keyword_find(build_slice(b, b->wrong));
    if (!k || !k->reserved) return false;
    for (uint32_t i = 0; i < COUNT_OF(never); i++) {
        if (k->token == never[i]) return false;
    }
    struct guess g = {.start = b->wrong.start, .kind = TK_ID, .until = b->wrong.start};
    return fits(b, r, first, &g);
}

/* f(TABLE(s)) and f(SELECT ..): a table as an argument has no parentheses, a query has its own. */
static bool hint_argument(struct build *b) {
    if (b->before.kind != TK_LP) return false;
    if (b->wrong.kind == TK_SELECT)
        return !err_hint(b->e, "A query in the place of a value stands in parentheses of its own.");
    const char *text = b->source->text.at;
    uint32_t end = b->before.start;
    while (end > 0 && strchr(" \t\r\n", text[end - 1])) end--;
    struct text table = TEXT_LITERAL("table");
    bool behind = end >= table.bytes &&
                  text_equal_fold((struct text){text + end - table.bytes, table.bytes}, table);
    if (!behind || b->wrong.kind != TK_ID) return false;
    return !err_hint(b->e, "As an argument it is written TABLE %.*s.",
                     TEXT_ARG(build_slice(b, b->wrong)));
}

/* A slip in the wrong word, or in the one before it: SELECT a FORM b stumbles at b. */
static void add_hint(struct build *b, const struct reader *r, struct token first) {
    if (b->e->hint[0] || (b->wrong.kind == 0 && b->wrong.end == 0)) return;
    if (hint_argument(b)) return;
    const struct keyword *k = guess_keyword(b, r, first, b->wrong);
    if (!k) k = guess_keyword(b, r, first, b->before);
    struct text word = build_slice(b, b->wrong);
    if (k)
        err_hint(b->e, "Perhaps you meant \"%s\".", k->word);
    else if (b->wrong.kind == TK_DOT)
        err_hint(b->e, "Names of streams, tables and functions have one part.");
    else if (could_be_name(b, r, first))
        err_hint(b->e, "\"%.*s\" is a reserved word; as a name it is written in double quotes.",
                 TEXT_ARG(word));
}

static void parse(struct build *b, struct reader *r, struct token first) {
    struct arena scratch;
    arena_init(&scratch, 0);
    b->parser = arena_alloc(&scratch, sql_grammar_bytes());
    if (b->parser) {
        run(b, r, first, NULL);
        if (b->failed) add_hint(b, r, first);
    } else {
        build_no_memory(b);
    }
    b->parser = NULL;
    arena_done(&scratch);
}

/* A statement refused by its first words: all of it is taken, none of it is read. */
static void refuse(struct build *b, struct reader *r, const char *sentence) {
    b->statement->kind = AST_REFUSED_STATEMENT;
    b->statement->as.refused = sentence;
    for (struct token t = lex_next(&r->lex); t.kind != 0 && t.kind != TK_SEMICOLON;
         t = lex_next(&r->lex)) {
        b->end = t.end;
    }
}

static struct ast_statement *parse_statement(struct build *b, struct reader *r,
                                             struct token first) {
    struct ast_statement *s = build_new(b, sizeof *s);
    if (!s) return NULL;
    b->statement = s;
    b->before = first;
    b->end = first.end;

    const char *sentence = refuse_words(r->lex, first);
    if (sentence)
        refuse(b, r, sentence);
    else
        parse(b, r, first);
    if (b->failed) return NULL;
    s->source = b->source;
    s->start = first.start;
    s->end = b->end;
    s->params = b->parameters;
    return s;
}

/* ---- scripts ---- */

void sql_script_init(struct sql_script *s, struct text text, const struct defines *defines) {
    *s = (struct sql_script){.text = text, .defines = defines, .line = 1, .column = 1};
    bool mark = text.bytes >= 3 && memcmp(text.at, "\xEF\xBB\xBF", 3) == 0;
    if (mark) s->at = 3; /* a byte order mark is no part of the text */
}

/* The piece that begins at s->at, expanded; NULL: *e. */
static struct source *piece_open(const struct sql_script *s, struct arena *a, struct err *e) {
    uint32_t end = define_split(s->text, s->at);
    struct source *source = ARENA_NEW(a, source);
    char *raw = source ? arena_copy(a, s->text.at + s->at, end - s->at) : NULL;
    if (!raw) {
        err_memory(e);
        return NULL;
    }
    *source = (struct source){
        .raw = {.at = raw, .bytes = end - s->at},
        .raw_offset = s->at,
        .raw_line = s->line,
        .raw_column = s->column,
    };
    if (!define_expand(s->defines, source, a, e)) return NULL;

    size_t valid = utf8_valid_prefix(source->text.at, source->text.bytes);
    if (valid == source->text.bytes) return source;
    source_error(source, (uint32_t)valid, e, "22021", "the text is not UTF-8 here");
    return NULL;
}

/* To behind the piece and its ';'. */
static void piece_pass(struct sql_script *s) {
    uint32_t end = define_split(s->text, s->at);
    if (end < s->text.bytes) end++;
    for (; s->at < end; s->at++) {
        char c = s->text.at[s->at];
        if (c == '\n') {
            s->line++;
            s->column = 1;
        } else if (((unsigned char)c & 0xC0) != 0x80) {
            s->column++;
        }
    }
    s->inner = 0;
}

/* Behind the statement that ends at the next ';' of the piece, or behind the piece. */
static void statement_pass(struct sql_script *s, const struct source *source) {
    struct lexer lex;
    lex_init(&lex, source->text, s->inner);
    for (struct token t = lex_next(&lex); t.kind != 0; t = lex_next(&lex)) {
        if (t.kind != TK_SEMICOLON) continue;
        s->inner = lex.at;
        return;
    }
    piece_pass(s);
}

/* Takes `count` words in a row, beginning with `first`; false, nothing taken, without them. */
static bool take_words(struct reader *r, struct token first, uint32_t count,
                       const char *const *word) {
    struct lexer before = r->lex;
    struct token t = first;
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) t = lex_next(&r->lex);
        if (reader_is(r, t, word[i])) continue;
        r->lex = before;
        return false;
    }
    return true;
}

/* BEGIN STATEMENT SET, END and their like: only s->in_set changes. */
static bool take_set_words(struct sql_script *s, struct reader *r, struct token first) {
    static const char *const execute[] = {"execute", "statement", "set", "begin"};
    static const char *const begin[] = {"begin", "statement", "set"};
    static const char *const end[] = {"end"};
    if (s->in_set) {
        if (!take_words(r, first, COUNT_OF(end), end)) return false;
        s->in_set = false;
        return true;
    }
    if (!take_words(r, first, COUNT_OF(execute), execute) &&
        !take_words(r, first, COUNT_OF(begin), begin))
        return false;
    s->in_set = true;
    return true;
}

static bool fits_set(struct build *b, const struct sql_script *s,
                     const struct ast_statement *statement) {
    if (!s->in_set || statement->kind == AST_INSERT_STATEMENT) return true;
    build_fail(b, statement->start, "42601", "a statement set holds INSERT statements only");
    return false;
}

/* The next statement of the piece; *out NULL: it holds no more, or only words of a set. */
static bool piece_next(struct sql_script *s, struct build *b, struct ast_statement **out) {
    struct reader r;
    reader_init(&r, b->source->text, s->inner);
    struct token first = lex_next(&r.lex);
    if (first.kind == 0 || first.kind == TK_SEMICOLON) {
        statement_pass(s, b->source);
        return true;
    }
    if (take_set_words(s, &r, first)) {
        s->inner = r.lex.at;
        return true;
    }
    r.lex.at = first.start;
    first = reader_next(&r);
    struct ast_statement *statement = parse_statement(b, &r, first);
    bool ok = statement && fits_set(b, s, statement);
    statement_pass(s, b->source);
    if (ok) *out = statement;
    return ok;
}

bool sql_parse_next(struct sql_script *s, struct arena *a, struct ast_statement **out,
                    struct err *e) {
    assert(s && a && out && e);

    struct ast_statement *statement = NULL;
    while (!statement && s->at < s->text.bytes) {
        struct source *source = piece_open(s, a, e);
        if (!source) {
            piece_pass(s);
            return false;
        }
        struct build b = {.arena = a, .source = source, .e = e};
        if (!piece_next(s, &b, &statement)) return false;
    }
    if (!statement && s->in_set) {
        s->in_set = false;
        return err_set(e, ERR_SQL, "42601", "the statement set has no END");
    }
    *out = statement;
    return true;
}

bool sql_parse_one(struct text text, struct arena *a, struct ast_statement **out, struct err *e) {
    struct sql_script s;
    sql_script_init(&s, text, NULL);
    struct ast_statement *first = NULL, *second = NULL;
    if (!sql_parse_next(&s, a, &first, e)) return false;
    if (!first) return err_set(e, ERR_SQL, "42601", "there is no statement");
    if (!sql_parse_next(&s, a, &second, e)) return false;
    if (second)
        return source_error(second->source, second->start, e, "42601",
                            "one statement is asked for, and here a second begins");
    *out = first;
    return true;
}
