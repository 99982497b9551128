/* parse.h: from the text of a script to the trees of its statements, one at a time.
 *
 *     struct sql_script s;
 *     sql_script_init(&s, text, defines);
 *     while (sql_parse_next(&s, arena, &statement, &e) && statement) ...
 *
 * One at a time, so that a script stops at its first wrong statement with all before it done, and
 * so that DEFINE works on what follows it. After an error the next call goes on behind the wrong
 * statement. EXECUTE STATEMENT SET BEGIN .. END and BEGIN STATEMENT SET; .. END; are the
 * statements inside them. The client runs DEFINE itself, by defines_set().
 *
 * Nothing is looked up and no name is judged. Errors are 42601 with a place, 54000 for nesting
 * deeper than 1,000, 0A000 for syntax that is known and not supported.
 *
 * Lifetime: trees live in the arena given; the script's text is borrowed until the last call.
 *
 * Used by: clients, the binder (views).    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_PARSE_H
#define SQL_PARSE_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "sql/ast.h"
#include "sql/define.h"

struct sql_script {
    struct text text;
    const struct defines *defines; /* NULL: ${name} is not replaced */
    uint32_t at;                   /* where the next piece up to a ';' begins */
    uint32_t inner;                /* how far that piece, after replacement, has been read */
    uint32_t line, column;         /* of `at`, 1-based */
    bool in_set;
};

void sql_script_init(struct sql_script *s, struct text text, const struct defines *defines);

/* The next statement; *out NULL: there is none. */
bool sql_parse_next(struct sql_script *s, struct arena *a, struct ast_statement **out,
                    struct err *e) MUST_USE;

/* The one statement that `text` is (a view's DDL, a request); 42601 when there are more or none. */
bool sql_parse_one(struct text text, struct arena *a, struct ast_statement **out,
                   struct err *e) MUST_USE;

/* Adds the statement by tokens, a space between two: equal for texts that differ only in spaces,
 * comments and the ';' at the end. */
void sql_text_key(struct text statement, struct buf *out);

/* What a shell shows while statements are typed. */
enum sql_input {
    SQL_INPUT_EMPTY,    /* nothing but spaces and comments */
    SQL_INPUT_COMPLETE, /* ends with a ';' outside quotes, comments and statement sets */
    SQL_INPUT_OPEN,     /* a statement is not ended */
    SQL_INPUT_QUOTE,    /* inside '..', ".." or `..` */
    SQL_INPUT_COMMENT,  /* inside a comment of several lines */
};

/* *ready_out: so many bytes of it are whole statements, which may be executed already. */
enum sql_input sql_input_state(struct text text, uint32_t *ready_out);

#endif
