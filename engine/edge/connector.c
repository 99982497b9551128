/* connector.c: the table of connectors, and the judging of a stream's options against it.
 *
 * A key is known when a row of the connector, of its format's codec, or of stream_options has it.
 * Whether it makes sense for a source or a sink is the connector's own check, later.
 */
#include "engine/edge/connector.h"

#include <assert.h>
#include <stdio.h>

#include "engine/base/nearest.h"
#include "engine/base/option.h"
#include "engine/edge/partition.h"

const struct connector *const connectors[] = {
    &connector_filesystem, &connector_stdin,   &connector_stdout,
    &connector_socket,     &connector_print,   &connector_blackhole,
    &connector_datagen,    &connector_nexmark, NULL,
};

const struct option_row stream_options[] = {
    {"connector", "a name that SHOW CONNECTORS lists", "Where the rows come from or go to."},
    {"format", "'json' | 'csv' | 'raw' | 'idx' | 'libsvm'", "How records are written as bytes."},
    {"on-error", "'skip' | 'fail'",
     "What a bad row does: it is dropped and kept in x$errors, or it stops the queries."},
    {"scan.idle-timeout", "duration",
     "After so long a silence this input does not hold back the others of a query."},
    {"changelog", "'op'",
     "Lets a sink that only appends take changes, with their kind under the first key, \"op\"."},
    {"connector.property-version", "a number", "No effect: Flink had it before 1.11."},
    {"format.property-version", "a number", "No effect: Flink had it before 1.11."},
    {"format.derive-schema", "true | false", "No effect: Flink had it before 1.11."},
    {"update-mode", "'append'", "No effect: Flink had it before 1.11."},
    {NULL, NULL, NULL},
};

const struct option_row kept_options[] = {
    {"retention", "bytes", "The newest rows that are kept; 64 MiB when not given."},
    {"scan.startup.mode", "'earliest' | 'latest' | 'earliest-offset' | 'latest-offset'",
     "Whether a query starts with the oldest kept row or with what comes next."},
    {NULL, NULL, NULL},
};

const struct option_row table_options[] = {
    {"history", "duration",
     "How far back past versions of the rows can be read: none without a data directory."},
    {"on-error", "'skip' | 'fail'",
     "What a row does that a query writes and the table does not take: it is kept in x$errors, or "
     "it stops the query."},
    {"scan.startup.mode", "'earliest' | 'latest' | 'earliest-offset' | 'latest-offset'",
     "Whether a query that follows the table starts with its rows or with what comes next."},
    {NULL, NULL, NULL},
};

static const struct connector *find(struct text name) {
    for (uint32_t i = 0; connectors[i]; i++) {
        const struct connector *c = connectors[i];
        if (text_equal_fold(name, text_of(c->name))) return c;
        if (c->alias && text_equal_fold(name, text_of(c->alias))) return c;
    }
    return NULL;
}

const struct connector *connector_of(const struct stream_def *def, struct err *e) {
    err_clear(e);
    const struct option *o = option_find(&def->options, "connector");
    if (!o) return NULL;
    const struct connector *c = find(o->value);
    if (c) return c;

    err_set(e, ERR_SQL, "42704", "there is no connector \"%.*s\"", TEXT_ARG(o->value));
    e->offset = o->at;
    struct nearest near = nearest_to(o->value);
    for (uint32_t i = 0; connectors[i]; i++) nearest_offer(&near, text_of(connectors[i]->name));
    if (!nearest_hint(&near, '"', e)) err_hint(e, "SHOW CONNECTORS lists them.");
    return NULL;
}

static void offer_keys(struct nearest *n, const struct option_row *table) {
    for (; table && table->key; table++) nearest_offer(n, text_of(table->key));
}

/* The tables that apply to a stream: its connector's (or the kept stream's), its codec's, all's. */
struct tables {
    const struct option_row *own;
    const struct codec *codec; /* or NULL */
    const char *subject;       /* for messages */
    bool alone;                /* those of all streams do not apply */
};

static bool unknown_option(const struct tables *t, const struct option *o, struct err *e) {
    err_set(e, ERR_SQL, "22023", "%s has no option '%.*s'", t->subject, TEXT_ARG(o->key));
    e->offset = o->at;
    struct nearest near = nearest_to(o->key);
    offer_keys(&near, t->own);
    if (t->codec) offer_keys(&near, t->codec->option);
    if (!t->alone) offer_keys(&near, stream_options);
    nearest_hint(&near, '\'', e);
    return false;
}

static const struct option_row *find_row(const struct tables *t, struct text key) {
    const struct option_row *row = option_row(t->own, key, NULL);
    if (!row && t->codec) row = option_row(t->codec->option, key, t->codec->name);
    return row || t->alone ? row : option_row(stream_options, key, NULL);
}

static bool check_option(const struct tables *t, const struct option *o, struct err *e) {
    struct text key = option_key(o->key);
    const struct option_row *row = find_row(t, key);
    if (!row) return unknown_option(t, o, e);
    if (text_equal(key, TEXT_LITERAL("connector")) || text_equal(key, TEXT_LITERAL("format"))) {
        return true; /* judged by their own tables */
    }
    return option_check(row, o, e);
}

static bool check_options(const struct tables *t, const struct options *o, struct err *e) {
    for (uint32_t i = 0; i < o->count; i++) {
        if (!check_option(t, &o->option[i], e)) return false;
    }
    return true;
}

