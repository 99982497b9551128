/* table_apply.c: from the rows of a batch to rows of the table, one after another in their order.
 *
 * A row is packed once. Keys are judged row by row, as SQLite and PostgreSQL do: what a statement
 * did to the rows before counts. Of a changelog the two halves of an update stand next to each
 * other in one batch: together they turn one row into another in its place; where the old row is
 * not there, the new one is added, and a half that stands alone is a deletion or an insertion.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/pack.h"
#include "engine/edge/table_private.h"
#include "engine/edge/value_print.h"

enum { KEY_SHOWN_BYTES = 120 };

static bool no_row(const struct table *t, uint64_t number, struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "row %llu of table %.*s cannot be read",
                   (unsigned long long)number, TEXT_ARG(t->o.name));
}

/* The values of columns col[cols] (NULL: all) of a row, packed in t->scratch. */
struct packing {
    const struct batch *batch;
    uint32_t row;
    uint32_t cols;
    const uint32_t *col;
    enum pack_as as;
};

static bool pack_row(struct table *t, const struct packing *p, struct text *out) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < p->cols; i++) {
        bytes += pack_bytes(&p->batch->col[p->col ? p->col[i] : i], p->row);
    }
    char *at = bytes < UINT32_MAX / 2 ? arena_alloc(&t->scratch, bytes + 1) : NULL;
    if (!at) return false;
    char *to = at;
    for (uint32_t i = 0; i < p->cols; i++) {
        to = pack_value(to, &p->batch->col[p->col ? p->col[i] : i], p->row, p->as);
    }
    *out = (struct text){.at = at, .bytes = (uint32_t)(to - at)};
    return true;
}

/* The key of row `row`; `packed` is all of it. */
static bool key_of_row(struct table *t, const struct batch *b, uint32_t row, struct text packed,
                       struct row_key *out) {
    *out = (struct row_key){.packed = packed};
    if (t->o.kind != TABLE_BY_KEY) return true;
    if (t->by_word) {
        out->word = b->col[t->o.key_col[0]].as.i64[row];
        return true;
    }
    const struct packing p = {
        .batch = b, .row = row, .cols = t->o.keys, .col = t->o.key_col, .as = PACK_KEY};
    return pack_row(t, &p, &out->packed);
}

static bool packed_whole(struct table *t, const struct batch *b, uint32_t row, struct text *out) {
    const struct packing p = {.batch = b, .row = row, .cols = t->o.schema->cols, .as = PACK_EXACT};
    return pack_row(t, &p, out);
}

/* Row `row` of `b` packed and with its key; n->row is made where the table wants one. */
static bool new_row_make(struct table *t, const struct batch *b, uint32_t row, struct new_row *n,
                         struct err *e) {
    struct text packed;
    *n = (struct new_row){.row = NULL};
    if (!packed_whole(t, b, row, &packed) || !key_of_row(t, b, row, packed, &n->key)) {
        return err_memory(e);
    }
    if (t->o.kind == TABLE_BY_CONTENT) return true;
    n->row = row_create(packed);
    return n->row || err_memory(e);
}

bool key_of_packed(struct table *t, struct text packed, uint64_t number, struct row_key *out,
                   struct err *e) {
    uint32_t cols = t->o.schema->cols;
    struct column_builder *b = ARENA_ARRAY(&t->scratch, b, cols);
    struct column *col = ARENA_ARRAY(&t->scratch, col, cols);
    if (!b || !col) return err_memory(e);
    for (uint32_t c = 0; c < cols; c++) {
        if (!builder_init(&b[c], &t->scratch, t->o.schema->col[c].type, 1)) return err_memory(e);
    }
    if (!row_unpack(t->o.schema, packed, b)) return no_row(t, number, e);
    for (uint32_t c = 0; c < cols; c++) {
        if (!builder_column(&b[c], &col[c])) return err_memory(e);
    }
    const struct batch one = {.schema = t->o.schema, .col = col, .rows = 1, .live = 1};
    *out = (struct row_key){.packed = packed, .word = (int64_t)number};
    if (t->o.kind != TABLE_BY_KEY) return true;
    return key_of_row(t, &one, 0, packed, out) || err_memory(e);
}

