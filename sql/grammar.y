/* grammar.y: the grammar of the language, for Lemon: SQLite's dialect and precedence, and on it
 * Flink's streaming clauses.
 *
 * Words that are also names stay names without %fallback: `plain` and `name` below say where a
 * word may stand for itself, and one more token tells the rest (MODEL m and lower(model), EMIT
 * CHANGES and a column `changes`). Words without a rule of their own (CHANGES, BOTH, the kinds of
 * SHOW) are names judged by the action. Lemon finds no conflict in it; where two readings meet,
 * the precedences LOWER < HIGHER say which holds.
 *
 * Actions only call sql/build.h. What is refused by name (GRANT, MATCH_RECOGNIZE) parse.c takes
 * out before it comes here.
 */
%name sql_grammar
%token_prefix TK_
%token_type {struct token}
%default_type {struct token}
%extra_context {struct build *b}
%stack_size 12000
%include {
#include <stddef.h>

#include "sql/build.h"
#include "sql/grammar_run.h"

#define YYNOERRORRECOVERY 1
#define YYPARSEFREENEVERNULL 1
}
%syntax_error { build_syntax_error(b, &TOKEN); }
%stack_overflow { build_too_deep(b, NULL); }
%code {
size_t sql_grammar_bytes(void) {
    return sizeof(yyParser);
}
}

%token ILLEGAL RESERVED SEMICOLON.

%nonassoc LOWER.
%nonassoc HIGHER UNIT TO ORDER.
%left OR.
%left AND.
%right NOT.
%left IS MATCH LIKE_KW BETWEEN IN ISNULL NOTNULL NE EQ.
%left GT LE LT GE.
%right ESCAPE.
%left BITAND BITOR LSHIFT GT_PAIR.
%left PLUS MINUS.
%left STAR SLASH REM.
%left CONCAT PTR.
%left COLLATE.
%right BITNOT.
%left LB DOT.

input ::= statement.

/* ---- names ---- */
plain(A) ::= ID(A). plain(A) ::= ANALYZE(A). plain(A) ::= ASC(A). plain(A) ::= BY(A).
plain(A) ::= CHECKPOINT(A). plain(A) ::= COMMENT(A). plain(A) ::= COST(A). plain(A) ::= CURRENT(A).
plain(A) ::= DEFINE(A). plain(A) ::= DESC(A). plain(A) ::= DESCRIBE(A). plain(A) ::= END(A).
plain(A) ::= ENFORCED(A). plain(A) ::= EXPLAIN(A). plain(A) ::= EXPORT(A). plain(A) ::= FIRST(A).
plain(A) ::= FOLLOWING(A). plain(A) ::= FUNCTION(A). plain(A) ::= GROUPS(A). plain(A) ::= IF(A).
plain(A) ::= INPUT(A). plain(A) ::= INTERVAL(A). plain(A) ::= ISOLATED(A). plain(A) ::= KEY(A).
plain(A) ::= LANGUAGE(A). plain(A) ::= LAST(A). plain(A) ::= LOAD(A). plain(A) ::= LSN(A).
plain(A) ::= MATERIALIZED(A). plain(A) ::= METADATA(A). plain(A) ::= MODEL(A). plain(A) ::= NEXT(A).
plain(A) ::= NULLS(A). plain(A) ::= OF(A). plain(A) ::= OFFSET(A). plain(A) ::= ONLY(A).
plain(A) ::= ORDINALITY(A). plain(A) ::= OUTPUT(A). plain(A) ::= PARTITION(A).
plain(A) ::= PARTITIONED(A). plain(A) ::= PLAN(A). plain(A) ::= PRECEDING(A).
plain(A) ::= PRECISION(A). plain(A) ::= QUERY(A). plain(A) ::= RANGE(A). plain(A) ::= RECURSIVE(A).
plain(A) ::= REPLACE(A). plain(A) ::= REPLAY(A). plain(A) ::= RESET(A). plain(A) ::= RETURNS(A).
plain(A) ::= ROW(A). plain(A) ::= ROWS(A). plain(A) ::= SHOW(A). plain(A) ::= STREAM(A).
plain(A) ::= STRICT(A). plain(A) ::= SYSTEM(A). plain(A) ::= SYSTEM_TIME(A).
plain(A) ::= TEMPORARY(A). plain(A) ::= TIMEWORD(A). plain(A) ::= UNIT(A). plain(A) ::= VIEW(A).
plain(A) ::= VOLATILITY(A). plain(A) ::= WATERMARK(A). plain(A) ::= WITHOUT(A).

/* Names that may not be an alias without AS, or name a source: they go on with the clause. */
fname(A) ::= plain(A).
fname(A) ::= FETCH(A).   fname(A) ::= FILTER(A).  fname(A) ::= FOR(A).    fname(A) ::= JOIN_KW(A).
fname(A) ::= LATERAL(A). fname(A) ::= LIKE_KW(A). fname(A) ::= MATCH(A).  fname(A) ::= OVER(A).
fname(A) ::= WINDOW(A).  fname(A) ::= WITHIN(A).

name(A) ::= fname(A).
name(A) ::= CAST(A).  name(A) ::= WITH(A).

