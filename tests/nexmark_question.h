/* nexmark_question.h: nexmark_question: a question of the Nexmark benchmark, and the same asked of
 * SQLite in its plain tables (nexmark_lite.h), rows in the order that the contract fixes.
 *
 * Used by: tests/nexmark.c
 */
#ifndef TESTS_NEXMARK_QUESTION_H
#define TESTS_NEXMARK_QUESTION_H

struct nexmark_question {
    const char *name;    /* of examples/nexmark/<name>.sql, or of the shape */
    const char *script;  /* NULL: the example; else statements in the manner of Flink's files */
    const char *answer;  /* for SQLite */
    const char *changes; /* for SQLite: the changelog that EMIT CHANGES gives; or NULL */
    const char *notice;  /* the script's one line on stderr; or NULL */
};

/* Both end with a NULL name. The second are written as the public Flink files are: a table of a
 * blackhole sink and an INSERT INTO it; nexmark_shape_events is their declaration of the events. */
extern const struct nexmark_question nexmark_questions[];
extern const struct nexmark_question nexmark_shapes[];
extern const char nexmark_shape_events[];

#endif
