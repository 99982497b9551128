/* nexmark_run.h: runs the program on a script over the events of the Nexmark generator.
 *
 * A script is the declaration of the events, a second INSERT that writes every event it is given
 * out as JSON lines, and a question. All of it runs in a fresh folder, which stays until the next
 * run, so that the files that were made can be read.
 *
 * Lifetime: results live until nexmark_result_done().
 *
 * Used by: tests/nexmark.c and its parts.
 */
#ifndef TESTS_NEXMARK_RUN_H
#define TESTS_NEXMARK_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"

enum { NEXMARK_PATH_BYTES = 1024 };

struct nexmark_env {
    char *program; /* absolute path of weir; malloc'ed */
    char *root;    /* of the source tree; likewise */
    char scratch[NEXMARK_PATH_BYTES / 4];
    bool sanitized; /* its memory says nothing */
};

/* What events there are, and how their way is cut and shared out. */
struct nexmark_setting {
    const char *name;
    uint32_t events;
    const char *options;       /* of the generator: "'key' = 'value', ..."; NULL: none */
    const char *const *define; /* more of --define, "NAME=VALUE", ends with NULL; or NULL */
    uint32_t batch_rows;       /* 0: as the program likes */
    uint32_t threads;
};

struct nexmark_result {
    struct buf out, err;
    int status;       /* exit status, or -1 */
    int signal;       /* that ended it, or 0 */
    uint64_t peak_kb; /* the most memory that it had at once, resident (VmHWM) */
};

/* The name under which scripts write the events, and that for answers. */
#define NEXMARK_EVENTS "events.ndjson"
#define NEXMARK_ANSWER "answer.ndjson"

void nexmark_env_init(struct nexmark_env *env, const char *program, const char *root);
void nexmark_env_done(struct nexmark_env *env);

/* Adds examples/nexmark/<name>.sql. */
void nexmark_add_example(const struct nexmark_env *env, const char *name, struct buf *script);
/* Replaces every `find` in `script`; says whether there was one. */
bool nexmark_replace(struct buf *script, const char *find, const char *put);

/* Makes the folder anew, and a file in it. */
void nexmark_begin(const struct nexmark_env *env);
void nexmark_write(const struct nexmark_env *env, const char *name, const struct buf *from);
/* Runs a command there; its peak is that of the largest of the processes that it waited for. */
void nexmark_command(const struct nexmark_env *env, char *const *arg, struct nexmark_result *out);

/* The program on a script, in a new folder. */
void nexmark_run(const struct nexmark_env *env, const struct nexmark_setting *s,
                 const struct buf *script, struct nexmark_result *out);
void nexmark_result_done(struct nexmark_result *r);

/* Adds a file of the folder of the last run; false: there is none. */
bool nexmark_read(const struct nexmark_env *env, const char *name, struct buf *out);
/* The path of a file there. */
void nexmark_path(const struct nexmark_env *env, const char *name, char out[NEXMARK_PATH_BYTES]);

#endif