%type names {struct ast_names}  %type names_opt {struct ast_names}
names(A) ::= name(X).                { A = build_names(b, (struct ast_names){0}, &X); }
names(A) ::= names(L) COMMA name(X). { A = build_names(b, L, &X); }
names_opt(A) ::= .                   { A = (struct ast_names){0}; }
names_opt(A) ::= LP names(L) RP.     { A = L; }

/* ---- types ---- */
%type type {struct ast_type *}  %type field {struct ast_field}  %type fields {struct ast_type *}
%type params {struct ast_type *}
typename(A) ::= ID(A).  typename(A) ::= INTERVAL(A).
typename(A) ::= ROW(A). typename(A) ::= TIMEWORD(A).
close(A) ::= GT|GT_PAIR(A).
type(A) ::= typename(N).                            { A = build_type(b, N, NULL); }
type(A) ::= typename(N) PRECISION.                  { A = build_type(b, N, NULL); }
type(A) ::= typename(N) LP params(P) RP.            { A = build_type(b, N, P); }
type(A) ::= typename(N) LP fields(F) RP.            { A = build_type(b, N, F); }
type(A) ::= typename(N) LT fields(F) close.         { A = build_type(b, N, F); }
type(A) ::= typename(N) LT type(T) close.           { A = build_type_of(b, N, T, NULL); }
type(A) ::= typename(N) LT type(K) COMMA type(V) close. { A = build_type_of(b, N, K, V); }
type(A) ::= type(T) WITH TIMEWORD(X) ID(Y).       { A = build_type_zone(b, T, NULL, X, Y); }
type(A) ::= type(T) WITH ID(W) TIMEWORD(X) ID(Y). { A = build_type_zone(b, T, &W, X, Y); }
type(A) ::= type(T) WITHOUT(W) TIMEWORD(X) ID(Y). { A = build_type_zone(b, T, &W, X, Y); }
params(A) ::= INTEGER|STAR(X).                { A = build_type_param(b, NULL, X); }
params(A) ::= params(P) COMMA INTEGER|STAR(X). { A = build_type_param(b, P, X); }
field(A) ::= name(N) type(T) null_opt(M) comment_opt. { A = build_field(b, N, T, M); }
fields(A) ::= field(F).                 { A = build_type_field(b, NULL, F); }
fields(A) ::= fields(L) COMMA field(F). { A = build_type_field(b, L, F); }
null_opt(A) ::= .         { A = (struct token){0}; }
null_opt(A) ::= NULL.     { A = (struct token){0}; }
null_opt(A) ::= NOT(X) NULL. { A = X; A.negated = true; }
comment_opt ::= .  comment_opt ::= STRING.

