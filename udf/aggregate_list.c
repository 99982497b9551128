/* aggregate_list.c: GROUP_CONCAT, LISTAGG, ARRAY_AGG.
 *
 * A state is a list of its rows' values, packed, each with the ordinal of its row, in the order of
 * ordinals; merging two states merges two ordered lists. Items are never changed once they are
 * linked but for `next` of the last one, so a copy of a state's bytes stays what it was: a list is
 * read for as many items as its state counts. Only a row that comes out of order (a late one, in a
 * merge) makes a new list.
 */
#include <string.h>

#include "engine/base/builder.h"
#include "engine/base/pack.h"
#include "udf/aggregate.h"

struct item {
    struct item *next;
    uint64_t ordinal;
    uint32_t bytes, separator_bytes;
    char data[]; /* separator, value */
};

struct list {
    struct item *first, *last;
    uint64_t count;
};

static bool damaged(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "a saved list is damaged");
}

static struct item *item_new(const struct agg_call *c, struct text separator, size_t bytes,
                             uint64_t ordinal, struct err *e) {
    bool fits = bytes <= UINT32_MAX - separator.bytes;
    struct item *x = fits ? arena_alloc(c->arena, sizeof *x + separator.bytes + bytes) : NULL;
    if (!x) {
        err_memory(e);
        return NULL;
    }
    *x = (struct item){
        .ordinal = ordinal, .bytes = (uint32_t)bytes, .separator_bytes = separator.bytes};
    if (separator.bytes > 0) memcpy(x->data, separator.at, separator.bytes);
    return x;
}

static struct text item_value(const struct item *x) {
    return (struct text){.at = x->data + x->separator_bytes, .bytes = x->bytes};
}

static void list_append(struct list *s, struct item *x) {
    if (s->count++ > 0) {
        s->last->next = x;
    } else {
        s->first = x;
    }
    s->last = x;
}

static struct item *item_copy(const struct agg_call *c, const struct item *x, struct err *e) {
    struct text separator = {.at = x->data, .bytes = x->separator_bytes};
    struct item *y = item_new(c, separator, x->bytes, x->ordinal, e);
    if (y) memcpy(y->data + y->separator_bytes, item_value(x).at, x->bytes);
    return y;
}

/* Appends copies of both lists' items in order, those of `a` first among equals. */
static bool lists_join(const struct agg_call *c, struct list *to, const struct list *a,
                       const struct list *b, struct err *e) {
    const struct item *x = a->first, *y = b->first;
    for (uint64_t n = a->count, m = b->count; n > 0 || m > 0;) {
        bool take_a = n > 0 && (m == 0 || x->ordinal <= y->ordinal);
        struct item *copy = item_copy(c, take_a ? x : y, e);
        if (!copy) return false;
        list_append(to, copy);
        if (take_a) {
            x = x->next;
            n--;
        } else {
            y = y->next;
            m--;
        }
    }
    return true;
}

static bool list_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    struct list *a = into;
    const struct list *b = from;
    if (b->count == 0) return true;
    struct list none = {0};
    if (a->count == 0) return lists_join(c, a, &none, b, e);
    if (a->last->ordinal <= b->first->ordinal) {
        struct list tail = {0};
        if (!lists_join(c, &tail, &none, b, e)) return false;
        a->last->next = tail.first;
        a->last = tail.last;
        a->count += tail.count;
        return true;
    }
    struct list joined = {0};
    if (!lists_join(c, &joined, a, b, e)) return false;
    *a = joined;
    return true;
}

/* One item more, at its place. */
static bool list_add(const struct agg_call *c, struct list *s, struct item *x, struct err *e) {
    if (s->count == 0 || s->last->ordinal <= x->ordinal) {
        list_append(s, x);
        return true;
    }
    struct list one = {.first = x, .last = x, .count = 1};
    return list_merge(c, s, &one, e);
}

static struct text separator_of(const struct agg_rows *in, const struct agg_bind *b, uint32_t row) {
    if (b->args < 2) return TEXT_LITERAL(",");
    return column_has(&in->arg[1], row) ? in->arg[1].as.text[row] : TEXT_LITERAL("");
}

static bool concat_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        if (!column_has(in->arg, row)) continue;
        struct text v = in->arg->as.text[row], separator = separator_of(in, c->bind, row);
        struct item *x = item_new(c, separator, v.bytes, in->ordinal[row], e);
        if (!x) return false;
        if (v.bytes > 0) memcpy(x->data + separator.bytes, v.at, v.bytes);
        if (!list_add(c, in->state[i], x, e)) return false;
    }
    return true;
}

static bool array_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        struct text none = {0};
        struct item *x = item_new(c, none, pack_bytes(in->arg, row), in->ordinal[row], e);
        if (!x) return false;
        pack_value(x->data, in->arg, row, PACK_EXACT);
        if (!list_add(c, in->state[i], x, e)) return false;
    }
    return true;
}

static size_t concat_bytes(const struct list *s) {
    size_t bytes = 0;
    const struct item *x = s->first;
    for (uint64_t n = 0; n < s->count; n++, x = x->next) {
        bytes += x->bytes + (n > 0 ? x->separator_bytes : 0);
    }
    return bytes;
}

