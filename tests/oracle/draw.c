/* draw.c: expressions. A leaf is a column or a literal; an operator is chosen among those whose
 * result has the wanted type and whose operands can be had from the table. */
#include "tests/oracle/draw.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 8, BITS_FAIL = 62, BITS_REAL_MAX = 900, DIGITS_MAX = 17, QUOTIENT_DIGITS = 18 };

uint32_t op_index(const struct op_row *op) {
    bool plain = op >= op_rows && op < op_rows + op_count;
    return plain ? (uint32_t)(op - op_rows) : op_count + (uint32_t)(op - time_rows);
}

const struct op_row *op_at(uint32_t index) {
    return index < op_count ? &op_rows[index] : &time_rows[index - op_count];
}

static struct node *new_node(struct draw *d, enum node_kind kind, struct otype type) {
    struct node *n = ARENA_NEW(d->arena, n);
    assert(n);
    n->kind = kind;
    n->type = type;
    n->spelt = type.letter;
    return n;
}

static uint32_t bits_of(const struct value *v) {
    if (v->kind == VALUE_REAL) return v->real == 0 ? 0 : (uint32_t)abs(ilogb(v->real)) + 1;
    uint64_t magnitude = v->integer < 0 ? 0 - (uint64_t)v->integer : (uint64_t)v->integer;
    uint32_t bits = 0;
    for (; magnitude > 0; magnitude >>= 1) bits++;
    return bits;
}

static bool column_fits(const struct ocolumn *c, struct otype type) {
    if (type.letter == T_NUMERIC) return c->use == COLUMN_NUMERIC;
    if (type.letter == T_JSON) return c->use == COLUMN_JSON;
    if (type.letter == T_TAME) return c->type.letter == T_BIGINT && c->use == COLUMN_PLAIN;
    if (type.letter == T_SHORT) return c->type.letter == T_DOUBLE && c->use == COLUMN_PLAIN;
    if (type.letter == T_DECIMAL && type.precision == 0) return c->type.letter == T_DECIMAL;
    return otype_same(c->type, type);
}

struct node *draw_column(struct draw *d, struct otype type) {
    uint32_t fits = 0, chosen = 0;
    for (uint32_t i = 0; i < d->table->cols; i++) {
        if (!column_fits(&d->table->col[i], type)) continue;
        if (draw_below(d, ++fits) == 0) chosen = i;
    }
    if (fits == 0) return NULL;

    const struct ocolumn *c = &d->table->col[chosen];
    struct node *n = new_node(d, NODE_COLUMN, c->type);
    n->column = chosen;
    n->has_column = true;
    n->bits = c->use == COLUMN_WILD ? (c->type.letter == T_DOUBLE ? BITS_REAL_MAX : 64) : 13;
    if (c->type.letter == T_TIMESTAMP) n->bits = 50;
    return n;
}

/* Letters that stand for a kind of literal. */
static struct node *draw_special(struct draw *d, char letter) {
    static const char *const like[] = {"a%", "%b%", "_b_", "%", "A!%%", "", "%\xC3\xBC%", "a%c"};
    static const char *const glob[] = {"a*",     "*b*",   "?b?",           "*",
                                       "[a-c]*", "[^a]*", "*\xE6\x9C\xAC*"};
    static const char *const regexp[] = {"a", "^a", "b$", "[0-9]+", "^$", "a.c", "x|y", "(ab)+"};
    static const char *const word[] = {"a", "b", "ab", "x", " ", "abc", "1", "Robert", "aa"};
    struct node *n = new_node(d, NODE_LITERAL, (struct otype){.letter = T_TEXT});
    const char *text = NULL;