/* ---- expressions ---- */
%type expr {struct ast_expr *}  %type expr_opt {struct ast_expr *}  %type exprs {struct ast_exprs}
%type exprs_opt {struct ast_exprs}
expr(A) ::= LP(X) expr(E) RP.  { A = build_parens(b, X, E); }
expr(A) ::= NULL|INTEGER|DECIMAL|DOUBLE|STRING|BLOB(X). { A = build_literal(b, X); }
expr(A) ::= PARAMETER(X).         { A = build_parameter(b, X); }
expr(A) ::= TIMEWORD(T) STRING(X). { A = build_time_literal(b, T, X); }
expr(A) ::= INTERVAL(I) STRING(X). [LOWER] { A = build_interval(b, I, X, NULL, NULL); }
expr(A) ::= INTERVAL(I) STRING(X) unit(U). [LOWER] { A = build_interval(b, I, X, &U, NULL); }
expr(A) ::= INTERVAL(I) STRING(X) unit(U) TO unit(V). { A = build_interval(b, I, X, &U, &V); }
unit(A) ::= UNIT(A).  unit(A) ::= UNIT(A) LP INTEGER RP.
expr(A) ::= fname(X).                  { A = build_column(b, X); }
expr(A) ::= CAST(X).                   { A = build_column(b, X); }
expr(A) ::= expr(E) DOT name(X).       { A = build_dot(b, E, X); }
expr(A) ::= expr(E) LB exprs_opt(L) RB. { A = build_index(b, E, L); }
expr(A) ::= LP(X) expr(E) COMMA exprs(L) RP. { A = build_row(b, X, E, L); }
expr(A) ::= LP(X) select(S) RP.     { A = build_subquery(b, X, S); }
expr(A) ::= EXISTS(X) LP select(S) RP. { A = build_exists(b, X, S); }
expr(A) ::= CAST(X) LP expr(E) AS type(T) RP. { A = build_cast(b, X, E, T); }
expr(A) ::= expr(L) OR(O) expr(R).     { A = build_binary(b, AST_OR, O, L, R); }
expr(A) ::= expr(L) AND(O) expr(R).    { A = build_binary(b, AST_AND, O, L, R); }
expr(A) ::= expr(L) EQ|NE(O) expr(R).  { A = build_operator(b, O, L, R); }
expr(A) ::= expr(L) LT|LE|GT|GE(O) expr(R). { A = build_operator(b, O, L, R); }
expr(A) ::= expr(L) BITAND|BITOR|LSHIFT(O) expr(R). { A = build_operator(b, O, L, R); }
expr(A) ::= expr(L) GT_PAIR(O) GT expr(R). [LSHIFT] { A = build_operator(b, O, L, R); }
expr(A) ::= expr(L) PLUS|MINUS(O) expr(R).     { A = build_operator(b, O, L, R); }
expr(A) ::= expr(L) STAR|SLASH|REM(O) expr(R). { A = build_operator(b, O, L, R); }
expr(A) ::= expr(L) CONCAT|PTR(O) expr(R).     { A = build_operator(b, O, L, R); }
expr(A) ::= expr(L) IS(O) expr(R).     { A = build_is_like(b, AST_IS, O, L, R); }
expr(A) ::= expr(L) IS(O) NOT expr(R). { A = build_is_like(b, AST_IS_NOT, O, L, R); }
expr(A) ::= expr(L) IS(O) NOT DISTINCT FROM expr(R). [IS] { A = build_is_like(b, AST_IS, O, L, R); }
expr(A) ::= expr(L) IS(O) DISTINCT FROM expr(R). [IS] { A = build_is_like(b, AST_IS_NOT, O, L, R); }
expr(A) ::= expr(E) ISNULL(O).   { A = build_postfix(b, AST_IS_NULL, O, E); }
expr(A) ::= expr(E) NOTNULL(O).  { A = build_postfix(b, AST_IS_NOT_NULL, O, E); }
expr(A) ::= expr(E) NOT(O) NULL. { A = build_postfix(b, AST_IS_NOT_NULL, O, E); }
expr(A) ::= NOT(O) expr(E).      { A = build_unary(b, AST_NOT, O, E); }
expr(A) ::= BITNOT(O) expr(E).   { A = build_unary(b, AST_BIT_NOT, O, E); }
expr(A) ::= MINUS(O) expr(E). [BITNOT] { A = build_unary(b, AST_MINUS, O, E); }
expr(A) ::= PLUS(O) expr(E). [BITNOT]  { A = build_unary(b, AST_PLUS, O, E); }
expr(A) ::= expr(E) COLLATE(O) name(N). { A = build_collate(b, E, O, N); }
likeop(A) ::= LIKE_KW|MATCH(A).
likeop(A) ::= NOT LIKE_KW|MATCH(X).    { A = X; A.negated = true; }
expr(A) ::= expr(L) likeop(O) expr(R). [LIKE_KW] { A = build_like(b, O, L, R, NULL); }
expr(A) ::= expr(L) likeop(O) expr(R) ESCAPE expr(X). [LIKE_KW]
                                       { A = build_like(b, O, L, R, X); }
between(A) ::= BETWEEN(A).
between(A) ::= NOT BETWEEN(X).         { A = X; A.negated = true; }
expr(A) ::= expr(E) between(O) expr(L) AND expr(H). [BETWEEN]
                                       { A = build_between(b, O, E, L, H); }
in(A) ::= IN(A).
in(A) ::= NOT IN(X).                   { A = X; A.negated = true; }
expr(A) ::= expr(E) in(O) LP exprs_opt(L) RP. [IN] { A = build_in_list(b, O, E, L); }
expr(A) ::= expr(E) in(O) LP select(S) RP. [IN] { A = build_in_select(b, O, E, S); }
expr(A) ::= expr(E) in(O) fname(N). [IN]    { A = build_in_table(b, O, E, N); }
%type whens {struct ast_expr *}
whens(A) ::= CASE(X) expr_opt(E) WHEN expr(W) THEN expr(T). { A = build_case(b, X, E, W, T); }
whens(A) ::= whens(C) WHEN expr(W) THEN expr(T).           { A = build_when(b, C, W, T); }
expr(A) ::= whens(C) END.              { A = build_case_end(b, C, NULL); }
expr(A) ::= whens(C) ELSE expr(E) END. { A = build_case_end(b, C, E); }
expr_opt(A) ::= .        { A = NULL; }
expr_opt(A) ::= expr(E). { A = E; }
exprs(A) ::= expr(E).                { A = build_exprs(b, (struct ast_exprs){0}, E); }
exprs(A) ::= exprs(L) COMMA expr(E). { A = build_exprs(b, L, E); }
exprs_opt(A) ::= .         { A = (struct ast_exprs){0}; }
exprs_opt(A) ::= exprs(L). { A = L; }

/* ---- calls ---- */
%type call {struct ast_expr *}  %type args {struct ast_args}  %type arg {struct ast_arg *}
%type value {struct ast_arg *}  %type table {struct ast_arg *}  %type window {struct ast_window *}
%type over {struct ast_window *}  %type bound {struct ast_bound}  %type filter {struct ast_expr *}
%type orders {struct ast_orders}  %type order_by {struct ast_orders}  %type span {struct build_span}
%type within {struct ast_orders}  %type partition_by {struct ast_exprs}
expr(A) ::= call(C) within(W) filter(F) over(O). { A = build_call_tail(b, C, W, F, O); }
call(A) ::= fname(N) LP RP.      { A = build_call(b, N, (struct ast_args){0}); }
call(A) ::= fname(N) LP STAR RP. { A = build_call_star(b, N); }
call(A) ::= fname(N) LP args(L) order_by(O) RP.
                                    { A = build_call_order(b, build_call(b, N, L), O); }
