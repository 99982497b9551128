/* input.c: what can be told of a text by its tokens alone; see parse.h. */
#include <assert.h>

#include "sql/grammar.h"
#include "sql/lex.h"
#include "sql/parse.h"

void sql_text_key(struct text statement, struct buf *out) {
    struct lexer lex;
    lex_init(&lex, statement, 0);
    size_t before = out->bytes;
    for (struct token t = lex_next(&lex); t.kind != 0; t = lex_next(&lex)) {
        if (t.kind == TK_SEMICOLON) continue;
        if (out->bytes > before) buf_add_char(out, ' ');
        buf_add_text(out, lex_text(&lex, t));
    }
}

/* Follows the words at the start of a statement that open and close a statement set. */
struct set_words {
    uint32_t word; /* of the statement, counted from 0 */
    bool execute, begin, statement, open;
};

static bool is(const struct lexer *lex, struct token t, const char *word) {
    return t.kind != TK_STRING && text_equal_fold(lex_text(lex, t), text_of(word));
}

static void follow_set(struct set_words *w, const struct lexer *lex, struct token t) {
    if (t.kind == TK_SEMICOLON) {
        *w = (struct set_words){.open = w->open};
        return;
    }
    uint32_t word = w->word++;
    if (word == 0) {
        w->execute = is(lex, t, "execute");
        w->begin = is(lex, t, "begin");
        if (w->open && is(lex, t, "end")) w->open = false;
    } else if (word == 1) {
        w->statement = (w->execute || w->begin) && is(lex, t, "statement");
    } else if (word == 2 && w->begin && w->statement) {
        w->open = is(lex, t, "set");
    } else if (word == 3 && w->execute && w->statement && is(lex, t, "begin")) {
        *w = (struct set_words){.open = true};
    }
}

enum sql_input sql_input_state(struct text text, uint32_t *ready_out) {
    struct lexer lex;
    lex_init(&lex, text, 0);
    struct set_words words = {0};
    struct token last = {0};
    *ready_out = 0;
    for (struct token t = lex_next(&lex); t.kind != 0; t = lex_next(&lex)) {
        if (lex.fault == LEX_QUOTE) return SQL_INPUT_QUOTE;
        if (lex.fault == LEX_COMMENT) return SQL_INPUT_COMMENT;
        follow_set(&words, &lex, t);
        last = t;
        if (t.kind == TK_SEMICOLON && !words.open) *ready_out = t.end;
    }
    if (last.end == 0) return SQL_INPUT_EMPTY;
    return *ready_out == last.end ? SQL_INPUT_COMPLETE : SQL_INPUT_OPEN;
}
