/* session_news.c: rows that were lost on the way are told once, to whoever has not read them.
 *
 * Nothing stops for a bad or late row, so a result can lack rows without an error. At the end of a
 * script, and behind each statement at the prompt, a line for each stream and query says how many,
 * and where they are.
 */
#include <inttypes.h>

#include "clients/session_private.h"
#include "sql/unparse.h"

/* "12 bad rows of s; SELECT * FROM s$errors shows them" */
static void tell_side(struct session *s, const struct object *o, uint64_t rows, const char *what,
                      const char *suffix) {
    if (rows == 0) return;
    struct buf side, name;
    buf_init(&side);
    buf_init(&name);
    buf_add_text(&side, o->name);
    buf_add_str(&side, suffix);
    unparse_name(buf_text(&side), &name);
    session_notice(s, "%" PRIu64 " %s row%s of %.*s; SELECT * FROM %.*s shows %s", rows, what,
                   rows == 1 ? "" : "s", TEXT_ARG(o->name), TEXT_ARG(buf_text(&name)),
                   rows == 1 ? "it" : "them");
    buf_done(&name);
    buf_done(&side);
}

static void tell_stream(struct session *s, const struct object *o, struct stream *stream) {
    struct stream_news news;
    stream_news(stream, &news);
    tell_side(s, o, news.bad, "bad", "$errors");
    tell_side(s, o, news.late, "late", "$late");
    if (news.refused == 0) return;
    session_notice(s, "%s %.*s did not take %" PRIu64 " row%s: they are in %.*s$errors",
                   object_kind_word(o->kind), TEXT_ARG(o->name), news.refused,
                   news.refused == 1 ? "" : "s", TEXT_ARG(o->name));
}

static void tell_query(struct session *s, const struct object *o, struct running *r) {
    struct query_stats stats;
    job_stats(r->job, &stats);
    uint64_t bad = stats.bad - r->bad_told;
    r->bad_told = stats.bad;
    if (bad == 0) return;
    session_notice(s, "query %.*s could not compute %" PRIu64 " row%s: they are in %.*s$errors",
                   TEXT_ARG(o->name), bad, bad == 1 ? "" : "s", TEXT_ARG(o->name));
}

void session_tell_news(struct session *s) {
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct running *r = session_running(o);
        if (r && r->job) tell_query(s, o, r);
    }
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct stream *stream = session_stream(o);
        if (stream) tell_stream(s, o, stream);
    }
}