call(A) ::= fname(N) LP DISTINCT args(L) order_by(O) RP.
      { A = build_call_distinct(b, build_call_order(b, build_call(b, N, L), O)); }
call(A) ::= fname(N) LP ALL args(L) order_by(O) RP.
                                    { A = build_call_order(b, build_call(b, N, L), O); }
call(A) ::= fname(N) LP expr(X) span(S) RP. { A = build_call_from(b, N, X, S); }
call(A) ::= fname(N) LP expr(X) PLACING expr(Y) span(S) RP.
                                { A = build_call_placing(b, N, build_three(b, X, Y, S.from), S); }
span(A) ::= FROM expr(E).             { A = (struct build_span){E, NULL}; }
span(A) ::= FROM expr(E) FOR expr(F). { A = (struct build_span){E, F}; }
call(A) ::= fname(N) LP ID(S) STRING(X) FROM expr(E) RP.
                                    { A = build_call_trim(b, N, S, build_literal(b, X), E); }
call(A) ::= fname(N) LP expr(E) TO name(U) RP. { A = build_call_to(b, N, E, U); }
call(A) ::= fname(N) LP expr(X) IN_OF expr(E) RP. { A = build_call_position(b, N, X, E); }
args(A) ::= arg(X).               { A = build_args(b, (struct ast_args){0}, X); }
args(A) ::= args(L) COMMA arg(X). { A = build_args(b, L, X); }
arg(A) ::= value(V).                 { A = V; }
arg(A) ::= name(N) FAT_ARROW value(V). { A = build_arg_name(b, N, V); }
value(A) ::= expr(E).                { A = build_arg(b, E); }
value(A) ::= plain(N) HINT name LP options(L) RP HINT_END. { A = build_arg_table(b, N, N, L); }
value(A) ::= MODEL(M) plain(N).      { A = build_arg_model(b, M, N); }
value(A) ::= table(T). [LOWER]       { A = T; }
value(A) ::= table(T) ORDER BY expr(E) direction(D) nulls(N).
                                     { A = build_arg_order(b, T, E, D, N); }
table(A) ::= TABLE(T) name(N) hint(H).  { A = build_arg_table(b, T, N, H); }
table(A) ::= TABLE(T) name(N) hint(H) PARTITION BY expr(E).
                               { A = build_arg_partition(b, build_arg_table(b, T, N, H), E); }
table(A) ::= TABLE(T) LP select(S) RP. { A = build_arg_select(b, T, S); }
table(A) ::= TABLE(T) LP select(S) RP PARTITION BY expr(E).
                                     { A = build_arg_partition(b, build_arg_select(b, T, S), E); }
partition_by(A) ::= .                      { A = (struct ast_exprs){0}; }
partition_by(A) ::= PARTITION BY exprs(L). { A = L; }
order_by(A) ::= .                          { A = (struct ast_orders){0}; }
order_by(A) ::= ORDER BY orders(L).        { A = L; }
orders(A) ::= expr(E) direction(D) nulls(N).
                              { A = build_orders(b, (struct ast_orders){0}, E, D, N); }
orders(A) ::= orders(L) COMMA expr(E) direction(D) nulls(N).
                              { A = build_orders(b, L, E, D, N); }
direction(A) ::= .            { A = (struct token){0}; }
direction(A) ::= ASC|DESC(A).
nulls(A) ::= .                { A = (struct token){0}; }
nulls(A) ::= NULLS FIRST|LAST(X).  { A = X; }
within(A) ::= .                                    { A = (struct ast_orders){0}; }
within(A) ::= WITHIN GROUP LP ORDER BY orders(L) RP. { A = L; }
filter(A) ::= .                           { A = NULL; }
filter(A) ::= FILTER LP WHERE expr(E) RP. { A = E; }
over(A) ::= .                             { A = NULL; }
over(A) ::= OVER plain(N).                { A = build_window_named(b, N); }
over(A) ::= OVER LP window(W) RP.         { A = W; }
window(A) ::= partition_by(P) order_by(O).      { A = build_window(b, NULL, P, O); }
window(A) ::= ID(N) partition_by(P) order_by(O). { A = build_window(b, &N, P, O); }
window(A) ::= window(W) ROWS|RANGE|GROUPS(U) bound(F).
                    { A = build_frame(b, W, U, F, (struct ast_bound){.kind = AST_CURRENT_ROW}); }
window(A) ::= window(W) ROWS|RANGE|GROUPS(U) BETWEEN bound(F) AND bound(T).
                                          { A = build_frame(b, W, U, F, T); }
bound(A) ::= CURRENT ROW.        { A = (struct ast_bound){.kind = AST_CURRENT_ROW}; }
bound(A) ::= expr(E) PRECEDING|FOLLOWING(X). { A = build_bound(b, E, X); }

