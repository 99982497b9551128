/* settings.c: see settings.h. To add a setting: a field in struct settings and a row here. */
#include "clients/settings.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/batch.h"
#include "engine/base/nearest.h"
#include "engine/base/number.h"
#include "engine/base/option.h"
#include "engine/base/time.h"
#include "storage/log.h"

static const char *const on_error_words[] = {"skip", "fail", NULL};
static const char *const durability_words[] = {"sync", "os", "none", NULL};

const struct setting setting_table[] = {
    {
        .name = "batch-rows",
        .kind = SETTING_INTEGER,
        .offset = offsetof(struct settings, batch_rows),
        .initial = BATCH_ROWS,
        .min = 1,
        .max = BATCH_ROWS,
        .doc = "Rows handled at a time. Results never depend on it.",
    },
    {
        .name = "checkpoint-bytes",
        .kind = SETTING_BYTES,
        .offset = offsetof(struct settings, checkpoint_bytes),
        .initial = 64 << 20,
        .min = 1 << 16,
        .max = INT64_C(1) << 40,
        .doc = "With a data directory: a checkpoint is due when the log has grown by so much.",
    },
    {
        .name = "checkpoint-interval",
        .kind = SETTING_DURATION,
        .offset = offsetof(struct settings, checkpoint_interval_us),
        .initial = 1000000,
        .min = 1000,
        .max = INT64_C(86400000000),
        .doc = "With a data directory: a checkpoint is due so long after the last one. Rows of "
               "file sinks appear with it.",
    },
    {
        .name = "durability",
        .kind = SETTING_WORD,
        .offset = offsetof(struct settings, durability),
        .initial = LOG_SYNC,
        .word = durability_words,
        .doc =
            "What is acknowledged survives loss of power (sync), the end of the process (os), or "
            "neither (none). Of a data directory, when it is opened: --set.",
    },
    {
        .name = "inference-batch",
        .kind = SETTING_INTEGER,
        .offset = offsetof(struct settings, inference_batch),
        .initial = 0,
        .min = 0,
        .max = BATCH_ROWS,
        .doc = "Rows that a model is given at a time; 0: as many as the model says. 1 makes values "
               "exact, too.",
    },
    {
        .name = "inference-cache",
        .kind = SETTING_BYTES,
        .offset = offsetof(struct settings, inference_cache),
        .initial = 64 << 20,
        .min = 0,
        .max = INT64_C(1) << 40,
        .doc = "Answers of each model that are kept for equal inputs; 0: none.",
    },
    {
        .name = "inference-wait",
        .kind = SETTING_DURATION,
        .offset = offsetof(struct settings, inference_wait_us),
        .initial = 10000,
        .min = 0,
        .max = INT64_C(3600000000),
        .doc = "A row waits no longer for others to be given to a model with it.",
    },
    {
        .name = "log-segment-bytes",
        .kind = SETTING_BYTES,
        .offset = offsetof(struct settings, log_segment_bytes),
        .initial = 64 << 20,
        .min = 64 << 10,
        .max = INT64_C(1) << 40,
        .doc = "How large the files of the log become. Of a data directory, when it is opened: "
               "--set.",
    },
    {
        .name = "max-image-pixels",
        .kind = SETTING_INTEGER,
        .offset = offsetof(struct settings, max_image_pixels),
        .initial = 1 << 28,
        .min = 1,
        .max = 1 << 28,
        .doc = "A larger image makes its row a bad row, before memory is taken for it.",
    },
    {
        .name = "max-line-bytes",
        .kind = SETTING_BYTES,
        .offset = offsetof(struct settings, max_line_bytes),
        .initial = 16 << 20,
        .min = 64,
        .max = 1 << 30,
        .doc = "A longer record of an input is a bad row.",
    },
    {
        .name = "on-error",
        .kind = SETTING_WORD,
        .offset = offsetof(struct settings, on_error),
        .initial = ON_ERROR_SKIP,
        .word = on_error_words,
        .doc = "What a query does with a row that an expression fails for: keep it in "
               "name$errors and go on, or stop.",
    },
    {
        .name = "seed",
        .kind = SETTING_INTEGER,
        .offset = offsetof(struct settings, seed),
        .initial = 1,
        .min = 0,
        .max = INT64_MAX,
        .doc = "Seed of random() in the queries that start after it.",
    },
    {
        .name = "state-limit-bytes",
        .kind = SETTING_BYTES,
        .offset = offsetof(struct settings, state_limit_bytes),
        .initial = 0,
        .min = 0,
        .max = INT64_MAX,
        .doc =
            "A query whose state grows past it stops with 54000, and what would make the rows of a "
            "table or view that was made under it take more fails; 0: half of the memory.",
    },
    {
        .name = "state-ttl",
        .alias = "table.exec.state.ttl",
        .kind = SETTING_DURATION,
        .offset = offsetof(struct settings, state_ttl_us),
        .initial = 0,
        .min = 0,
        .max = 36500 * DAY_US,
        .doc = "A query without windows forgets keys that no row has met for longer; 0: none.",
    },
    {
        .name = "threads",
        .kind = SETTING_INTEGER,
        .offset = offsetof(struct settings, threads),
        .initial = 1,
        .min = 1,
        .max = 256,
        .doc = "Workers of a query whose plan allows several. Results never depend on it.",
    },
};
const uint32_t setting_count = COUNT_OF(setting_table);