    if (letter == T_LIKE) text = like[draw_below(d, sizeof like / sizeof *like)];
    if (letter == T_GLOB) text = glob[draw_below(d, sizeof glob / sizeof *glob)];
    if (letter == T_REGEXP) text = regexp[draw_below(d, sizeof regexp / sizeof *regexp)];
    if (letter == T_WORD) text = word[draw_below(d, sizeof word / sizeof *word)];
    if (text) {
        n->literal = (struct value){.kind = VALUE_TEXT, .text = text_of(text)};
        return n;
    }
    if (letter == T_SPAN) {
        n->type.letter = n->spelt = T_INTERVAL;
        n->literal = draw_value(d, n->type, false);
        n->bits = 40;
        return n;
    }
    assert(letter == T_COUNT);
    n->type.letter = n->spelt = T_BIGINT;
    n->literal = (struct value){.kind = VALUE_INT, .integer = (int64_t)draw_below(d, 9) - 3};
    n->bits = 4;
    return n;
}

static struct node *draw_literal(struct draw *d, struct otype type) {
    if (type.letter == T_TAME) type.letter = T_BIGINT;
    if (type.letter == T_SHORT) type.letter = T_DOUBLE;
    if (type.letter == T_DECIMAL && type.precision == 0) type = (struct otype){T_DECIMAL, 5, 2};

    struct value v = {.kind = VALUE_NULL};
    if (!draw_chance(d, 10)) v = draw_value(d, type, false);
    if (type.letter == T_JSON) type.letter = T_TEXT;
    struct node *n = new_node(d, NODE_LITERAL, type);
    n->literal = v;
    n->bits = v.kind == VALUE_INT || v.kind == VALUE_REAL ? bits_of(&v) : 1;
    if (type.letter == T_TIMESTAMP) n->bits = 50;
    return n;
}

static bool is_special(char letter) {
    return letter != '\0' && strchr("kLGRWV", letter) != NULL;
}

/* Types whose literals JSON or SQL has no short form for are only columns. */
static bool column_only(char letter) {
    return letter != '\0' && strchr("rapwgN", letter) != NULL;
}

static struct node *draw_leaf(struct draw *d, struct otype type) {
    if (is_special(type.letter)) return draw_special(d, type.letter);
    struct node *column = NULL;
    if (draw_chance(d, 75) || column_only(type.letter)) column = draw_column(d, type);
    if (column || column_only(type.letter)) return column;
    return draw_literal(d, type);
}

static bool table_has(const struct draw *d, char letter) {
    for (uint32_t i = 0; i < d->table->cols; i++) {
        if (column_fits(&d->table->col[i], (struct otype){.letter = letter})) return true;
    }
    return false;
}

static bool op_possible(const struct draw *d, const struct op_row *op, char result) {
    if (op->result != result && op->result != T_ANY) return false;
    for (const char *a = op->args; *a; a++) {
        if (column_only(*a) && !table_has(d, *a)) return false;
    }
    return true;
}

/* One of a few candidates, the least seen. */
static const struct op_row *choose_op(struct draw *d, char result) {
    const struct op_row *best = NULL;
    uint32_t all = op_count + time_count;

    for (uint32_t tries = 0, found = 0; tries < 60 && found < 3; tries++) {
        const struct op_row *op = op_at(draw_below(d, all));
        if (!op_possible(d, op, result)) continue;
        found++;
        if (!best || d->op_seen[op_index(op)] < d->op_seen[op_index(best)]) best = op;
    }
    return best;
}

/* The DECIMAL that an operator gives; false: more digits than 64 bits hold. */
static bool decimal_result(const struct op_row *op, struct node *n) {
    struct otype a = n->arg[0]->type, b = n->args > 1 ? n->arg[1]->type : a;
    if (a.letter == T_BIGINT) a = (struct otype){T_DECIMAL, 5, 0};
    if (b.letter == T_BIGINT) b = (struct otype){T_DECIMAL, 5, 0};
    uint32_t whole_a = a.precision - a.scale, whole_b = b.precision - b.scale;
    uint32_t whole = whole_a > whole_b ? whole_a : whole_b;
    uint32_t scale = a.scale > b.scale ? a.scale : b.scale;

    n->type = a;
    if (op->flags & OP_SCALE_MAX) {
        n->type.scale = (uint8_t)scale;
        n->type.precision = (uint8_t)(whole + scale + 1);
    } else if (op->flags & OP_SCALE_SUM) {
        n->type.scale = (uint8_t)(a.scale + b.scale);
        n->type.precision = (uint8_t)(a.precision + b.precision);
    } else if (op->flags & OP_SCALE_DIV) {
        uint32_t digits = a.scale + b.precision + 1u;
        n->type.scale = (uint8_t)(digits < 6 ? 6 : digits);
        n->type.precision = (uint8_t)(whole_a + b.scale + n->type.scale);
        return n->type.precision <= QUOTIENT_DIGITS;
    } else if (n->arg[0]->type.letter == T_BIGINT) {
        n->type = (struct otype){T_DECIMAL, 10, 2}; /* CAST(.. AS DECIMAL(10, 2)) */
    }
    return n->type.precision <= DIGITS_MAX;
}

