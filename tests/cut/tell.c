/* tell.c: what is told of a world at its end: figures, x$errors, x$late, files. */
#include "tests/cut/world.h"

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PATH_BYTES_MAX = 1024 };

static void tell_side(struct world *w, struct text name, const char *side) {
    char sql[200];
    struct err e;
    bool more = true;
    snprintf(sql, sizeof sql, "SELECT * FROM \"%.*s$%s\";", TEXT_ARG(name), side);
    const struct script script = {.name = TEXT_LITERAL("side"), .text = text_of(sql)};
    buf_addf(&w->out->shown, "%.*s$%s\n", TEXT_ARG(name), side);
    session_start(w->session, &script);
    if (!session_step(w->session, &more, &e)) (void)world_say(w, &e);
}

static void tell_stream(struct world *w, const struct object *o) {
    struct stream_stats s;
    stream_stats(session_side(o), &s);
    buf_addf(&w->out->shown,
             "%.*s: %" PRIu64 " rows, %" PRIu64 " bad, %" PRIu64 " bytes, %" PRIu64
             " refused, watermark %" PRId64 "\n",
             TEXT_ARG(o->name), s.rows, s.bad, s.bytes, s.refused, s.watermark_us);
    if (stream_rows_end(session_side(o), STREAM_ERRORS) > 0) tell_side(w, o->name, "errors");
    if (stream_rows_end(session_side(o), STREAM_LATE) > 0) tell_side(w, o->name, "late");
}

static void tell_file(struct world *w, const char *path) {
    char chunk[4096];
    struct buf *out = &w->out->files;
    FILE *f = fopen(path, "rb");
    assert(f);
    buf_addf(out, "== %s\n", path);
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, f)) > 0;) buf_add(out, chunk, got);
    fclose(f);
}

/* All files below a folder, hidden ones too; folders are as deep as their paths are long. */
static void tell_folder(struct world *w, const char *folder) {
    struct dirent **entry;
    int count = scandir(folder, &entry, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES_MAX];
        struct stat info;
        const char *name = entry[i]->d_name;
        bool self = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        int bytes = snprintf(path, sizeof path, "%s/%s", folder, name);
        bool fits = !self && bytes < (int)sizeof path && lstat(path, &info) == 0;
        if (fits && S_ISDIR(info.st_mode)) tell_folder(w, path);
        if (fits && S_ISREG(info.st_mode)) tell_file(w, path);
        free(entry[i]);
    }
    if (count >= 0) free(entry);
}

void world_tell(struct world *w) {
    char path[PATH_BYTES_MAX];
    for (struct job *j = runner_first(w->session->runner); j; j = job_next(j)) world_figures(w, j);
    for (struct object *o = catalog_first(w->session->catalog); o; o = o->next) {
        if (session_side(o)) tell_stream(w, o);
    }
    tell_folder(w, ".");
    snprintf(path, sizeof path, "%s.out", w->o->folder);
    tell_file(w, path);
}