static bool concat_one(const struct list *s, struct column_builder *out, uint32_t i,
                       struct agg_failures *fail) {
    size_t bytes = concat_bytes(s);
    if (bytes > INT32_MAX) {
        agg_fail(fail, i, "22003", "the text has more than 2 GiB");
        builder_null(out);
        return true;
    }
    char *at = arena_alloc(out->arena, bytes), *to = at;
    if (!at) return false;
    const struct item *x = s->first;
    for (uint64_t n = 0; n < s->count; n++, x = x->next) {
        uint32_t skip = n > 0 ? 0 : x->separator_bytes; /* none before the first */
        uint32_t take = x->separator_bytes + x->bytes - skip;
        if (take > 0) memcpy(to, x->data + skip, take);
        to += take;
    }
    builder_text(out, (struct text){.at = at, .bytes = (uint32_t)bytes});
    return true;
}

static bool concat_finish(const struct agg_call *c, void *const *state, uint32_t count,
                          struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    for (uint32_t i = 0; i < count; i++) {
        const struct list *s = state[i];
        if (s->count == 0) {
            builder_null(out);
        } else if (!concat_one(s, out, i, fail)) {
            return err_memory(e);
        }
    }
    return !out->failed || err_memory(e);
}

static bool array_finish(const struct agg_call *c, void *const *state, uint32_t count,
                         struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct list *s = state[i];
        const struct item *x = s->first;
        for (uint64_t n = 0; n < s->count; n++, x = x->next) {
            struct text at = item_value(x);
            if (!unpack_value(&at, &out->child[0])) return damaged(e);
        }
        if (s->count == 0) {
            builder_null(out);
        } else {
            builder_span(out, (uint32_t)s->count);
        }
    }
    return !out->failed || err_memory(e);
}

/* Each item: ordinal 8, bytes 4, separator bytes 4, data. */
static bool list_save(const struct agg_call *c, const void *state, struct buf *out) {
    (void)c;
    const struct list *s = state;
    const struct item *x = s->first;
    for (uint64_t n = 0; n < s->count; n++, x = x->next) {
        buf_add(out, &x->ordinal, sizeof x->ordinal);
        buf_add(out, &x->bytes, sizeof x->bytes);
        buf_add(out, &x->separator_bytes, sizeof x->separator_bytes);
        buf_add(out, x->data, x->separator_bytes + x->bytes);
    }
    return !out->failed;
}

static bool list_load(const struct agg_call *c, void *state, struct text saved, struct err *e) {
    struct list *s = state;
    while (saved.bytes > 0) {
        uint64_t ordinal;
        uint32_t bytes[2];
        if (saved.bytes < sizeof ordinal + sizeof bytes) return damaged(e);
        memcpy(&ordinal, saved.at, sizeof ordinal);
        memcpy(bytes, saved.at + sizeof ordinal, sizeof bytes);
        uint32_t head = sizeof ordinal + sizeof bytes, rest = saved.bytes - head;
        if (bytes[1] > rest || bytes[0] > rest - bytes[1]) return damaged(e);

        struct text separator = {.at = saved.at + head, .bytes = bytes[1]};
        struct item *x = item_new(c, separator, bytes[0], ordinal, e);
        if (!x) return false;
        memcpy(x->data + bytes[1], separator.at + bytes[1], bytes[0]);
        list_append(s, x);
        head += bytes[0] + bytes[1];
        saved = (struct text){.at = saved.at + head, .bytes = saved.bytes - head};
    }
    return true;
}

#define LIST_SLOTS                                                                                 \
    .flags = AGG_ORDERED | AGG_LISTS, .state_bytes = sizeof(struct list), .merge = list_merge,     \
    .save = list_save, .load = list_load
#define CONCAT_DOC "The values that are not NULL as one text, in the order of rows, between them "

static const struct aggregate rows[] = {
    {.name = "group_concat",
     .sig = "group_concat(TEXT) TEXT",
     .doc = CONCAT_DOC "a comma; NULL for none.",
     .example = "group_concat(v) = 'a,c' FROM (VALUES ('a'), (NULL), ('c')) AS t(v)",
     LIST_SLOTS,
     .add = concat_add,
     .finish = concat_finish},
    {.name = "group_concat",
     .sig = "group_concat(TEXT, TEXT) TEXT",
     .doc = CONCAT_DOC "the second argument; NULL for none.",
     .example = "group_concat(v, '; ') = 'a; c' FROM (VALUES ('a'), (NULL), ('c')) AS t(v)",
     LIST_SLOTS,
     .add = concat_add,
     .finish = concat_finish},
    {.name = "listagg",
     .sig = "listagg(TEXT) TEXT",
     .doc = CONCAT_DOC "a comma; NULL for none.",
     .example = "listagg(v) = 'a,b' FROM (VALUES ('a'), ('b')) AS t(v)",
     LIST_SLOTS,
     .add = concat_add,
     .finish = concat_finish},
    {.name = "listagg",
     .sig = "listagg(TEXT, TEXT) TEXT",
     .doc = CONCAT_DOC "the second argument; NULL for none.",
     .example = "listagg(v, '') = 'ab' FROM (VALUES ('a'), ('b')) AS t(v)",
     LIST_SLOTS,
     .add = concat_add,
     .finish = concat_finish},
    {.name = "array_agg",
     .sig = "array_agg(T) ARRAY<T>",
     .doc = "The values, NULLs too, as an array in the order of rows; NULL for no row.",
     .example = "array_agg(v) = ARRAY[1, NULL, 3] FROM (VALUES (1), (NULL), (3)) AS t(v)",
     LIST_SLOTS,
     .add = array_add,
     .finish = array_finish},
};

const struct agg_table aggregate_list_table = {.agg = rows, .count = COUNT_OF(rows)};
