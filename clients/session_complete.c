/* session_complete.c: the names that may stand where a word has been begun: keywords, objects,
 * their columns, functions and aggregates.
 */
#include "clients/session_private.h"
#include "sql/keyword.h"

struct completion {
    struct text prefix;
    void *context;
    void (*each)(void *context, struct text name);
};

static void offer(const struct completion *c, struct text name) {
    struct text start = {.at = name.at, .bytes = c->prefix.bytes};
    if (name.bytes < c->prefix.bytes || !text_equal_fold(start, c->prefix)) return;
    c->each(c->context, name);
}

static void offer_objects(const struct completion *c, const struct session *s) {
    for (const struct object *o = catalog_first(s->catalog); o; o = o->next) {
        offer(c, o->name);
        for (uint32_t i = 0; o->schema && i < o->schema->cols; i++) {
            offer(c, o->schema->col[i].name);
        }
    }
}

static void offer_functions(const struct completion *c, const struct session *s) {
    for (uint32_t t = 0; t < s->options.fns; t++) {
        const struct fn_table *table = &s->options.fn[t];
        for (uint32_t i = 0; i < table->count; i++) {
            if (!(table->fn[i].flags & FN_HIDDEN)) offer(c, text_of(table->fn[i].name));
        }
    }
    for (uint32_t t = 0; t < s->options.aggs; t++) {
        const struct agg_table *table = &s->options.agg[t];
        for (uint32_t i = 0; i < table->count; i++) offer(c, text_of(table->agg[i].name));
    }
    struct model_form_text form;
    for (uint32_t i = 0; bind_model_form(i, &form); i++) offer(c, text_of(form.name));
}

void session_complete(const struct session *s, struct text prefix, void *context,
                      void (*each)(void *context, struct text name)) {
    struct completion c = {.prefix = prefix, .context = context, .each = each};
    for (uint32_t i = 0; i < keyword_count; i++) offer(&c, text_of(keyword_table[i].word));
    offer_objects(&c, s);
    offer_functions(&c, s);
}