/* ---- queries ---- */
%type select {struct ast_select *}  %type selects {struct ast_select *}
%type ctes {struct ast_select *}  %type core {struct ast_core *}  %type item {struct ast_item *}
%type items {struct ast_items}  %type rows {struct ast_core *}  %type from {struct ast_from}
%type from_opt {struct ast_from}  %type joined {struct ast_source *}
%type source {struct ast_source *}  %type suffixed {struct ast_source *}
%type join {struct build_join}  %type where {struct ast_expr *}  %type group_by {struct build_group}
%type windows {struct ast_windows}  %type windowed {struct ast_windows}
%type options {struct ast_options}  %type hint {struct ast_options}
select(A) ::= selects(S) order_by(O) limit(L) emit(E). { A = build_select(b, S, O, L, E); }
selects(A) ::= core(C).                  { A = build_cores(b, NULL, (struct token){0}, C); }
selects(A) ::= ctes(S) core(C).          { A = build_cores(b, S, (struct token){0}, C); }
selects(A) ::= selects(S) compound(O) core(C). { A = build_cores(b, S, O, C); }
compound(A) ::= INTERSECT|EXCEPT(A).  compound(A) ::= UNION(A).
compound(A) ::= UNION(X) ALL.            { A = X; A.negated = true; }
ctes(A) ::= WITH(X) name(N) names_opt(L) AS LP select(S) RP.
                               { A = build_cte(b, build_with(b, X, false), N, L, S); }
ctes(A) ::= WITH(X) RECURSIVE name(N) names_opt(L) AS LP select(S) RP.
                               { A = build_cte(b, build_with(b, X, true), N, L, S); }
ctes(A) ::= ctes(W) COMMA name(N) names_opt(L) AS LP select(S) RP.
                               { A = build_cte(b, W, N, L, S); }
core(A) ::= SELECT(X) distinct(D) items(I) from_opt(F) where(W) group_by(G) windows(V).
      { A = build_core(b, &(struct build_core){X, D.end > 0, I, F, W, G, V}); }
core(A) ::= VALUES(X) rows(R).           { A = build_values(b, X, R); }
rows(A) ::= LP(X) exprs(L) RP.                { A = build_row_of(b, NULL, X, L); }
rows(A) ::= rows(R) COMMA LP(X) exprs(L) RP.  { A = build_row_of(b, R, X, L); }
distinct(A) ::= .         { A = (struct token){0}; }
distinct(A) ::= ALL.      { A = (struct token){0}; }
distinct(A) ::= DISTINCT(A).
items(A) ::= item(I).                { A = build_items(b, (struct ast_items){0}, I); }
items(A) ::= items(L) COMMA item(I). { A = build_items(b, L, I); }
item(A) ::= STAR(X).                 { A = build_item_star(b, X, NULL); }
item(A) ::= expr(E) DOT STAR(X).     { A = build_item_star(b, X, E); }
item(A) ::= expr(E).                 { A = build_item(b, E, NULL); }
item(A) ::= expr(E) AS name(N).      { A = build_item(b, E, &N); }
item(A) ::= expr(E) plain(N).        { A = build_item(b, E, &N); }
from_opt(A) ::= .                    { A = (struct ast_from){0}; }
from_opt(A) ::= FROM from(F).        { A = F; }
from(A) ::= joined(S). { A = build_from(b, (struct ast_from){0}, (struct build_join){0}, S); }
from(A) ::= from(F) join(J) joined(S). { A = build_from(b, F, J, S); }
from(A) ::= from(F) join(J) joined(S) ON expr(E).
                                     { A = build_from(b, F, J, build_on(b, S, E)); }
from(A) ::= from(F) join(J) joined(S) USING LP names(L) RP.
                                     { A = build_from(b, F, J, build_using(b, S, L)); }
join(A) ::= COMMA|JOIN(X).                   { A = build_join(b, X, NULL, NULL, NULL); }
join(A) ::= JOIN_KW(X) JOIN.                 { A = build_join(b, X, &X, NULL, NULL); }
join(A) ::= JOIN_KW(X) JOIN_KW(Y) JOIN.      { A = build_join(b, X, &X, &Y, NULL); }
join(A) ::= JOIN_KW(X) JOIN_KW(Y) JOIN_KW(Z) JOIN. { A = build_join(b, X, &X, &Y, &Z); }
joined(A) ::= source(A).
joined(A) ::= source(S) plain(N) names_opt(L).    { A = build_alias(b, S, &N, L); }
joined(A) ::= source(S) AS name(N) names_opt(L).  { A = build_alias(b, S, &N, L); }
joined(A) ::= suffixed(S).                        { A = S; }
joined(A) ::= suffixed(S) plain(N) names_opt(L).  { A = build_alias(b, S, &N, L); }
joined(A) ::= suffixed(S) AS name(N) names_opt(L). { A = build_alias(b, S, &N, L); }
suffixed(A) ::= source(S) MATCH_BODY. { A = build_match(b, S); }
suffixed(A) ::= source(S) AS OF LSN lsn(X).
                    { A = build_as_of(b, S, build_literal(b, X), true); }
source(A) ::= sname(N) hint(H).                   { A = build_source_name(b, N, H); }
source(A) ::= sname(N) hint(H) FOR SYSTEM_TIME AS OF expr(E).
                    { A = build_as_of(b, build_source_name(b, N, H), E, false); }