/* "Formats are json, csv, raw." */
static bool formats_hint(struct err *e) {
    char names[100] = "";
    size_t used = 0;
    for (uint32_t k = 0; codecs[k] && used < sizeof names; k++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", k > 0 ? ", " : "",
                                 codecs[k]->name);
    }
    return err_hint(e, "Formats are %s.", names);
}

/* No format is given where one is needed; it may be there under a misspelt key. */
static bool no_format(const struct tables *t, const struct connector *c, const struct options *o,
                      struct err *e) {
    for (uint32_t i = 0; i < o->count; i++) {
        struct text key = option_key(o->option[i].key);
        bool known = option_row(t->own, key, NULL) || option_row(stream_options, key, NULL);
        for (uint32_t k = 0; !known && codecs[k]; k++) {
            known = option_row(codecs[k]->option, key, codecs[k]->name);
        }
        if (!known) return unknown_option(t, &o->option[i], e);
    }
    err_set(e, ERR_SQL, "22023", "connector '%s' needs the option 'format'", c->name);
    return formats_hint(e);
}

static bool find_codec(const struct tables *t, const struct connector *c, const struct options *o,
                       const struct codec **out, struct err *e) {
    const struct option *f = option_find(o, "format");
    *out = NULL;
    if (!f) return !c->needs_format || no_format(t, c, o, e);
    *out = codec_find(f->value);
    if (*out) return true;
    option_error(f, e, "there is no format '%.*s'", TEXT_ARG(f->value));
    return formats_hint(e);
}

static bool check_known(const struct stream_def *def, const struct options *o, struct err *e) {
    const struct connector *c = connector_of(def, e);
    if (!c && e->code != ERR_NONE) return false;
    struct tables t = {.own = kept_options, .subject = "a stream without a connector"};
    if (def->stored) {
        t = (struct tables){.own = table_options, .subject = "a stored table", .alone = true};
    }
    if (!c) return check_options(&t, o, e);

    char subject[48] = "connector ";
    size_t used = strlen(subject);
    size_t more = strlen(c->name);
    assert(used + more < sizeof subject);
    memcpy(subject + used, c->name, more + 1);
    t.own = c->option;
    t.subject = subject;
    if (!find_codec(&t, c, o, &t.codec, e) || !check_options(&t, o, e)) return false;
    return !t.codec || !t.codec->check || t.codec->check(o, e);
}

bool connector_check(const struct stream_def *def, struct err *e) {
    if (!check_known(def, &def->options, e)) return false;
    const struct connector *c = connector_of(def, e);
    return partition_check(def, c ? c->name : NULL, c && c->partitions, e);
}

void connector_tell_idle(const struct stream_def *def, void *context,
                         void (*tell)(void *context, struct text key, const char *why)) {
    static const char mark[] = "No effect: "; /* how the documentation of such rows begins */
    struct err unused;
    const struct connector *c = connector_of(def, &unused);
    const struct tables t = {.own = c ? c->option : kept_options};
    for (uint32_t i = 0; i < def->options.count; i++) {
        struct text key = def->options.option[i].key;
        const struct option_row *row = find_row(&t, option_key(key));
        if (!row || strncmp(row->doc, mark, sizeof mark - 1) != 0) continue;
        tell(context, key, row->doc + sizeof mark - 1);
    }
}

static bool check_source(const struct stream_def *def, const struct options *o, bool *bounded_out,
                         struct err *e) {
    if (!check_known(def, o, e)) return false;
    const struct connector *c = connector_of(def, e);
    if (!c) {
        *bounded_out = false;
        return true;
    }
    if (!c->reader_open) {
        err_set(e, ERR_SQL, "0A000", "stream \"%.*s\" cannot be read: connector '%s' only writes",
                TEXT_ARG(def->name), c->name);
        return false;
    }
    return c->source_check(def, o, bounded_out, e);
}

bool connector_check_source(const struct stream_def *def, const struct options *hint,
                            bool *bounded_out, struct err *e) {
    static const struct options none = {NULL, 0};
    struct arena a;
    struct options merged;
    arena_init(&a, 0);
    bool ok = options_merge(&a, &def->options, hint ? hint : &none, &merged, e) &&
              check_source(def, &merged, bounded_out, e);
    arena_done(&a);
    return ok;
}

bool connector_check_sink(const struct stream_def *def, bool changes, struct err *e) {
    if (!check_known(def, &def->options, e)) return false;
    const struct connector *c = connector_of(def, e);
    if (!c && changes && def->stored) {
        if (def->keys > 0) return true;
        err_set(e, ERR_SQL, "0A000",
                "table \"%.*s\" takes no changes: it has no PRIMARY KEY that would find their rows",
                TEXT_ARG(def->name));
        return err_hint(e, "Declare a PRIMARY KEY, or CREATE MATERIALIZED VIEW %.*s AS …",
                        TEXT_ARG(def->name));
    }
    if (!c && changes) {
        err_set(e, ERR_SQL, "0A000", "stream \"%.*s\" takes no changes: it is append-only",
                TEXT_ARG(def->name));
        return err_hint(e, "Aggregate by window, or write to a table with a primary key.");
    }
    if (!c) return true;
    if (c->sink_open) return c->sink_check(def, changes, e);
    return err_set(e, ERR_SQL, "0A000",
                   "stream \"%.*s\" cannot be written: connector '%s' only reads",
                   TEXT_ARG(def->name), c->name);
}
