/* catalog.c: the objects in order of creation, as a list.
 *
 * A script makes tens of objects, not thousands: names are looked up by walking the list, which
 * also is the order in which the catalog is written down. Relations (streams, tables, views),
 * models and queries share one space of names; functions have one of their own, because `f(x)` and
 * `FROM f` never meet. An object lies in its own arena, so that one call frees all of it.
 */
#include "sql/catalog.h"
#include "engine/base/nearest.h"

#include <assert.h>

struct catalog {
    struct arena arena; /* holds this struct */
    struct object *first;
    struct object *last;
};

#define X(ID, word, sql) [OBJECT_##ID] = word,
static const char *const object_words[OBJECT_COUNT] = {OBJECT_LIST(X)};
#undef X

#define X(ID, word, sql) [OBJECT_##ID] = sql,
static const char *const object_sql[OBJECT_COUNT] = {OBJECT_LIST(X)};
#undef X

const char *object_kind_word(enum object_kind kind) {
    assert(kind < OBJECT_COUNT);
    return object_words[kind];
}

const char *object_kind_sql(enum object_kind kind) {
    assert(kind < OBJECT_COUNT);
    return object_sql[kind];
}

struct catalog *catalog_create(void) {
    struct arena arena;
    arena_init(&arena, 0);
    struct catalog *c = ARENA_NEW(&arena, c);
    if (!c) {
        arena_done(&arena);
        return NULL;
    }
    c->arena = arena;
    return c;
}

void catalog_destroy(struct catalog *c) {
    if (!c) return;
    while (c->first) catalog_drop(c, c->first);
    struct arena arena = c->arena;
    arena_done(&arena);
}

static struct object *find(const struct catalog *c, struct text name, bool function) {
    for (struct object *o = c->first; o; o = o->next) {
        if ((o->kind == OBJECT_FUNCTION) == function && text_equal_fold(o->name, name)) return o;
    }
    return NULL;
}

struct object *catalog_find(const struct catalog *c, struct text name) {
    return find(c, name, false);
}

struct object *catalog_find_function(const struct catalog *c, struct text name) {
    return find(c, name, true);
}

bool catalog_hint(const struct catalog *c, struct text name, enum object_kind kind, struct err *e) {
    struct nearest near = nearest_to(name);
    for (const struct object *o = c->first; o; o = o->next) {
        if (kind == OBJECT_COUNT ? o->kind == OBJECT_FUNCTION : o->kind != kind) continue;
        nearest_offer(&near, o->name);
    }
    return nearest_hint(&near, '"', e);
}

struct object *object_create(enum object_kind kind, struct text name, struct err *e) {
    assert(kind < OBJECT_COUNT && name.bytes > 0);
    struct arena arena;
    arena_init(&arena, 0);
    struct object *o = ARENA_NEW(&arena, o);
    struct arena *own = ARENA_NEW(&arena, own);
    const char *copy = arena_copy(&arena, name.at, name.bytes);
    if (!o || !own || !copy) {
        arena_done(&arena);
        err_memory(e);
        return NULL;
    }
    *o = (struct object){.kind = kind, .arena = own, .name = {.at = copy, .bytes = name.bytes}};
    *own = arena;
    return o;
}

void object_destroy(struct object *o) {
    if (!o) return;
    struct arena arena = *o->arena;
    arena_done(&arena);
}

bool catalog_add(struct catalog *c, struct object *o, struct err *e) {
    assert(!o->next && o != c->last);
    const struct object *same = find(c, o->name, o->kind == OBJECT_FUNCTION);
    if (same) {
        return err_set(e, ERR_SQL, "42P07", "%s \"%.*s\" already exists", object_words[same->kind],
                       TEXT_ARG(same->name));
    }
    if (c->last)
        c->last->next = o;
    else
        c->first = o;
    c->last = o;
    return true;
}

static bool object_uses(const struct object *user, const struct object *o) {
    for (uint32_t i = 0; i < user->uses; i++) {
        if (user->use[i] == o) return true;
    }
    return false;
}

bool catalog_may_drop(const struct catalog *c, const struct object *o, struct err *e) {
    for (const struct object *user = c->first; user; user = user->next) {
        if (user == o || !object_uses(user, o)) continue;
        err_set(e, ERR_SQL, "2BP01", "%s \"%.*s\" is used by %s \"%.*s\"", object_words[o->kind],
                TEXT_ARG(o->name), object_words[user->kind], TEXT_ARG(user->name));
        return err_hint(e, "DROP %s %.*s first.", object_sql[user->kind], TEXT_ARG(user->name));
    }
    return true;
}

void catalog_drop(struct catalog *c, struct object *o) {
    struct object *before = NULL;
    struct object *at = c->first;
    while (at && at != o) {
        before = at;
        at = at->next;
    }
    assert(at == o);
    if (before)
        before->next = o->next;
    else
        c->first = o->next;
    if (c->last == o) c->last = before;
    object_destroy(o);
}

struct object *catalog_first(const struct catalog *c) {
    return c->first;
}
