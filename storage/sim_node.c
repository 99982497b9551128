/* sim_node.c: see sim_node.h.
 *
 * Settling walks the writes in their order and keeps a bit a sector: once a write to a sector was
 * lost, the sector is frozen and takes no later one, except one that is durable, which is as if the
 * sector had been synced. So a sector ends in one of the states that it had. The size is settled in
 * the same way, apart from the sectors: a file may have grown without its bytes (they are zeros),
 * or the bytes may have been written without the growth.
 *
 * A file that was cut and then written durably: what came before the cut is taken as synced too,
 * since no file system writes over blocks that it has not let go for good.
 */
#include "storage/sim_node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sim_write {
    struct sim_write *next;
    uint64_t number, offset;
    size_t bytes;
    bool durable;
    bool cut; /* no bytes: the file gets the size `offset` */
    char data[];
};

uint64_t sim_random(uint64_t *seed) {
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

bool sim_lucky(const struct sim_luck *l, uint64_t number) {
    switch (l->mood) {
    case SIM_ALL: return true;
    case SIM_NOTHING: return false;
    case SIM_ORDER: return number < l->cut || (number == l->cut && sim_random(l->seed) % 2);
    case SIM_COIN: break;
    }
    return sim_random(l->seed) % 2;
}

/* --- bytes --- */

static void bytes_reserve(struct sim_bytes *b, uint64_t pages) {
    if (pages <= b->pages) return;
    uint64_t more = b->pages * 2 > pages ? b->pages * 2 : pages;
    b->page = realloc(b->page, more * sizeof *b->page);
    assert(b->page);
    memset(b->page + b->pages, 0, (more - b->pages) * sizeof *b->page);
    b->pages = more;
}

static char *bytes_page(struct sim_bytes *b, uint64_t number) {
    bytes_reserve(b, number + 1);
    if (b->page[number]) return b->page[number];
    b->page[number] = calloc(1, SIM_PAGE_BYTES);
    assert(b->page[number]);
    b->held++;
    return b->page[number];
}

/* Of [offset, offset + bytes), what lies in the page of `offset`. */
static size_t in_page(uint64_t offset, size_t bytes) {
    size_t left = SIM_PAGE_BYTES - (size_t)(offset % SIM_PAGE_BYTES);
    return bytes < left ? bytes : left;
}

static void bytes_put(struct sim_bytes *b, uint64_t offset, const char *from, size_t bytes) {
    while (bytes > 0) {
        size_t n = in_page(offset, bytes);
        memcpy(bytes_page(b, offset / SIM_PAGE_BYTES) + offset % SIM_PAGE_BYTES, from, n);
        offset += n;
        from += n;
        bytes -= n;
    }
}

static void bytes_get(const struct sim_bytes *b, uint64_t offset, char *to, size_t bytes) {
    while (bytes > 0) {
        size_t n = in_page(offset, bytes);
        uint64_t number = offset / SIM_PAGE_BYTES;
        const char *page = number < b->pages ? b->page[number] : NULL;
        if (page) memcpy(to, page + offset % SIM_PAGE_BYTES, n);
        if (!page) memset(to, 0, n);
        offset += n;
        to += n;
        bytes -= n;
    }
}

/* Nothing from `from` on. */
static void bytes_clear(struct sim_bytes *b, uint64_t from) {
    uint64_t first = from / SIM_PAGE_BYTES, inside = from % SIM_PAGE_BYTES;
    if (inside > 0 && first < b->pages && b->page[first]) {
        memset(b->page[first] + inside, 0, SIM_PAGE_BYTES - inside);
    }
    for (uint64_t i = first + (inside > 0); i < b->pages; i++) {
        if (b->page[i]) b->held--;
        free(b->page[i]);
        b->page[i] = NULL;
    }
}

static void bytes_done(struct sim_bytes *b) {
    for (uint64_t i = 0; i < b->pages; i++) free(b->page[i]);
    free(b->page);
    *b = (struct sim_bytes){0};
}

static void bytes_copy(struct sim_bytes *to, const struct sim_bytes *from) {
    bytes_clear(to, 0);
    bytes_reserve(to, from->pages);
    for (uint64_t i = 0; i < from->pages; i++) {
        if (from->page[i]) memcpy(bytes_page(to, i), from->page[i], SIM_PAGE_BYTES);
    }
    to->size_bytes = from->size_bytes;
}

static void bytes_apply(struct sim_bytes *b, const struct sim_write *w) {
    if (w->cut) {
        bytes_clear(b, w->offset);
        b->size_bytes = w->offset;
        return;
    }
    bytes_put(b, w->offset, w->data, w->bytes);
    if (w->offset + w->bytes > b->size_bytes) b->size_bytes = w->offset + w->bytes;
}

/* --- files --- */

struct sim_node *sim_node_create(uint64_t inode, bool is_directory) {
    struct sim_node *n = calloc(1, sizeof *n);
    assert(n);
    n->inode = inode;
    n->is_directory = is_directory;
    return n;
}

static void names_done(struct sim_names *s) {
    for (uint32_t i = 0; i < s->count; i++) free(s->at[i].name);
    free(s->at);
    *s = (struct sim_names){0};
}

/* Drops the first writes, up to and with `last`. */
static void drop_writes(struct sim_node *n, const struct sim_write *last) {
    while (n->first) {
        struct sim_write *w = n->first;
        bool ended = w == last;
        n->first = w->next;
        free(w);
        if (ended) break;
    }
    if (!n->first) n->last = NULL;
}

void sim_node_destroy(struct sim_node *n) {
    drop_writes(n, NULL);
    bytes_done(&n->now);
    bytes_done(&n->kept);
    names_done(&n->now_names);
    names_done(&n->kept_names);
    free(n);
}

/* The writes up to and with `last` are on the medium; NULL: all. */
static void keep_writes(struct sim_node *n, const struct sim_write *last) {
    for (const struct sim_write *w = n->first; w; w = w->next) {
        bytes_apply(&n->kept, w);
        if (w == last) break;
    }
    drop_writes(n, last);
}

static struct sim_write *add_write(struct sim_node *n, uint64_t number, size_t bytes) {
    struct sim_write *w = calloc(1, sizeof *w + bytes);
    assert(w);
    w->number = number;
    w->bytes = bytes;
    if (n->last) n->last->next = w;
    if (!n->first) n->first = w;
    n->last = w;
    return w;
}

static const struct sim_write *last_cut(const struct sim_node *n) {
    const struct sim_write *cut = NULL;
    for (const struct sim_write *w = n->first; w; w = w->next) {
        if (w->cut) cut = w;
    }
    return cut;
}

void sim_node_write(struct sim_node *n, uint64_t offset, const void *from, size_t bytes,
                    struct sim_change_of how) {
    assert(!n->is_directory && offset <= UINT64_MAX - bytes);
    if (bytes == 0) return;
    if (how.durable) {
        const struct sim_write *cut = last_cut(n);
        if (cut) keep_writes(n, cut);
    }
    struct sim_write *w = add_write(n, how.number, bytes);
    w->offset = offset;
    w->durable = how.durable;
    memcpy(w->data, from, bytes);
    bytes_apply(&n->now, w);
    n->modified_us = (int64_t)how.number;
    if (how.durable && n->first == w) keep_writes(n, w);
}

void sim_node_truncate(struct sim_node *n, uint64_t size_bytes, uint64_t number) {
    assert(!n->is_directory);
    struct sim_write *w = add_write(n, number, 0);
    w->offset = size_bytes;
    w->cut = true;
    bytes_apply(&n->now, w);
    n->modified_us = (int64_t)number;
}

size_t sim_node_read(const struct sim_node *n, uint64_t offset, void *to, size_t bytes) {
    uint64_t size = n->now.size_bytes;
    if (offset >= size) return 0;
    if (bytes > size - offset) bytes = (size_t)(size - offset);
    bytes_get(&n->now, offset, to, bytes);
    return bytes;
}

uint64_t sim_node_needs(const struct sim_node *n, uint64_t offset, size_t bytes) {
    uint64_t needs = 0;
    if (bytes == 0) return 0;
    uint64_t last = (offset + bytes - 1) / SIM_PAGE_BYTES;
    for (uint64_t i = offset / SIM_PAGE_BYTES; i <= last; i++) {
        needs += i >= n->now.pages || !n->now.page[i];
    }
    return needs;
}

void sim_node_sync(struct sim_node *n) {
    keep_writes(n, NULL);
}

uint64_t sim_node_oldest(const struct sim_node *n) {
    return n->first ? n->first->number : UINT64_MAX;
}

void sim_node_restart(struct sim_node *n) {
    assert(!n->first);
    bytes_copy(&n->now, &n->kept);
}

/* --- luck --- */

struct settling {
    struct sim_node *node;
    const struct sim_luck *luck;
    uint8_t *frozen;    /* [sectors] */
    uint64_t low, high; /* sectors that were written to: frozen is of these */
    bool size_frozen;
};

/* The part of a write that lies in one sector. */
static void settle_sector(struct settling *s, const struct sim_write *w, uint64_t sector) {
    uint64_t start = sector * SIM_SECTOR_BYTES, end = start + SIM_SECTOR_BYTES;
    if (start < w->offset) start = w->offset;
    if (end > w->offset + w->bytes) end = w->offset + w->bytes;
    uint8_t *frozen = &s->frozen[sector - s->low];
    if (w->durable) *frozen = false;
    if (!*frozen && !w->durable && !sim_lucky(s->luck, w->number)) *frozen = true;
    if (*frozen) return;
    bytes_put(&s->node->kept, start, w->data + (start - w->offset), (size_t)(end - start));
}

static void settle_write(struct settling *s, const struct sim_write *w) {
    struct sim_bytes *kept = &s->node->kept;
    uint64_t end = w->offset + w->bytes;
    uint64_t first = w->offset / SIM_SECTOR_BYTES, last = (end - 1) / SIM_SECTOR_BYTES;
    for (uint64_t i = first; i <= last; i++) settle_sector(s, w, i);
    if (end <= kept->size_bytes) return;
    if (!w->durable && !s->size_frozen && !sim_lucky(s->luck, w->number)) s->size_frozen = true;
    if (w->durable || !s->size_frozen) kept->size_bytes = end;
}

static void settle_cut(struct settling *s, const struct sim_write *w) {
    if (!s->size_frozen && !sim_lucky(s->luck, w->number)) s->size_frozen = true;
    if (!s->size_frozen) bytes_apply(&s->node->kept, w);
}

static void find_sectors(struct settling *s) {
    s->low = UINT64_MAX;
    for (const struct sim_write *w = s->node->first; w; w = w->next) {
        if (w->cut) continue;
        uint64_t first = w->offset / SIM_SECTOR_BYTES;
        uint64_t end = (w->offset + w->bytes - 1) / SIM_SECTOR_BYTES + 1;
        if (first < s->low) s->low = first;
        if (end > s->high) s->high = end;
    }
    if (s->low > s->high) s->low = s->high;
}

void sim_node_settle(struct sim_node *n, const struct sim_luck *l) {
    if (!n->first) return;
    struct settling s = {.node = n, .luck = l};
    find_sectors(&s);
    s.frozen = calloc((size_t)(s.high - s.low) + 1, 1);
    assert(s.frozen);
    for (const struct sim_write *w = n->first; w; w = w->next) {
        if (w->cut) settle_cut(&s, w);
        if (!w->cut) settle_write(&s, w);
    }
    free(s.frozen);
    bytes_clear(&n->kept, n->kept.size_bytes); /* sectors that the size does not reach */
    drop_writes(n, NULL);
}

/* --- directories --- */

/* Where the name is, or would be. */
static uint32_t names_place(const struct sim_names *s, const char *name) {
    uint32_t low = 0, high = s->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(s->at[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool names_has(const struct sim_names *s, uint32_t place, const char *name) {
    return place < s->count && strcmp(s->at[place].name, name) == 0;
}

struct sim_node *sim_names_find(const struct sim_names *s, const char *name) {
    uint32_t i = names_place(s, name);
    return names_has(s, i, name) ? s->at[i].node : NULL;
}

static void names_insert(struct sim_names *s, uint32_t place, const char *name) {
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 8;
        s->at = realloc(s->at, s->capacity * sizeof *s->at);
        assert(s->at);
    }
    memmove(s->at + place + 1, s->at + place, (s->count - place) * sizeof *s->at);
    s->at[place] = (struct sim_name){.name = strdup(name)};
    assert(s->at[place].name);
    s->count++;
}

void sim_names_set(struct sim_names *s, const char *name, struct sim_node *node) {
    uint32_t i = names_place(s, name);
    bool there = names_has(s, i, name);
    if (node) {
        if (!there) names_insert(s, i, name);
        s->at[i].node = node;
    } else if (there) {
        free(s->at[i].name);
        memmove(s->at + i, s->at + i + 1, (s->count - i - 1) * sizeof *s->at);
        s->count--;
    }
}

void sim_names_copy(struct sim_names *to, const struct sim_names *from) {
    names_done(to);
    for (uint32_t i = 0; i < from->count; i++) {
        names_insert(to, i, from->at[i].name);
        to->at[i].node = from->at[i].node;
    }
}

/* --- copies --- */

static void add_copy(struct sim_node *n, const struct sim_write *w) {
    struct sim_write *copy = add_write(n, w->number, w->bytes);
    memcpy(copy->data, w->data, w->bytes);
    copy->offset = w->offset;
    copy->durable = w->durable;
    copy->cut = w->cut;
}

struct sim_node *sim_node_copy(const struct sim_node *n) {
    struct sim_node *to = sim_node_create(n->inode, n->is_directory);
    to->modified_us = n->modified_us;
    to->links = n->links;
    bytes_copy(&to->now, &n->now);
    bytes_copy(&to->kept, &n->kept);
    for (const struct sim_write *w = n->first; w; w = w->next) add_copy(to, w);
    sim_names_copy(&to->now_names, &n->now_names);
    sim_names_copy(&to->kept_names, &n->kept_names);
    return to;
}