source(A) ::= sname(N) hint(H) FOR SYSTEM_TIME AS OF LSN lsn(X).
                    { A = build_as_of(b, build_source_name(b, N, H), build_literal(b, X), true); }
source(A) ::= sname(N) LP args(L) RP.          { A = build_source_call(b, N, L); }
source(A) ::= sname(N) LP args(L) RP WITH ORDINALITY.
                    { A = build_ordinality(b, build_source_call(b, N, L)); }
source(A) ::= TABLE(X) LP name(N) hint(H) RP.  { A = build_snapshot(b, X, N, H); }
source(A) ::= TABLE LP name(N) LP args(L) RP RP. { A = build_source_call(b, N, L); }
source(A) ::= LP(X) select(S) RP.              { A = build_source_select(b, X, S); }
source(A) ::= LP(X) from(F) RP.                { A = build_source_group(b, X, F); }
source(A) ::= LATERAL source(S).                  { A = build_lateral(b, S); }
sname(A) ::= plain(A).  sname(A) ::= FETCH|FILTER|OVER|WINDOW|WITHIN(A).
lsn(A) ::= INTEGER(A).
hint(A) ::= .                                     { A = (struct ast_options){0}; }
hint(A) ::= HINT name LP options(L) RP HINT_END.  { A = L; }
where(A) ::= .              { A = NULL; }
where(A) ::= WHERE expr(E). { A = E; }
group_by(A) ::= .           { A = (struct build_group){0}; }
group_by(A) ::= HAVING expr(H). { A = (struct build_group){.having = H}; }
group_by(A) ::= GROUP(X) BY exprs(L). { A = (struct build_group){X, L, NULL}; }
group_by(A) ::= GROUP(X) BY exprs(L) HAVING expr(H). { A = (struct build_group){X, L, H}; }
windows(A) ::= .                  { A = (struct ast_windows){0}; }
windows(A) ::= WINDOW windowed(L). { A = L; }
windowed(A) ::= name(N) AS LP window(W) RP.
                                  { A = build_windows(b, (struct ast_windows){0}, N, W); }
windowed(A) ::= windowed(L) COMMA name(N) AS LP window(W) RP. { A = build_windows(b, L, N, W); }
%type limit {struct build_limit}
limit(A) ::= .                               { A = (struct build_limit){0}; }
limit(A) ::= LIMIT expr(L).                  { A = (struct build_limit){L, NULL}; }
limit(A) ::= LIMIT expr(L) OFFSET expr(O).   { A = (struct build_limit){L, O}; }
limit(A) ::= LIMIT expr(O) COMMA expr(L).    { A = (struct build_limit){L, O}; }
limit(A) ::= FETCH FIRST|NEXT INTEGER(N) ROW|ROWS ONLY.
                                     { A = (struct build_limit){build_literal(b, N), NULL}; }
emit(A) ::= .                { A = (struct token){0}; }
emit(A) ::= EMIT name(X).  { A = X; }
options(A) ::= option_key(K) EQ option_value(V).
                           { A = build_options(b, (struct ast_options){0}, K, V); }
options(A) ::= options(L) COMMA option_key(K) EQ option_value(V). { A = build_options(b, L, K, V); }
option_key(A) ::= STRING(A).
option_key(A) ::= path(A).
option_value(A) ::= STRING|INTEGER|DECIMAL|DOUBLE|ON(A).
option_value(A) ::= MINUS(X) INTEGER|DECIMAL|DOUBLE(Y). { A = X; A.end = Y.end; }
option_value(A) ::= name(A).
path(A) ::= name(A).
path(A) ::= path(X) DOT name(Y).             { A = build_path(b, X, Y); }

/* ---- statements ---- */
%type insert {struct ast_insert *}  %type create {struct build_create *}
%type column {struct ast_column *}  %type computed {struct ast_column *}
%type columns {struct ast_columns}  %type stream {struct ast_create_stream *}
%type function {struct ast_create_function *}  %type model {struct ast_create_model *}
%type object {enum ast_object}  %type assignments {struct ast_update *}
statement ::= query.
statement ::= EXPLAIN(X) query.         { build_explain(b, X, false); }
statement ::= EXPLAIN ANALYZE(X) query. { build_explain(b, X, true); }
statement ::= EXPLAIN PLAN FOR(X) query. { build_explain(b, X, false); }
query ::= select(S).                    { build_statement_select(b, S); }
query ::= insert(I).                    { build_statement_insert(b, I); }
query ::= create(C) QUERY new_name(N) AS insert(I).
                                        { build_statement_query(b, build_head(b, C, N), I); }
query ::= create(C) VIEW new_name(N) names_opt(L) comment(D) view_options(O) AS select(S).
         { build_statement_view(b, build_head(b, C, N), &(struct build_view){L, O, D, S}); }
%type view_options {struct ast_options}
view_options(A) ::= .                        { A = (struct ast_options){0}; }
view_options(A) ::= WITH LP options(L) RP.   { A = L; }
insert(A) ::= INSERT INTO target(T) hint(H) names_opt(L) select(S).
                                        { A = build_insert(b, T, H, L, S); }
