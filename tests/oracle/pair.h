/* pair.h: a query and its data, run on both sides and compared; shrunk and printed when they
 * differ.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_PAIR_H
#define TESTS_ORACLE_PAIR_H

#include "engine/base/attr.h"
#include "tests/oracle/draw.h"
#include "tests/oracle/lite.h"
#include "tests/oracle/query.h"
#include "tests/oracle/side.h"
#include "tests/oracle/table.h"

enum { WHY_BYTES = 400, NOTE_BYTES = 65536 };

struct pair {
    struct oquery *query;
    struct otable *table;
    const char *broken;   /* text put before the first item, to make the query wrong; or NULL */
    const char *sqlstate; /* that weir must give for it */
    bool lite_fails;      /* SQLite must refuse it too */
    uint32_t batch_rows, threads;
    /* out */
    bool errors; /* the query failed, or rows did */
    uint32_t rows;
    char why[WHY_BYTES];
};

struct oracle {
    struct side *side;
    struct lite *lite;
    struct arena arena; /* of a run; rewound after it */
    const char *loaded; /* SQL text of weir's CREATE STREAM now in force, or NULL */
    bool no_weir;       /* look at SQLite's side only */
    char *note;         /* [NOTE_BYTES] what runs now, for whoever finds that it crashed */
};

/* Gives both sides the pair's table. false: one of them refused it. */
bool pair_load(struct oracle *o, const struct otable *t) MUST_USE;

/* Runs it on both sides. true: they agree; else why. */
bool pair_run(struct oracle *o, struct pair *p) MUST_USE;

/* Drops columns, rows, clauses and operators while the sides still differ. */
void pair_shrink(struct oracle *o, struct pair *p, struct arena *a);

/* A script for weir with its data, one for SQLite, both answers. */
void pair_print(struct oracle *o, struct pair *p);

#endif
