/* A list that is walked: there are few classes, and the last one found is often the next. */
#include "udf/learn/classes.h"

#include <assert.h>
#include <math.h>

#include "engine/base/number.h"

bool classes_type(const struct type *t) {
    return t->id == TYPE_TEXT || t->id == TYPE_BIGINT || t->id == TYPE_BOOLEAN ||
           t->id == TYPE_DOUBLE;
}

static struct text trimmed(struct text t) {
    while (t.bytes > 0 && t.at[0] == ' ') t = (struct text){t.at + 1, t.bytes - 1};
    while (t.bytes > 0 && t.at[t.bytes - 1] == ' ') t.bytes--;
    return t;
}

static bool add_given(struct classes *c, struct text name, struct err *e) {
    uint32_t before = c->count, at = 0;
    enum class_found found = classes_add(c, name, &at);
    if (found == CLASS_NO_MEMORY) return err_memory(e);
    if (found == CLASS_TOO_LONG || name.bytes == 0) {
        return err_set(e, ERR_SQL, "22023", "'classes': name %u is %s", before + 1,
                       name.bytes == 0 ? "empty" : "too long");
    }
    if (found == CLASS_TOO_MANY) {
        return err_set(e, ERR_SQL, "22023",
                       "'classes' has more names than the model has outputs "
                       "(%u)",
                       c->limit);
    }
    if (c->count > before) return true;
    return err_set(e, ERR_SQL, "22023", "'classes' has '%.*s' twice",
                   (int)(name.bytes < 100 ? name.bytes : 100), name.at);
}

bool classes_open(struct classes *c, struct text list, uint32_t limit, struct arena *a,
                  struct err *e) {
    assert(limit <= CLASSES_MAX);
    *c = (struct classes){.limit = limit, .arena = a};
    c->label = ARENA_ARRAY(a, c->label, limit);
    if (!c->label) return err_memory(e);
    if (!list.at) return true;
    for (uint32_t from = 0, to; from <= list.bytes; from = to + 1) {
        for (to = from; to < list.bytes && list.at[to] != ',';) to++;
        if (!add_given(c, trimmed((struct text){list.at + from, to - from}), e)) return false;
    }
    c->given = true;
    return true;
}

enum class_found classes_add(struct classes *c, struct text label, uint32_t *out) {
    for (uint32_t i = 0; i < c->count; i++) {
        if (!text_equal(c->label[i], label)) continue;
        *out = i;
        return CLASS_IS;
    }
    if (c->given || c->count == c->limit) return CLASS_TOO_MANY;
    if (label.bytes > CLASS_BYTES_MAX) return CLASS_TOO_LONG;
    char *own = arena_copy(c->arena, label.at, label.bytes);
    if (!own) return CLASS_NO_MEMORY;
    c->label[c->count] = (struct text){own, label.bytes};
    *out = c->count++;
    return CLASS_IS;
}

enum class_found classes_of(struct classes *c, const struct column *col, uint32_t row,
                            uint32_t *out) {
    char digits[F64_TEXT_MAX > I64_TEXT_MAX ? F64_TEXT_MAX : I64_TEXT_MAX];
    struct text label = {.at = digits};
    double v = 0;
    switch (type_rep(col->type)) {
    case REP_TEXT: label = col->as.text[row]; break;
    case REP_I64: label.bytes = i64_print(digits, col->as.i64[row]); break;
    case REP_B8: label = text_of(col->as.b8[row] ? "true" : "false"); break;
    case REP_F64:
        v = col->as.f64[row];
        label.bytes =
            v == floor(v) && fabs(v) < 1e15 ? i64_print(digits, (int64_t)v) : f64_print(digits, v);
        break;
    case REP_I128:
    case REP_SPAN:
    case REP_TENSOR:
    case REP_COUNT:
        assert(false); /* judged by classes_type() */
        return CLASS_TOO_LONG;
    }
    return classes_add(c, label, out);
}
