/* refuse.c: see refuse.h. One row a statement: its words and what to say. */
#include "sql/refuse.h"

#include "engine/base/attr.h"
#include "sql/grammar.h"

#define NO_TRANSACTIONS                                                                            \
    "transactions of several statements are not supported: each statement is atomic and durable"
#define NO_RIGHTS "users and rights are not supported yet"
#define NO_NAMESPACES "catalogs, databases and schemas are not supported: names have one part"

/* `second` NULL: any word. Words behind CREATE that may stand in front of the kind are skipped. */
static const struct {
    const char *first, *second;
    const char *sentence;
} refused[] = {
    {"begin", NULL, NO_TRANSACTIONS},
    {"commit", NULL, NO_TRANSACTIONS},
    {"release", NULL, NO_TRANSACTIONS},
    {"rollback", NULL, NO_TRANSACTIONS},
    {"savepoint", NULL, NO_TRANSACTIONS},
    {"start", "transaction", NO_TRANSACTIONS},
    {"grant", NULL, NO_RIGHTS},
    {"revoke", NULL, NO_RIGHTS},
    {"create", "user", NO_RIGHTS},
    {"alter", "user", NO_RIGHTS},
    {"drop", "user", NO_RIGHTS},
    {"create", "role", NO_RIGHTS},
    {"drop", "role", NO_RIGHTS},
    {"create", "catalog", NO_NAMESPACES},
    {"create", "database", NO_NAMESPACES},
    {"create", "schema", NO_NAMESPACES},
    {"drop", "catalog", NO_NAMESPACES},
    {"drop", "database", NO_NAMESPACES},
    {"drop", "schema", NO_NAMESPACES},
    {"use", NULL, NO_NAMESPACES},
    {"create", "index", "indexes are not supported: keyed state finds its rows itself"},
    {"create", "unique", "indexes are not supported: keyed state finds its rows itself"},
    {"drop", "index", "indexes are not supported: keyed state finds its rows itself"},
    {"create", "trigger", "triggers are not supported: CREATE QUERY runs for every change"},
    {"drop", "trigger", "triggers are not supported: DROP QUERY ends a query"},
    {"create", "source", "CREATE SOURCE is not supported: write CREATE STREAM"},
    {"create", "sink", "CREATE SINK is not supported: write CREATE STREAM and INSERT INTO it"},
    {"create", "virtual", "virtual tables are not supported"},
    {"add", NULL, "ADD is not supported: LOAD 'library.so' loads functions"},
    {"alter", NULL, "ALTER is not supported: drop the object and create it anew"},
    {"analyze", NULL, "ANALYZE is not supported: EXPLAIN ANALYZE measures a query"},
    {"attach", NULL, "ATTACH is not supported: a data directory is one database"},
    {"detach", NULL, "DETACH is not supported: a data directory is one database"},
    {"call", NULL, "CALL is not supported: functions are called in SELECT"},
    {"copy", NULL, "COPY is not supported: a stream WITH ('connector' = 'filesystem') reads files"},
    {"merge", NULL, "MERGE is not supported: write INSERT OR REPLACE"},
    {"pragma", NULL, "PRAGMA is not supported: settings are changed by SET"},
    {"reindex", NULL, "REINDEX is not supported: there are no indexes"},
    {"truncate", NULL, "TRUNCATE is not supported: write DELETE FROM"},
    {"vacuum", NULL, "VACUUM is not supported: the log gives its space back by itself"},
    {"execute", NULL, "EXECUTE is supported as EXECUTE STATEMENT SET BEGIN .. END only"},
};

static bool is(struct lexer *lex, struct token t, const char *word) {
    return t.kind != TK_STRING && text_equal_fold(lex_text(lex, t), text_of(word));
}

/* The word that says what CREATE or DROP is about. */
static struct token object_word(struct lexer *lex) {
    struct token t = lex_next(lex);
    while (is(lex, t, "or") || is(lex, t, "replace") || is(lex, t, "temporary") ||
           is(lex, t, "temp")) {
        t = lex_next(lex);
    }
    return t;
}

const char *refuse_words(struct lexer lex, struct token first) {
    struct token second = {0};
    for (uint32_t i = 0; i < COUNT_OF(refused); i++) {
        if (!is(&lex, first, refused[i].first)) continue;
        if (!refused[i].second) return refused[i].sentence;
        if (second.end == 0) second = object_word(&lex);
        if (is(&lex, second, refused[i].second)) return refused[i].sentence;
    }
    return NULL;
}