/* ---- a key that is taken ---- */

static void print_key(const struct table *t, const struct batch *b, uint32_t row, char *to,
                      size_t room) {
    struct buf out;
    buf_init(&out);
    for (uint32_t i = 0; i < t->o.keys; i++) {
        buf_add_str(&out, i > 0 ? ", " : "(");
        buf_add_text(&out, t->o.schema->col[t->o.key_col[i]].name);
    }
    buf_add_str(&out, ") = ");
    for (uint32_t i = 0; i < t->o.keys; i++) {
        buf_add_str(&out, i > 0 ? ", " : "(");
        value_print(&out, &b->col[t->o.key_col[i]], row);
    }
    buf_add_char(&out, ')');
    struct text all = buf_text(&out);
    if (out.failed) all = TEXT_LITERAL("this key");
    if (all.bytes >= room) all.bytes = (uint32_t)utf8_valid_prefix(all.at, room - 1);
    memcpy(to, all.at, all.bytes);
    to[all.bytes] = '\0';
    buf_done(&out);
}

static bool refuse(struct table *t, const struct table_rows *r, uint32_t row, struct err *e) {
    char key[KEY_SHOWN_BYTES];
    struct err what;
    struct decode_bad bad = {.sqlstate = "23505", .row = row};
    print_key(t, r->batch, row, key, sizeof key);
    err_set(&what, ERR_DATA, "23505", "table \"%.*s\" has a row with the key %s already",
            TEXT_ARG(t->o.name), key);
    memcpy(bad.message, what.message, sizeof bad.message);
    return r->refuse(r->context, r->batch, row, &bad, e);
}

/* ---- one row ---- */

static bool insert_row(struct table *t, const struct table_rows *r, uint32_t row, struct err *e) {
    struct new_row n;
    if (!new_row_make(t, r->batch, row, &n, e)) return false;
    uint32_t id = t->o.kind == TABLE_BY_KEY ? entry_find(t, &n.key) : STATE_NONE;
    if (id == STATE_NONE) return entry_add(t, &n, e);
    if (r->how == TABLE_INSERT) {
        free(n.row);
        return refuse(t, r, row, e);
    }
    if (entry_kill(t, id, e)) return entry_add(t, &n, e);
    free(n.row);
    return false;
}

static bool is_same_row(const struct table *t, uint32_t id, const struct new_row *n) {
    struct text is = n->key.packed;
    if (n->row) is = (struct text){.at = n->row->at, .bytes = n->row->bytes};
    return text_equal(entry_row(t, id), is);
}

/* Entry `id` becomes *n, whose key is its own or free. */
static bool change_row(struct table *t, uint32_t id, const struct new_row *n, struct err *e) {
    if (!is_same_row(t, id, n)) return entry_change(t, id, n, e);
    free(n->row);
    return true;
}

static bool update_row(struct table *t, const struct table_rows *r, uint32_t row, struct err *e) {
    struct new_row n;
    uint32_t id = (uint32_t)r->id[row];
    assert(state_is_live(t->index, id) && !entry_at(t, id)->dead);
    if (!new_row_make(t, r->batch, row, &n, e)) return false;
    uint32_t other = t->o.kind == TABLE_BY_KEY ? entry_find(t, &n.key) : STATE_NONE;
    if (other == STATE_NONE || other == id) return change_row(t, id, &n, e);
    free(n.row);
    return refuse(t, r, row, e);
}

