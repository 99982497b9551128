/* case_run.h: runs the program on one case in a fresh folder and keeps what came out.
 *
 * The case's files, and its script as q.sql, lie in the folder in which the program starts, so that
 * no path shows in what it prints. A run that does not end is ended by an alarm.
 *
 * Lifetime: results live until case_result_done().
 *
 * Used by: tests/run_cases.c
 */
#ifndef TESTS_CASE_RUN_H
#define TESTS_CASE_RUN_H

#include "engine/base/buf.h"
#include "tests/case_file.h"

enum { CASE_MADE_MAX = 8 };

struct case_env {
    const char *program; /* absolute path of weir */
    const char *data;    /* folder of test data, or NULL */
    const char *scratch; /* a folder of this process's own */
    uint32_t timeout_s;
};

/* How the input is cut and shared out; 0: as the program likes. */
struct case_variant {
    uint32_t batch_rows;
    uint32_t threads;
};

struct case_result {
    struct buf out, err;
    struct buf made[CASE_MADE_MAX]; /* of each "made" section */
    int status;                     /* exit status, or -1 */
    int signal;                     /* that ended it, or 0 */
};

void case_run(const struct case_env *env, const struct case_spec *c, const struct case_variant *v,
              struct case_result *out);
void case_result_done(struct case_result *r);

/* Removes a folder and all in it. */
void case_remove_folder(const char *path);

/* Writes the case's files and script into `folder`, which exists. */
void case_write_files(const struct case_spec *c, const char *folder);

/* Makes the folder "work" of the scratch folder with all that the case gives, and its input as
 * "in" beside it. */
void case_prepare(const struct case_env *env, const struct case_spec *c);

/* The program's name and arguments, NULL-terminated; returns how many. `arg` has room for 64. */
uint32_t case_arguments(const struct case_env *env, const struct case_spec *c,
                        const struct case_variant *v, struct arena *a, char **arg);

/* The words of an "args" or "command" line, quotes '...' taken; returns how many, <= max. */
uint32_t case_words(struct arena *a, struct text line, char **word, uint32_t max);

#endif
