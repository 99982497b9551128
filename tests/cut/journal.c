/* journal.c: see journal.h. */
#include "tests/cut/journal.h"

#include <assert.h>
#include <stdio.h>

static struct cut_arrivals *arrivals_of(struct cut_journal *j, struct text name) {
    for (uint32_t i = 0; i < j->sources; i++) {
        if (text_equal(text_of(j->source[i].name), name)) return &j->source[i];
    }
    assert(j->sources < CUT_SOURCES && name.bytes < sizeof j->source[0].name);
    struct cut_arrivals *a = &j->source[j->sources++];
    snprintf(a->name, sizeof a->name, "%.*s", TEXT_ARG(name));
    buf_init(&a->bytes);
    return a;
}

static bool append(struct journal *base, struct text source, const struct journal_entry *entry,
                   struct err *e) {
    struct cut_arrivals *a = arrivals_of((struct cut_journal *)base, source);
    (void)e;
    assert(entry->at == a->bytes.bytes && a->entries < CUT_ENTRIES);
    a->entry[a->entries] = *entry;
    a->entry[a->entries++].bytes.at = NULL;
    buf_add_text(&a->bytes, entry->bytes);
    if (entry->kind == JOURNAL_END) buf_add_char(&a->bytes, '.');
    assert(!a->bytes.failed);
    return true;
}

static bool end_of(struct journal *base, struct text source, uint64_t *at_out, struct err *e) {
    (void)e;
    *at_out = arrivals_of((struct cut_journal *)base, source)->bytes.bytes;
    return true;
}

static bool begin(struct journal *base, struct text source, uint64_t *at_out, struct err *e) {
    return end_of(base, source, at_out, e);
}

static void needs(struct journal *base, struct text source, uint64_t at) {
    struct cut_arrivals *a = arrivals_of((struct cut_journal *)base, source);
    assert(at >= a->needed && at <= a->bytes.bytes);
    a->needed = at;
}

static bool read_entry(struct journal *base, struct text source, uint64_t at,
                       struct journal_entry *out, bool *got_out, struct err *e) {
    const struct cut_arrivals *a = arrivals_of((struct cut_journal *)base, source);
    (void)e;
    assert(at <= a->bytes.bytes && at >= a->needed);
    *got_out = at < a->bytes.bytes;
    for (uint32_t i = 0; i < a->entries; i++) {
        const struct journal_entry *x = &a->entry[i];
        uint64_t end = i + 1 < a->entries ? x[1].at : a->bytes.bytes;
        if (at < x->at || at >= end) continue;
        *out = (struct journal_entry){.kind = x->kind, .at = at, .came_us = x->came_us};
        if (x->kind == JOURNAL_END) return true;
        out->bytes = (struct text){.at = a->bytes.at + at, .bytes = (uint32_t)(end - at)};
    }
    return true;
}

static const struct journal_type journal_type = {
    .end = end_of, .begin = begin, .needs = needs, .append = append, .read = read_entry};

void cut_journal_init(struct cut_journal *j) {
    *j = (struct cut_journal){.base.type = &journal_type};
}

void cut_journal_done(struct cut_journal *j) {
    for (uint32_t i = 0; i < j->sources; i++) {
        buf_done(&j->source[i].bytes);
    }
    *j = (struct cut_journal){.sources = 0};
}
