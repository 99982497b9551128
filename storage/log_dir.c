/* log_dir.c: see log_dir.h. Names that are none of the log's are passed over. */
#include "storage/log_dir.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEX_DIGITS = 16 };

bool log_directory_check(const char *directory, struct err *e) {
    size_t bytes = strlen(directory);
    if (bytes > 0 && bytes <= LOG_DIRECTORY_BYTES_MAX) return true;
    return err_set(e, ERR_IO, "58030", "the name of the data directory has %zu bytes, limit %d",
                   bytes, LOG_DIRECTORY_BYTES_MAX);
}

struct log_path log_lock_path(const char *directory) {
    struct log_path p;
    snprintf(p.at, sizeof p.at, "%s/LOCK", directory);
    return p;
}

struct log_path log_folder_path(const char *directory) {
    struct log_path p;
    snprintf(p.at, sizeof p.at, "%s/log", directory);
    return p;
}

struct log_path log_segment_path(const char *directory, uint64_t first) {
    struct log_path p;
    snprintf(p.at, sizeof p.at, "%s/log/%016" PRIx64 ".seg", directory, first);
    return p;
}

struct log_path log_spare_path(const char *directory, uint32_t number) {
    struct log_path p;
    assert(number < LOG_SPARES_MAX);
    snprintf(p.at, sizeof p.at, "%s/log/spare-%" PRIu32 ".seg", directory, number);
    return p;
}

struct log_path log_filling_path(const char *directory) {
    struct log_path p;
    snprintf(p.at, sizeof p.at, "%s/log/filling", directory);
    return p;
}

/* "00000000000a1000.seg", lower case. */
static bool segment_name(const char *name, uint64_t *first_out) {
    static const char digits[] = "0123456789abcdef";
    uint64_t first = 0;
    for (int i = 0; i < HEX_DIGITS; i++) {
        const char *digit = name[i] ? strchr(digits, name[i]) : NULL;
        if (!digit) return false;
        first = first << 4 | (uint64_t)(digit - digits);
    }
    if (strcmp(name + HEX_DIGITS, ".seg") != 0) return false;
    *first_out = first;
    return true;
}

static void list_name(struct log_list *l, const char *name) {
    uint64_t first;
    if (segment_name(name, &first)) {
        assert(l->count == 0 || first > l->first[l->count - 1]); /* names come in byte order */
        l->first[l->count++] = first;
    }
    if (strcmp(name, "filling") == 0) l->filling = true;
    for (uint32_t i = 0; i < LOG_SPARES_MAX; i++) {
        char spare[32];
        snprintf(spare, sizeof spare, "spare-%" PRIu32 ".seg", i);
        if (strcmp(name, spare) == 0) l->spare[i] = true;
    }
}

bool log_list(struct file_system *fs, const char *directory, struct arena *a, struct log_list *out,
              struct err *e) {
    struct log_path folder = log_folder_path(directory);
    char **name;
    uint32_t count;
    if (!file_list(fs, folder.at, a, &name, &count, e)) return false;

    struct log_list l = {.count = 0};
    l.first = ARENA_ARRAY(a, l.first, count ? count : 1);
    if (!l.first) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) list_name(&l, name[i]);
    *out = l;
    return true;
}
