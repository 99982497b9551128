/* script.h: runs the script of a case in this process, step by step, cut at random places or not.
 *
 * At a cut the session is saved, goes on for a few steps more, is dropped without a word, and a new
 * one is made from the statements so far and what was saved. Rows that were shown after the save
 * are taken back, as they would be seen twice; files are left as they are.
 *
 * Used by: tests/cut.
 */
#ifndef TESTS_CUT_SCRIPT_H
#define TESTS_CUT_SCRIPT_H

#include "engine/base/buf.h"
#include "tests/case_file.h"
#include "tests/unit/base/random.h"

struct cut_options {
    const struct case_spec *spec;
    const char *folder; /* empty: files are made in it */
    uint32_t batch_rows, threads;
    uint32_t cuts; /* at most; 0: it is not cut */
    struct random random;
    uint32_t apart; /* steps between two cuts, at most */
    bool damages;   /* before it comes back, it is tried with one byte changed */
};

struct cut_result {
    struct buf shown; /* rows, errors, figures */
    struct buf files; /* that were made: names and bytes; stdout, too */
    uint32_t cuts;    /* that were made */
    uint32_t steps;
    bool left_out;     /* it cannot be run so */
    char failure[400]; /* of saving or loading; empty: none */
};

void cut_script_run(const struct cut_options *o, struct cut_result *out);
void cut_result_done(struct cut_result *r);

#endif
