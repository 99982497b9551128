/* path_save.c: lists of paths as bytes: 4 bytes, how many; of each 4 bytes, how many bytes it
 * shares with the one before it, and a text, the others.
 */
#include "engine/edge/path.h"

void path_list_save(const struct path_list *l, uint32_t from, struct buf *out) {
    const char *before = "";
    saved_put_u32(out, l->count - from);
    for (uint32_t i = from; i < l->count; i++) {
        uint32_t same = 0;
        while (before[same] && before[same] == l->path[i][same]) same++;
        saved_put_u32(out, same);
        saved_put_text(out, text_of(l->path[i] + same));
        before = l->path[i];
    }
}

bool path_list_load(struct path_list *l, struct saved *s, struct arena *a, struct err *e) {
    uint32_t count = saved_count(s, 2 * sizeof(uint32_t));
    const char *before = "";
    l->count = 0;
    l->path = ARENA_ARRAY(a, l->path, (size_t)count + 1);
    if (!l->path) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t same = saved_u32(s);
        struct text rest = saved_text(s);
        if (s->damaged || same > strlen(before)) return saved_damaged("a list of files", e);
        char *path = arena_alloc(a, (size_t)same + rest.bytes + 1);
        if (!path) return err_memory(e);
        memcpy(path, before, same);
        if (rest.bytes > 0) memcpy(path + same, rest.at, rest.bytes);
        path[same + rest.bytes] = '\0';
        l->path[l->count++] = path;
        before = path;
    }
    return true;
}

bool path_changed(const char *name, const char *how, struct err *e) {
    err_set(e, ERR_IO, "55000", "%s %s since it was read: what comes next in it is not known", name,
            how);
    return err_hint(e, "Put the file back as it was, or drop the query and create it anew.");
}