static void measure(struct node *n) {
    uint32_t largest = 0, sum = 0;
    for (uint32_t i = 0; i < n->args; i++) {
        const struct node *a = n->arg[i];
        n->may_fail |= a->may_fail;
        n->has_column |= a->has_column;
        n->varies |= a->varies;
        if (a->bits > largest) largest = a->bits;
        sum += a->bits;
    }
    n->bits = n->op->bits == 0 ? largest + 1 : n->op->bits == BITS_SUM ? sum : n->op->bits;
    n->may_fail |= (n->op->flags & OP_FAILS) != 0;
    n->may_fail |= (n->op->flags & OP_OVERFLOWS) != 0 && n->bits > BITS_FAIL;
}

static bool acceptable(const struct draw *d, const struct node *n, struct otype wanted) {
    if (n->type.letter == T_DOUBLE && n->bits > BITS_REAL_MAX) return false;
    if (n->type.letter == T_TIMESTAMP && n->bits > 57) return false;
    if (n->may_fail && (d->may_not_fail || !n->has_column)) return false;
    if (wanted.letter == T_DECIMAL && wanted.precision > 0) return otype_same(n->type, wanted);
    return true;
}

static struct otype letter_type(struct draw *d, char letter, struct otype any) {
    if (letter == T_ANY) return any;
    if (letter == T_EACH) return draw_type(d);
    return (struct otype){.letter = letter};
}

static struct node *draw_op(struct draw *d, struct otype type, uint32_t depth) {
    const struct op_row *op = choose_op(d, type.letter);
    if (!op) return NULL;

    struct otype any = op->result == T_ANY ? type : draw_type(d);
    if (any.letter == T_DECIMAL && any.precision == 0) any = (struct otype){T_DECIMAL, 10, 2};
    struct node *n = new_node(d, NODE_OP, op->result == T_ANY ? any : type);
    bool outside = d->may_not_fail;

    n->op = op;
    n->args = (uint32_t)strlen(op->args);
    if (op->flags & OP_CALM) d->may_not_fail = true;
    for (uint32_t i = 0; i < n->args; i++) {
        struct otype t = letter_type(d, op->args[i], any);
        bool leaf = op->flags & OP_LEAVES || strchr("hqNJrapwg", op->args[i]);
        n->arg[i] = leaf || depth <= 1 ? draw_leaf(d, t) : draw_expr(d, t, depth - 1);
        if (!n->arg[i]) {
            d->may_not_fail = outside;
            return NULL;
        }
        if (op->flags & OP_SCALE_DIV && n->arg[i]->kind == NODE_LITERAL) n->arg[i]->spelt = T_CAST;
    }
    d->may_not_fail = outside;
    measure(n);
    if (op->result == T_DECIMAL && !decimal_result(op, n)) return NULL;
    return acceptable(d, n, type) ? n : NULL;
}

struct node *draw_expr(struct draw *d, struct otype type, uint32_t depth) {
    for (uint32_t i = 0; depth > 0 && i < TRIES && !is_special(type.letter); i++) {
        if (draw_chance(d, 20)) break;
        struct node *n = draw_op(d, type, depth);
        if (!n) continue;
        d->op_seen[op_index(n->op)]++;
        return n;
    }
    return draw_leaf(d, type);
}

void draw_count(const struct node *n, uint8_t *mark) {
    if (!n || n->kind != NODE_OP) return;
    mark[op_index(n->op)] = 1;
    for (uint32_t i = 0; i < n->args; i++) draw_count(n->arg[i], mark);
}
