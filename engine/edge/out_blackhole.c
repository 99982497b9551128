/* out_blackhole.c: the blackhole connector: takes everything, keeps nothing. */
#include <stdlib.h>

#include "engine/edge/connector.h"

static const struct option_row options[] = {
    {NULL, NULL, NULL},
};

static bool blackhole_write(struct sink *s, const struct batch *b, struct err *e) {
    (void)s;
    (void)b;
    (void)e;
    return true;
}

static bool blackhole_flush(struct sink *s, struct err *e) {
    (void)s;
    (void)e;
    return true;
}

static void blackhole_close(struct sink *s) {
    free(s);
}

static const struct sink_type blackhole_type = {
    .write = blackhole_write,
    .flush = blackhole_flush,
    .finish = blackhole_flush,
    .close = blackhole_close,
};

static struct sink *blackhole_open(const struct sink_options *o, struct err *e) {
    (void)o;
    struct sink *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->type = &blackhole_type;
    return s;
}

static bool blackhole_check(const struct stream_def *def, bool changes, struct err *e) {
    (void)def;
    (void)changes;
    (void)e;
    return true;
}

const struct connector connector_blackhole = {
    .name = "blackhole",
    .doc = "Takes all rows and keeps none: for measuring.",
    .option = options,
    .partitions = true,
    .unordered = true,
    .sink_check = blackhole_check,
    .sink_open = blackhole_open,
};