static int64_t *setting_place(struct settings *s, const struct setting *row) {
    return (int64_t *)(void *)((char *)s + row->offset);
}

void settings_init(struct settings *s) {
    for (uint32_t i = 0; i < setting_count; i++) {
        *setting_place(s, &setting_table[i]) = setting_table[i].initial;
    }
}

const struct setting *setting_find(struct text name, struct err *e) {
    struct nearest near = nearest_to(name);
    for (uint32_t i = 0; i < setting_count; i++) {
        struct text known = text_of(setting_table[i].name);
        const char *alias = setting_table[i].alias;
        if (text_equal_fold(name, known)) return &setting_table[i];
        if (alias && text_equal_fold(name, text_of(alias))) return &setting_table[i];
        nearest_offer(&near, known);
    }
    err_set(e, ERR_SQL, "42704", "there is no setting \"%.*s\"", TEXT_ARG(name));
    if (!nearest_hint(&near, '"', e)) err_hint(e, "SHOW ALL lists the settings.");
    return NULL;
}

/* "16 mb", "64KB", "1g" and plain numbers. */
static bool parse_bytes(struct text value, int64_t *out) {
    static const struct {
        const char *word;
        int64_t bytes;
    } units[] = {{"", 1},        {"b", 1},        {"k", 1 << 10}, {"kb", 1 << 10},
                 {"m", 1 << 20}, {"mb", 1 << 20}, {"g", 1 << 30}, {"gb", 1 << 30}};
    uint32_t digits = 0;
    while (digits < value.bytes && value.at[digits] >= '0' && value.at[digits] <= '9') digits++;
    uint32_t unit = digits;
    while (unit < value.bytes && value.at[unit] == ' ') unit++;

    int64_t n;
    struct text number = {.at = value.at, .bytes = digits};
    if (i64_parse(number, &n) != PARSE_OK) return false;
    struct text word = {.at = value.at + unit, .bytes = value.bytes - unit};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (!text_equal_fold(word, text_of(units[i].word))) continue;
        return !__builtin_mul_overflow(n, units[i].bytes, out);
    }
    return false;
}

/* "10 ms", "1 s"; a bare number is milliseconds. */
static bool parse_duration(struct text value, int64_t *out) {
    struct err ignored;
    const struct option o = {.key = {"duration", 8}, .value = value};
    const struct options all = {.option = &o, .count = 1};
    return option_duration(&all, "duration", out, &ignored);
}

static bool parse_word(struct text value, const char *const *word, int64_t *out) {
    for (int64_t i = 0; word[i]; i++) {
        if (!text_equal_fold(value, text_of(word[i]))) continue;
        *out = i;
        return true;
    }
    return false;
}

static void hint_allowed(const struct setting *row, struct err *e) {
    char words[100] = "";
    size_t used = 0;
    if (row->kind == SETTING_DURATION) {
        char min[DURATION_TEXT_MAX], max[DURATION_TEXT_MAX];
        int min_bytes = (int)duration_print(min, row->min);
        int max_bytes = (int)duration_print(max, row->max);
        err_hint(e, "Allowed is '%.*s' to '%.*s'.", min_bytes, min, max_bytes, max);
        return;
    }
    if (row->kind != SETTING_WORD) {
        err_hint(e, "Allowed is %" PRId64 " to %" PRId64 ".", row->min, row->max);
        return;
    }
    for (size_t i = 0; row->word[i]; i++) {
        int n = snprintf(words + used, sizeof words - used, "%s%s", i ? ", " : "", row->word[i]);
        assert(n > 0 && used + (size_t)n < sizeof words);
        used += (size_t)n;
    }
    err_hint(e, "Allowed is one of: %s.", words);
}

bool settings_set(struct settings *s, struct text name, struct text value, struct err *e) {
    const struct setting *row = setting_find(name, e);
    if (!row) return false;

    int64_t n = 0;
    bool good = false;
    switch (row->kind) {
    case SETTING_INTEGER: good = i64_parse(value, &n) == PARSE_OK; break;
    case SETTING_BYTES: good = parse_bytes(value, &n); break;
    case SETTING_WORD: good = parse_word(value, row->word, &n); break;
    case SETTING_DURATION: good = parse_duration(value, &n); break;
    }
    if (row->kind != SETTING_WORD) good = good && n >= row->min && n <= row->max;
    if (!good) {
        err_set(e, ERR_SQL, "22023", "'%.*s' is no value of setting \"%s\"", TEXT_ARG(value),
                row->name);
        hint_allowed(row, e);
        return false;
    }
    *setting_place(s, row) = n;
    return true;
}

bool settings_reset(struct settings *s, struct text name, struct err *e) {
    const struct setting *row = setting_find(name, e);
    if (!row) return false;
    *setting_place(s, row) = row->initial;
    return true;
}

size_t settings_state_limit(const struct settings *s) {
    if (s->state_limit_bytes > 0) return (size_t)s->state_limit_bytes;
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (size_t)pages / 2 * (size_t)page_bytes : 0;
}

void setting_print(struct buf *out, const struct settings *s, const struct setting *row) {
    int64_t value;
    memcpy(&value, (const char *)s + row->offset, sizeof value);
    if (row->kind == SETTING_WORD) {
        buf_add_str(out, row->word[value]);
    } else if (row->kind == SETTING_DURATION) {
        char text[DURATION_TEXT_MAX];
        buf_add(out, text, duration_print(text, value));
    } else {
        buf_addf(out, "%" PRId64, value);
    }
}