/* The row that a retraction means. */
static bool find_before(struct table *t, const struct batch *b, uint32_t row, uint32_t *id_out,
                        struct err *e) {
    struct text packed = {.bytes = 0};
    struct row_key key;
    bool whole = t->o.kind == TABLE_BY_CONTENT;
    if (whole && !packed_whole(t, b, row, &packed)) return err_memory(e);
    if (!key_of_row(t, b, row, packed, &key)) return err_memory(e);
    *id_out = entry_find(t, &key);
    return true;
}

/* +I and +U: the row of this key, or a new one. */
static bool set_row(struct table *t, const struct batch *b, uint32_t row, struct err *e) {
    struct new_row n;
    if (!new_row_make(t, b, row, &n, e)) return false;
    uint32_t id = t->o.kind == TABLE_BY_KEY ? entry_find(t, &n.key) : STATE_NONE;
    return id == STATE_NONE ? entry_add(t, &n, e) : change_row(t, id, &n, e);
}

static bool take_row(struct table *t, const struct batch *b, uint32_t row, struct err *e) {
    uint32_t id;
    if (!find_before(t, b, row, &id, e)) return false;
    return id == STATE_NONE || entry_kill(t, id, e);
}

/* -U and +U. */
static bool turn_row(struct table *t, const struct batch *b, uint32_t before, uint32_t after,
                     struct err *e) {
    uint32_t id, other = STATE_NONE;
    struct new_row n;
    if (!find_before(t, b, before, &id, e)) return false;
    if (id == STATE_NONE) return set_row(t, b, after, e);
    if (!new_row_make(t, b, after, &n, e)) return false;
    if (t->o.kind == TABLE_BY_KEY) other = entry_find(t, &n.key);
    if (other == STATE_NONE || other == id) return change_row(t, id, &n, e);
    /* The new key is another row's: that one is set, and the old one goes. */
    if (entry_kill(t, id, e)) return change_row(t, other, &n, e);
    free(n.row);
    return false;
}

/* The row of a changelog at live index i; returns how many it was in *took. */
static bool apply_change(struct table *t, const struct batch *b, uint32_t i, uint32_t *took,
                         struct err *e) {
    uint32_t row = batch_row(b, i), next = i + 1 < b->live ? batch_row(b, i + 1) : row;
    *took = 1;
    if (!change_is_retraction(batch_change(b, row))) return set_row(t, b, row, e);
    bool pair = next != row && batch_change(b, row) == CHANGE_BEFORE &&
                batch_change(b, next) == CHANGE_AFTER;
    if (!pair) return take_row(t, b, row, e);
    *took = 2;
    return turn_row(t, b, row, next, e);
}

static bool apply_one(struct table *t, const struct table_rows *r, uint32_t i, uint32_t *took,
                      struct err *e) {
    uint32_t row = batch_row(r->batch, i);
    *took = 1;
    switch (r->how) {
    case TABLE_INSERT:
    case TABLE_REPLACE: return insert_row(t, r, row, e);
    case TABLE_CHANGE: return apply_change(t, r->batch, i, took, e);
    case TABLE_UPDATE: return update_row(t, r, row, e);
    case TABLE_DELETE: return entry_kill(t, (uint32_t)r->id[row], e);
    }
    return false;
}

static bool check_bytes(const struct table *t, struct err *e) {
    size_t bytes = table_bytes(t);
    if (t->o.bytes_max == 0 || bytes <= t->o.bytes_max) return true;
    err_set(e, ERR_LIMIT, "54000", "the rows of \"%.*s\" would take more than %zu bytes",
            TEXT_ARG(t->o.name), t->o.bytes_max);
    return err_hint(e, "'state-limit-bytes', as it is at CREATE, says how much rows may take.");
}

bool table_apply(struct table *t, const struct table_rows *r, struct err *e) {
    assert(t->open);
    for (uint32_t i = 0, took; i < r->batch->live; i += took) {
        arena_reset(&t->scratch);
        if (!apply_one(t, r, i, &took, e)) return false;
    }
    return check_bytes(t, e);
}
