/* image_probe.c: see image_probe.h. */
#include "tests/unit/udf/image_probe.h"
#include "tests/data.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES = 1024 };

struct image image_random(struct random *r, struct arena *a, const struct image_info *size,
                          bool smooth) {
    struct image_canvas c;
    struct err e;
    bool ok = image_canvas(a, size, &c, &e);
    assert(ok);
    (void)ok;
    uint8_t *at = c.pixel;
    uint32_t slope = (uint32_t)random_below(r, 4) + 1;
    for (uint32_t y = 0; y < c.height; y++) {
        for (uint32_t i = 0; i < c.width * c.channels; i++) {
            uint64_t value = (i + y) * slope / 4 % 200 + random_below(r, 4);
            *at++ = (uint8_t)(smooth ? value : random_below(r, 256));
        }
    }
    return image_of(&c);
}

bool image_same(const struct image *a, const struct image *b) {
    return image_distance(a, b) == 0;
}

int image_distance(const struct image *a, const struct image *b) {
    int worst = 0;
    if (a->width != b->width || a->height != b->height || a->channels != b->channels) return 256;
    for (size_t i = 0; i < image_bytes(a); i++) {
        int d = abs(a->pixel[i] - b->pixel[i]);
        if (d > worst) worst = d;
    }
    return worst;
}

bool image_file(const char *path, struct arena *a, struct text *out) {
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    bool sought = fseek(f, 0, SEEK_END) == 0;
    long bytes = sought ? ftell(f) : -1;
    rewind(f);
    char *at = bytes >= 0 ? arena_alloc(a, (size_t)bytes + 1) : NULL;
    bool ok = at && fread(at, 1, (size_t)bytes, f) == (size_t)bytes;
    fclose(f);
    if (ok) *out = (struct text){.at = at, .bytes = (uint32_t)bytes};
    return ok;
}

static int wanted(const struct dirent *d) {
    return d->d_name[0] != '.';
}

uint32_t image_files(const char *folder, const char *ending,
                     void (*each)(const char *path, struct text bytes, void *context),
                     void *context) {
    char path[PATH_BYTES];
    struct dirent **names;
    snprintf(path, sizeof path, "%s/%s", test_data(), folder);
    int count = scandir(path, &names, wanted, alphasort);
    uint32_t found = 0;
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        size_t bytes = strlen(name), tail = strlen(ending);
        bool fits = bytes >= tail && strcmp(name + bytes - tail, ending) == 0;
        snprintf(path, sizeof path, "%s/%s/%s", test_data(), folder, name);
        struct arena a;
        struct text file;
        arena_init(&a, 0);
        if (fits && image_file(path, &a, &file)) {
            each(path, file, context);
            found++;
        }
        arena_done(&a);
        free(names[i]);
    }
    if (count >= 0) free(names);
    return found;
}
