/* store_index.c: where items and pieces stand. As the body of a checkpoint's record, little-endian:
 *
 *   offset  bytes  what
 *   0       4      1: the version of this format
 *   4       4      entries
 *   8       8      facts from this LSN on are not covered
 *   16      40     an entry each, by object, section, number and LSN:
 *                  4 object; 2 section; 2 zero; 8 number; 4 round; 4 bytes; 8 LSN; 8 place
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "storage/store_private.h"

enum { VERSION = 1, HEAD_BYTES = 16, ENTRY_BYTES = 40 };

bool store_grow(void **at, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) return true;
    if (*capacity > UINT32_MAX / 2) return false;
    uint32_t more = *capacity > 0 ? *capacity * 2 : 16;
    void *to = realloc(*at, more * size);
    if (!to) return false;
    *at = to;
    *capacity = more;
    return true;
}

void store_index_done(struct store_index *x) {
    free(x->at);
    *x = (struct store_index){0};
}

static bool index_add(struct store_index *x, const struct store_entry *entry) {
    void *at = x->at;
    if (!store_grow(&at, x->count, &x->capacity, sizeof *x->at)) return false;
    x->at = at;
    x->at[x->count++] = *entry;
    x->bytes += entry->bytes;
    return true;
}

int store_key_order(const struct store_key *a, const struct store_key *b) {
    if (a->object != b->object) return a->object < b->object ? -1 : 1;
    if (a->section != b->section) return a->section < b->section ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

uint32_t store_index_from(const struct store_index *x, const struct store_key *k) {
    uint32_t from = 0, to = x->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (store_key_order(&x->at[middle].key, k) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

const struct store_entry *store_index_find(const struct store_index *x, const struct store_key *k,
                                           uint32_t *count_out) {
    uint32_t from = store_index_from(x, k), n = 0;
    while (from + n < x->count && store_key_order(&x->at[from + n].key, k) == 0) n++;
    *count_out = n;
    return n > 0 ? &x->at[from] : NULL;
}

/* By key, then in the order in which they were said. */
static int change_order(const void *a, const void *b) {
    const struct store_change *x = a, *y = b;
    int order = store_key_order(&x->entry.key, &y->entry.key);
    if (order != 0) return order;
    return (x->turn > y->turn) - (x->turn < y->turn);
}

static bool is_among(uint32_t object, const uint32_t *list, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] == object) return true;
    }
    return false;
}

/* Is what was said of the key at `turn` taken back later? */
static bool is_cut(const struct store_changes *c, const struct store_key *k, uint32_t turn) {
    for (uint32_t i = 0; i < c->cuts; i++) {
        const struct store_key *before = &c->cut[i].before;
        if (before->object != k->object || turn > c->cut[i].turn) continue;
        if (c->cut[i].all) return true;
        if (before->section == k->section && k->number < before->number) return true;
    }
    return false;
}

/* The changes of one key: the n from `of` on. */
struct key_changes {
    const struct store_change *of;
    uint32_t n;
};

static bool old_stays(const struct store_changes *c, const struct store_entry *old,
                      struct key_changes k) {
    if (is_cut(c, &old->key, 0)) return false;
    if (old->key.section != STORE_PIECES) return k.n == 0;
    if (!is_among(old->key.object, c->stated, c->states)) return true;
    return k.n > 0 && old->round >= k.of[k.n - 1].needs;
}

static bool key_add(const struct store_changes *c, struct key_changes k, struct store_index *out) {
    for (uint32_t i = 0; i < k.n; i++) {
        const struct store_entry *x = &k.of[i].entry;
        bool piece = x->key.section == STORE_PIECES;
        bool stays = piece ? !k.of[i].mention && x->round >= k.of[k.n - 1].needs : i + 1 == k.n;
        stays = stays && !is_cut(c, &x->key, k.of[i].turn);
        if (stays && !index_add(out, x)) return false;
    }
    return true;
}

