/* unparse.h: from trees back to SQL, in one canonical form.
 *
 * Law: the text parses to an equal tree (positions, spelling of intervals and needless quotes
 * apart), so unparsing it again gives the same text. Parentheses stand only where precedence asks
 * for them; names are quoted only where the grammar asks for it.
 *
 * Errors: the buffer's sticky `failed`.
 *
 * Used by: EXPLAIN, catalogs, tests.    Tested by: tests/unit/sql/unparse_test.c, tests/fuzz
 */
#ifndef SQL_UNPARSE_H
#define SQL_UNPARSE_H

#include "engine/base/buf.h"
#include "sql/ast.h"

void unparse_expr(const struct ast_expr *e, struct buf *out);
void unparse_type(const struct ast_type *t, struct buf *out);
void unparse_select(const struct ast_select *s, struct buf *out);
void unparse_statement(const struct ast_statement *s, struct buf *out);

/* The parts that they share. */
void unparse_call_name(const struct ast_call *c, struct buf *out);
void unparse_call(const struct ast_call *c, struct buf *out);
void unparse_exprs(struct ast_exprs list, struct buf *out);
void unparse_orders(struct ast_orders list, struct buf *out); /* " ORDER BY ..", or nothing */
void unparse_window(const struct ast_window *w, struct buf *out);
void unparse_names(struct ast_names list, struct buf *out); /* a, b */
void unparse_options(struct ast_options list, struct buf *out);

/* A name as it may stand anywhere: quoted when it is a keyword or no plain word. */
void unparse_name(struct text name, struct buf *out);

/* '..', quotes doubled. */
void unparse_string(struct text value, struct buf *out);

#endif
