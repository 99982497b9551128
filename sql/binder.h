/* binder.h: what the files of the binder share: its state, errors, and the relations it makes.
 *
 * A query is bound from the inside out: each FROM item becomes a relation (struct rel), that is a
 * plan and what is known of its columns besides their types: by what name they are called, and
 * whether they are the time that the watermark speaks of. Expressions are bound over the columns
 * of one relation and are typed at once. The plans are naive: one node for each clause. lower.h
 * makes them good.
 *
 * Lifetime: all is made in binder->arena.
 *
 * Used by: sql/bind*.c only.
 */
#ifndef SQL_BINDER_H
#define SQL_BINDER_H

#include <stdarg.h>

#include "engine/plan.h"
#include "sql/bind.h"

enum {
    BIND_INPUTS_MAX = 1000, /* streams read by one query, each use counted */
    BIND_NODES_MAX = 20000, /* of one plan: views may double it at each level */
    BIND_DEPTH_MAX = 250,   /* queries within queries, views and CTEs included */
    BIND_HEIGHT_MAX = 1500, /* of an expression, bodies of functions included */
};

/* A view or CTE being expanded, to find one that means itself. */
struct expansion {
    const void *what;
    const struct expansion *outer;
};

/* The names that WITH gave, inner before outer. */
struct cte_scope {
    const struct ast_ctes *ctes;
    const struct cte_scope *outer;
};

struct binder {
    const struct sql_env *env;
    struct arena *arena;
    const struct source *source; /* what positions in the tree at hand refer to */
    bool placed;                 /* false: inside a view, whose text is not the user's now */
    enum ast_emit emit;
    bool follows;     /* stored tables are followed, not only read as they are now */
    bool reads_table; /* one was read by its name */
    uint32_t hint_at; /* of a hint behind one; 0: none */
    uint32_t inputs, inputs_capacity;
    struct plan_input *input;
    uint32_t uses, uses_capacity;
    struct object **use;
    uint32_t nodes;
    uint32_t depth;  /* queries being bound */
    uint32_t height; /* expressions being bound */
    const struct expansion *expansion;
    const struct cte_scope *ctes;
    const char *notice; /* the first; NULL: none */
};

/* What a column means for time. Kept only by columns that are passed on as they are. */
enum time_role {
    TIME_ROLE_NONE,
    TIME_ROLE_EVENT, /* the watermark promises no smaller value */
    TIME_ROLE_CLOCK, /* PROCTIME() */
};

enum window_part { WINDOW_PART_NONE, WINDOW_PART_START, WINDOW_PART_END, WINDOW_PART_TIME };

/* A window table function or windowed aggregate that made columns. */
struct rel_window {
    bool proctime;
    uint8_t precision;
};

struct rel_col {
    struct text table; /* what it may be qualified with; bytes 0: nothing */
    struct text name;
    const struct type *type;
    bool not_null;
    enum time_role time;
    enum window_part part;
    const struct rel_window *window; /* NULL: not of a window */
};

struct rel {
    struct plan *plan;
    uint32_t cols;
    struct rel_col *col; /* [cols] in the order of plan->schema */
    bool bounded;        /* all inputs end */
};

/* Errors at a place of the tree; `format` begins with the SQLSTATE: "42703: column ...". They
 * return false. */
bool bind_error(const struct binder *b, uint32_t at, struct err *e, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* Gives an error made without a place its place. */
bool bind_place(const struct binder *b, uint32_t at, struct err *e);
/* 0A000 */
bool bind_unsupported(const struct binder *b, uint32_t at, struct err *e, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* start .. end of the text at hand, without blanks at its ends. */
struct text bind_slice(const struct binder *b, uint32_t start, uint32_t end);
/* The place of a node for struct expr's `at`; 0 inside a view. */
uint32_t bind_at(const struct binder *b, uint32_t at);

/* A new plan node with its inputs and schema; NULL: see *e (54000, no memory). */
struct plan *bind_plan(struct binder *b, enum plan_kind kind, const struct plan *input,
                       struct err *e);
/* The schema that columns of a relation make. */
const struct schema *bind_schema(struct binder *b, const struct rel_col *col, uint32_t cols,
                                 struct err *e);
/* A Project of col[]'s expressions above `from`; roles of columns are col[]'s. NULL: see *e. */
struct rel *bind_project(struct binder *b, const struct rel *from, const struct expr *const *expr,
                         struct rel_col *col, uint32_t cols, struct err *e);

/* bind_image.c: the relation with its columns of images as PNG files. NULL: see *e. */
const struct rel *bind_images_out(struct binder *b, const struct rel *r, struct err *e);
/* Are rows written to it as text (JSON, CSV)? */
bool bind_writes_text(const struct stream_def *def);

/* Makes room for one more in *array of *capacity elements of `size` bytes, `count` in use. */
bool bind_grow(struct binder *b, void *array, uint32_t *capacity, uint32_t count, size_t size,
               struct err *e);

/* Notes that the statement uses `o`. */
bool bind_use(struct binder *b, struct object *o, struct err *e);

/* bind.c */
void binder_init(struct binder *b, const struct sql_env *env, struct arena *a);
/* The plan of `r`, with what the EMIT of `s` asks for; out->target is kept. */
bool bind_finish(struct binder *b, const struct ast_select *s, const struct rel *r,
                 struct bound_query *out, struct err *e);
/* bind_select.c: a query with its own WITH, ORDER BY and LIMIT; top: the statement's own. */
struct rel *bind_query(struct binder *b, const struct ast_select *s, bool top, struct err *e);
/* A statement's own query. Where an input has no end, stored tables are followed, too. */
struct rel *bind_top(struct binder *b, const struct ast_select *s, struct err *e);
/* bind_from.c: an input with all columns that `def` declares; `at`: of its name. */
struct rel *bind_scan(struct binder *b, const struct stream_def *def, struct plan_input input,
                      uint32_t at, struct err *e);
/* One FROM item. */
struct rel *bind_source(struct binder *b, const struct ast_source *s, struct err *e);
struct rel *bind_relation(struct binder *b, const struct ast_source *s, struct err *e);
/* A stream without a connector: its rows are kept here. */
bool bind_is_kept(const struct stream_def *def);
/* bind_window.c: TUMBLE, HOP, CUMULATE, SESSION in FROM. */
struct rel *bind_window_function(struct binder *b, const struct ast_source *s, struct err *e);

#endif