insert(A) ::= INSERT OR REPLACE INTO target(T) hint(H) names_opt(L) select(S).
                                        { A = build_replace(b, build_insert(b, T, H, L, S)); }
insert(A) ::= REPLACE INTO target(T) hint(H) names_opt(L) select(S).
                                        { A = build_replace(b, build_insert(b, T, H, L, S)); }
target(A) ::= name(A).
target(A) ::= MODEL plain(N).           { A = N; A.negated = true; }

create(A) ::= CREATE.                   { A = build_create(b); }
create(A) ::= create(C) OR REPLACE.     { A = build_create_word(b, C, BUILD_OR_REPLACE); }
create(A) ::= create(C) TEMPORARY.      { A = build_create_word(b, C, BUILD_TEMPORARY); }
create(A) ::= create(C) MATERIALIZED.   { A = build_create_word(b, C, BUILD_MATERIALIZED); }
create(A) ::= create(C) SYSTEM.         { A = build_create_word(b, C, BUILD_SYSTEM); }
new_name(A) ::= name(A).
new_name(A) ::= IF NOT EXISTS name(N).  { A = N; A.negated = true; }
old_name(A) ::= name(A).
old_name(A) ::= IF EXISTS name(N).      { A = N; A.negated = true; }
comment(A) ::= .                        { A = (struct token){0}; }
comment(A) ::= COMMENT STRING(X).       { A = X; }

statement ::= stream(S).                { build_statement_stream(b, S); }
stream(A) ::= stream_head(A).
stream(A) ::= stream_head(S) LP elements RP.  { A = S; }
stream(A) ::= stream(S) COMMENT STRING(X).    { A = build_stream_comment(b, S, X); }
stream(A) ::= stream(S) PARTITIONED(X) BY LP names(L) RP.
                                        { A = build_stream_partition(b, S, X, L); }
stream(A) ::= stream(S) WITH(X) LP options(L) RP. { A = build_stream_options(b, S, X, L); }
stream(A) ::= stream(S) LIKE_KW(K) name(N).   { A = build_stream_like(b, S, K, N); }
%type stream_head {struct ast_create_stream *}
stream_head(A) ::= create(C) STREAM new_name(N).
                { A = build_stream(b, build_head(b, C, N), AST_OBJECT_STREAM); }
stream_head(A) ::= create(C) TABLE new_name(N).
                { A = build_stream(b, build_head(b, C, N), AST_OBJECT_TABLE); }
elements ::= element.  elements ::= elements COMMA element.
element ::= column(C).                  { build_stream_column(b, C); }
element ::= computed(C).                { build_stream_column(b, C); }
element ::= WATERMARK(X) FOR path(P) AS expr(E).    { build_stream_watermark(b, X, P, E); }
element ::= constraint PRIMARY(X) KEY LP names(L) RP.  { build_stream_key(b, X, L, NULL); }
element ::= constraint PRIMARY(X) KEY LP names(L) RP enforced(F). { build_stream_key(b, X, L, &F); }
constraint ::= .  constraint ::= CONSTRAINT name.
enforced(A) ::= ENFORCED(A).
enforced(A) ::= NOT ENFORCED(X).        { A = X; A.negated = true; }
column(A) ::= name(N) type(T).          { A = build_column_typed(b, N, T); }
column(A) ::= column(C) NULL.           { A = C; }
column(A) ::= column(C) NOT NULL.       { A = build_column_not_null(b, C); }
column(A) ::= column(C) PRIMARY KEY.    { A = build_column_key(b, C); }
column(A) ::= column(C) enforced(F).    { A = build_column_enforced(b, C, F); }
column(A) ::= column(C) COMMENT STRING(X). { A = build_column_comment(b, C, X); }
column(A) ::= column(C) METADATA(X).    { A = build_column_metadata(b, C, X); }
computed(A) ::= name(N) AS expr(E).     { A = build_column_computed(b, N, E); }
computed(A) ::= name(N) AS expr(E) COMMENT STRING(X).
                       { A = build_column_comment(b, build_column_computed(b, N, E), X); }
columns(A) ::= column(C).               { A = build_columns(b, (struct ast_columns){0}, C); }
columns(A) ::= columns(L) COMMA column(C). { A = build_columns(b, L, C); }

statement ::= model(M).                 { build_statement_model(b, M); }
model(A) ::= create(C) MODEL new_name(N).
                                        { A = build_model(b, build_head(b, C, N)); }
model(A) ::= model(M) INPUT(X) LP columns(L) RP.  { A = build_model_columns(b, M, X, L); }
model(A) ::= model(M) OUTPUT(X) LP columns(L) RP. { A = build_model_columns(b, M, X, L); }
model(A) ::= model(M) COMMENT STRING(X).          { A = build_model_comment(b, M, X); }
model(A) ::= model(M) WITH(X) LP options(L) RP.   { A = build_model_options(b, M, X, L); }

statement ::= function(F).              { build_statement_function(b, F); }
%type function_head {struct ast_create_function *}
function_head(A) ::= create(C) FUNCTION new_name(N).
                                        { A = build_function(b, build_head(b, C, N)); }