bool store_index_next(const struct store_index *old, struct store_changes *c,
                      struct store_index *out) {
    *out = (struct store_index){0};
    if (c->count > 1) qsort(c->at, c->count, sizeof *c->at, change_order);
    uint32_t i = 0, j = 0;
    while (i < old->count || j < c->count) {
        bool first_old =
            i < old->count &&
            (j == c->count || store_key_order(&old->at[i].key, &c->at[j].entry.key) <= 0);
        struct store_key key = first_old ? old->at[i].key : c->at[j].entry.key;
        struct key_changes k = {.of = c->at + j};
        while (j + k.n < c->count && store_key_order(&k.of[k.n].entry.key, &key) == 0) k.n++;
        j += k.n;
        for (; i < old->count && store_key_order(&old->at[i].key, &key) == 0; i++) {
            if (old_stays(c, &old->at[i], k) && !index_add(out, &old->at[i])) return false;
        }
        if (!key_add(c, k, out)) return false;
    }
    return true;
}

static void put(char **to, const void *from, size_t bytes) {
    memcpy(*to, from, bytes);
    *to += bytes;
}

static void entry_save(const struct store_entry *x, struct buf *out) {
    char bytes[ENTRY_BYTES], *to = bytes;
    uint16_t zero = 0;
    put(&to, &x->key.object, sizeof x->key.object);
    put(&to, &x->key.section, sizeof x->key.section);
    put(&to, &zero, sizeof zero);
    put(&to, &x->key.number, sizeof x->key.number);
    put(&to, &x->round, sizeof x->round);
    put(&to, &x->bytes, sizeof x->bytes);
    put(&to, &x->lsn, sizeof x->lsn);
    put(&to, &x->place, sizeof x->place);
    assert(to == bytes + ENTRY_BYTES);
    buf_add(out, bytes, sizeof bytes);
}

void store_index_save(const struct store_index *x, uint64_t facts_from, struct buf *out) {
    uint32_t head[] = {VERSION, x->count};
    buf_add(out, head, sizeof head);
    buf_add(out, &facts_from, sizeof facts_from);
    for (uint32_t i = 0; i < x->count; i++) entry_save(&x->at[i], out);
}

static void take(const char **at, void *to, size_t bytes) {
    memcpy(to, *at, bytes);
    *at += bytes;
}

static void entry_load(struct store_entry *x, const char *at) {
    uint16_t zero;
    take(&at, &x->key.object, sizeof x->key.object);
    take(&at, &x->key.section, sizeof x->key.section);
    take(&at, &zero, sizeof zero);
    take(&at, &x->key.number, sizeof x->key.number);
    take(&at, &x->round, sizeof x->round);
    take(&at, &x->bytes, sizeof x->bytes);
    take(&at, &x->lsn, sizeof x->lsn);
    take(&at, &x->place, sizeof x->place);
}

static bool entries_load(struct store_index *x, const char *at, uint32_t count, struct err *e) {
    for (uint32_t i = 0; i < count; i++, at += ENTRY_BYTES) {
        struct store_entry one = {.round = 0};
        entry_load(&one, at);
        const struct store_entry *before = i > 0 ? &x->at[i - 1] : NULL;
        int order = before ? store_key_order(&before->key, &one.key) : -1;
        if (order > 0 || (order == 0 && before->lsn >= one.lsn)) {
            return err_set(e, ERR_CORRUPT, "XX001", "the index of a checkpoint is out of order");
        }
        if (!index_add(x, &one)) return err_memory(e);
    }
    return true;
}

bool store_index_load(struct store_index *x, uint64_t *facts_from_out, struct text body,
                      struct err *e) {
    uint32_t head[2];
    *x = (struct store_index){0};
    if (body.bytes < HEAD_BYTES) {
        return err_set(e, ERR_CORRUPT, "XX001", "the index of a checkpoint is too short");
    }
    memcpy(head, body.at, sizeof head);
    memcpy(facts_from_out, body.at + sizeof head, sizeof *facts_from_out);
    if (head[0] != VERSION) {
        return err_set(e, ERR_SQL, "0A000", "a checkpoint of version %u cannot be read", head[0]);
    }
    if ((body.bytes - HEAD_BYTES) / ENTRY_BYTES != head[1] ||
        (body.bytes - HEAD_BYTES) % ENTRY_BYTES != 0) {
        return err_set(e, ERR_CORRUPT, "XX001", "the index of a checkpoint has a wrong length");
    }
    return entries_load(x, body.at + HEAD_BYTES, head[1], e);
}