function(A) ::= function_head(A).
function(A) ::= function_head(F) LP RP. { A = build_function_args(b, F, (struct ast_columns){0}); }
function(A) ::= function_head(F) LP parameters(L) RP. { A = build_function_args(b, F, L); }
function(A) ::= function(F) RETURNS type(T).   { A = build_function_returns(b, F, T); }
function(A) ::= function(F) AS expr(E).        { A = build_function_body(b, F, E); }
function(A) ::= function(F) AS expr(E) COMMA STRING(X). { A = build_function_symbol(b, F, E, X); }
function(A) ::= function(F) LANGUAGE name(N).  { A = build_function_language(b, F, N); }
function(A) ::= function(F) VOLATILITY(X).     { A = build_function_volatility(b, F, X); }
function(A) ::= function(F) STRICT.            { A = build_function_flag(b, F, false); }
function(A) ::= function(F) ISOLATED.          { A = build_function_flag(b, F, true); }
function(A) ::= function(F) COST INTEGER|DECIMAL|DOUBLE(X).
                                        { A = build_function_cost(b, F, build_literal(b, X)); }
%type parameters {struct ast_columns}  %type parameter {struct ast_column *}
parameters(A) ::= parameter(C).         { A = build_columns(b, (struct ast_columns){0}, C); }
parameters(A) ::= parameters(L) COMMA parameter(C). { A = build_columns(b, L, C); }
parameter(A) ::= name(N) type(T).       { A = build_column_typed(b, N, T); }

object(A) ::= STREAM.                   { A = AST_OBJECT_STREAM; }
object(A) ::= TABLE.                    { A = AST_OBJECT_TABLE; }
object(A) ::= VIEW.                     { A = AST_OBJECT_VIEW; }
object(A) ::= MATERIALIZED VIEW.        { A = AST_OBJECT_MATERIALIZED_VIEW; }
object(A) ::= QUERY.                    { A = AST_OBJECT_QUERY; }
object(A) ::= MODEL.                    { A = AST_OBJECT_MODEL; }
object(A) ::= FUNCTION.                 { A = AST_OBJECT_FUNCTION; }
statement ::= DROP object(O) old_name(N).           { build_drop(b, O, N); }
statement ::= DROP TEMPORARY object(O) old_name(N). { build_drop(b, O, N); }
statement ::= DROP TEMPORARY SYSTEM object(O) old_name(N). { build_drop(b, O, N); }
query ::= UPDATE name(N) SET assignments(U) where(W).    { build_update(b, N, U, W); }
assignments(A) ::= name(N) EQ expr(E).                      { A = build_assignment(b, NULL, N, E); }
assignments(A) ::= assignments(U) COMMA name(N) EQ expr(E).  { A = build_assignment(b, U, N, E); }
query ::= DELETE FROM name(N) where(W).                  { build_delete(b, N, W); }

statement ::= SHOW name(N).                  { build_show(b, N, NULL); }
statement ::= SHOW name name(N).             { build_show(b, N, NULL); }
statement ::= SHOW ALL(N).                   { build_show(b, N, NULL); }
statement ::= SHOW name(N) LIKE_KW STRING(X). { build_show(b, N, &X); }
statement ::= SHOW STRING(N).                { build_show(b, N, NULL); }
statement ::= SHOW CREATE name(N).           { build_show_create(b, AST_OBJECT_ANY, N); }
statement ::= SHOW CREATE object(O) name(N). { build_show_create(b, O, N); }
statement ::= DESCRIBE|DESC name(N).           { build_describe(b, AST_OBJECT_ANY, N); }
statement ::= DESCRIBE|DESC object(O) name(N). { build_describe(b, O, N); }
setting(A) ::= STRING(A).
setting(A) ::= path(A).
setting(A) ::= TABLE(X) DOT path(Y).         { A = build_path(b, X, Y); }
statement ::= SET.                           { build_set(b, false, NULL, NULL); }
statement ::= SET setting(N) EQ|TO option_value(V). { build_set(b, false, &N, &V); }
statement ::= RESET.                         { build_set(b, true, NULL, NULL); }
statement ::= RESET ALL.                     { build_set(b, true, NULL, NULL); }
statement ::= RESET setting(N).              { build_set(b, true, &N, NULL); }
statement ::= DEFINE new_name(N) EQ option_value(V). { build_define(b, N, V); }
statement ::= EXPORT MODEL name(N) TO STRING(X). { build_export(b, N, X); }
statement ::= CHECKPOINT.                    { build_checkpoint(b); }
statement ::= LOAD STRING(X).                { build_load(b, X); }
%type from_lsn {struct ast_expr *}  %type to_lsn {struct ast_expr *}
statement ::= REPLAY QUERY name(N) from_lsn(F) to_lsn(T). { build_replay(b, N, F, T); }
from_lsn(A) ::= .                            { A = NULL; }
from_lsn(A) ::= FROM LSN lsn(X).             { A = build_literal(b, X); }
to_lsn(A) ::= .                              { A = NULL; }
to_lsn(A) ::= TO LSN lsn(X).                 { A = build_literal(b, X); }
