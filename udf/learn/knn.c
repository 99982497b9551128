/* Nearest neighbours: the examples themselves are what is known.
 *
 * Examples have numbers that rise; example i is row i mod CHUNK of chunk i / CHUNK, and the chunk
 * stands in a ring of pointers. A version is a range of numbers: the last `capacity` of those that
 * were there. Examples are only appended, so a version's stay as they are while others are added; a
 * chunk is used again when no kept version reaches into it.
 *
 * For cosine the examples are divided by their length (a vector of zeros stays zeros, at distance 1
 * from all). All examples are looked at; of the k nearest the label with the most votes wins, of
 * equal votes the one whose example is nearest, and its nearest example's distance is told.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/learn/learner.h"

enum { CHUNK = 1024, SLACK_CHUNKS = 4096 };

struct range {
    uint64_t first, end;
};

struct chunk {
    float *x;        /* [CHUNK][inputs] */
    uint32_t *label; /* [CHUNK] */
};

struct knn {
    const struct learn_kernels *kernels;
    uint32_t inputs, slots;
    struct range now;
    struct chunk *ring; /* [slots] */
    uint64_t cleared;   /* chunks with lower numbers are free, or used again */
    struct chunk *free; /* [slots] */
    uint32_t frees;
    const uint32_t *at; /* [CHUNK] where the rows of a chunk begin */
    const float *zeros; /* [CHUNK] */
    void *session;      /* of the trainer */
    struct arena memory;
};

struct near {
    float distance;
    uint32_t label;
};

struct knn_session {
    struct near *near; /* [k + 1] rising */
    float *distance;   /* [CHUNK] */
    float *x;          /* [inputs] */
};

static size_t knn_params_bytes(const struct learn *m) {
    (void)m;
    return sizeof(struct range);
}

static void *knn_session(const struct learn *m, struct arena *a, struct err *e) {
    struct knn_session *s = ARENA_NEW(a, s);
    struct near *near = ARENA_ARRAY(a, near, m->options.k + 1);
    float *distance = ARENA_ARRAY(a, distance, CHUNK);
    float *x = ARENA_ARRAY(a, x, m->input.numbers);
    if (!s || !near || !distance || !x) {
        err_memory(e);
        return NULL;
    }
    *s = (struct knn_session){near, distance, x};
    return s;
}

static bool knn_create(struct learn *m, struct err *e) {
    struct knn *k = ARENA_NEW(&m->arena, k);
    uint32_t slots = m->options.capacity / CHUNK + SLACK_CHUNKS;
    uint32_t *at = ARENA_ARRAY(&m->arena, at, CHUNK);
    float *zeros = ARENA_ARRAY(&m->arena, zeros, CHUNK);
    if (!k || !at || !zeros) return err_memory(e);
    *k = (struct knn){.kernels = learn_kernels_best(), .inputs = m->input.numbers, .slots = slots};
    k->ring = ARENA_ARRAY(&m->arena, k->ring, slots);
    k->free = ARENA_ARRAY(&m->arena, k->free, slots);
    if (!k->ring || !k->free) return err_memory(e);
    for (uint32_t i = 0; i < CHUNK; i++) at[i] = i * k->inputs;
    k->at = at;
    k->zeros = zeros;
    arena_init(&k->memory, 0);
    m->own = k;
    m->loss = (struct loss){.outputs = 2, .classes = true};
    return true;
}

static void knn_destroy(struct learn *m) {
    struct knn *k = m->own;
    if (k) arena_done(&k->memory);
}

static bool knn_train_open(struct learn *m, struct err *e) {
    struct knn *k = m->own;
    k->session = knn_session(m, &m->training_arena, e);
    return k->session != NULL;
}

static float length(const float *x, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return (float)sqrt(sum);
}

/* As examples are kept. */
static void as_kept(const struct learn *m, const char *row, float *x) {
    const struct knn *k = m->own;
    memcpy(x, row, k->inputs * sizeof *x);
    float long_ = m->options.l2_metric ? 1 : length(x, k->inputs);
    for (uint32_t i = 0; i < k->inputs && long_ > 0; i++) x[i] /= long_;
}

static void insert(struct knn_session *s, uint32_t *found, uint32_t most, struct near n) {
    uint32_t at = *found;
    for (; at > 0 && s->near[at - 1].distance > n.distance; at--) s->near[at] = s->near[at - 1];
    s->near[at] = n;
    if (*found < most) (*found)++;
}

/* The distances of s->x to rows [from, to) of a chunk. */
static void measure(const struct learn *m, struct knn_session *s, const struct chunk *c,
                    uint32_t from, uint32_t to) {
    const struct knn *k = m->own;
    uint32_t rows = to - from;
    const float *x = c->x + (size_t)from * k->inputs;
    if (m->options.l2_metric) {
        struct windows w = {.x = x, .count = rows, .runs = 1, .run = k->inputs};
        k->kernels->distances(&w, s->x, s->distance);
        return;
    }
    struct windows w = {.x = s->x, .at = k->at, .count = 1, .runs = 1, .run = k->inputs};
    k->kernels->dots(&w, x, k->zeros, rows, s->distance);
    for (uint32_t i = 0; i < rows; i++) s->distance[i] = 1 - s->distance[i];
}

/* The nearest of a range, into s->near; returns how many. */
static uint32_t search(const struct learn *m, struct knn_session *s, struct range r) {
    const struct knn *k = m->own;
    uint32_t found = 0, most = m->options.k;
    for (uint64_t at = r.first, next; at < r.end; at = next) {
        next = (at / CHUNK + 1) * CHUNK;
        if (next > r.end) next = r.end;
        const struct chunk *c = &k->ring[at / CHUNK % k->slots];
        uint32_t from = (uint32_t)(at % CHUNK), rows = (uint32_t)(next - at);
        measure(m, s, c, from, from + rows);
        for (uint32_t i = 0; i < rows; i++) {
            struct near n = {s->distance[i], c->label[from + i]};
            if (found < most || n.distance < s->near[most - 1].distance) insert(s, &found, most, n);
        }
    }
    return found;
}

/* The label that wins, by its nearest example. */
static struct near vote(const struct knn_session *s, uint32_t found) {
    struct near winner = s->near[0];
    uint32_t most = 0;
    for (uint32_t i = 0; i < found; i++) {
        uint32_t votes = 0, first = i;
        for (uint32_t j = 0; j < found; j++) {
            if (s->near[j].label != s->near[i].label) continue;
            votes++;
            if (j < first) first = j;
        }
        if (first < i || votes <= most) continue;
        most = votes;
        winner = s->near[i];
    }
    return winner;
}

/* The first example that a version may ask for. */
static uint64_t oldest_kept(const struct learn *m) {
    const struct knn *k = m->own;
    struct range oldest;
    memcpy(&oldest, versions_oldest(m->versions)->params, sizeof oldest);
    return oldest.first < k->now.first ? oldest.first : k->now.first;
}

/* A place for example k->now.end. */
static bool make_room(struct learn *m, struct err *e) {
    struct knn *k = m->own;
    uint64_t chunk = k->now.end / CHUNK;
    if (k->now.end % CHUNK > 0) return true;
    uint64_t wanted = oldest_kept(m) / CHUNK;
    for (; k->cleared < wanted; k->cleared++) {
        k->free[k->frees++] = k->ring[k->cleared % k->slots];
    }
    if (chunk - k->cleared >= k->slots) {
        return err_set(e, ERR_LIMIT, "54000",
                       "the versions of a model that are still asked for "
                       "hold too many examples");
    }
    struct chunk *c = &k->ring[chunk % k->slots];
    if (k->frees > 0) {
        *c = k->free[--k->frees];
        return true;
    }
    struct chunk made = {.x = arena_alloc(&k->memory, (size_t)CHUNK * k->inputs * sizeof(float)),
                         .label = arena_alloc(&k->memory, CHUNK * sizeof(uint32_t))};
    if (!made.x || !made.label) return err_memory(e);
    *c = made;
    return true;
}

static bool append(struct learn *m, const float *x, uint32_t label, struct err *e) {
    struct knn *k = m->own;
    if (!make_room(m, e)) return false;
    struct chunk *c = &k->ring[k->now.end / CHUNK % k->slots];
    uint32_t row = (uint32_t)(k->now.end % CHUNK);
    memcpy(c->x + (size_t)row * k->inputs, x, k->inputs * sizeof *x);
    c->label[row] = label;
    k->now.end++;
    if (k->now.end - k->now.first > m->options.capacity) k->now.first++;
    return true;
}

/* A row is scored by what was there before it: wrong is a loss of 1. */
static bool knn_step(struct learn *m, const struct learn_batch *b, struct loss_score *score,
                     struct err *e) {
    struct knn *k = m->own;
    struct knn_session *s = k->session;
    for (uint32_t row = 0; row < b->rows; row++) {
        uint32_t label = (uint32_t)b->target[row];
        as_kept(m, b->row + row * m->input.row_bytes, s->x);
        uint32_t found = search(m, s, k->now);
        bool right = found > 0 && vote(s, found).label == label;
        score->rows++;
        score->correct += right;
        score->loss += !right;
        if (!append(m, s->x, label, e)) return false;
    }
    return true;
}

static void knn_copy(const struct learn *m, void *params) {
    const struct knn *k = m->own;
    memcpy(params, &k->now, sizeof k->now);
}

/* y: label and distance; no label is -1. */
static bool knn_predict(const struct learn *m, void *session, const struct learn_ask *ask,
                        struct err *e) {
    (void)e;
    struct knn_session *s = session;
    struct range r;
    memcpy(&r, ask->version->params, sizeof r);
    for (uint32_t row = 0; row < ask->rows; row++) {
        double *y = ask->y + 2 * (size_t)row;
        as_kept(m, ask->row + row * m->input.row_bytes, s->x);
        uint32_t found = search(m, s, r);
        struct near n = found > 0 ? vote(s, found) : (struct near){0};
        y[0] = found > 0 ? (double)n.label : -1;
        y[1] = m->options.l2_metric ? sqrt((double)n.distance) : (double)n.distance;
    }
    return true;
}

static void knn_describe(const struct learn *m, struct arena *a, struct model_fact *fact,
                         uint32_t *facts) {
    struct range r;
    memcpy(&r, versions_newest(m->versions)->params, sizeof r);
    learn_fact(a, fact, facts, "examples", "%llu", (unsigned long long)(r.end - r.first));
}

/* The range; the first example that follows, and all from there on. */
static void knn_save(const struct learn *m, struct buf *out) {
    const struct knn *k = m->own;
    uint64_t low = oldest_kept(m);
    buf_add(out, &k->now, sizeof k->now);
    buf_add(out, &low, sizeof low);
    for (uint64_t i = low; i < k->now.end; i++) {
        const struct chunk *c = &k->ring[i / CHUNK % k->slots];
        uint32_t row = (uint32_t)(i % CHUNK);
        buf_add(out, &c->label[row], sizeof *c->label);
        buf_add(out, c->x + (size_t)row * k->inputs, k->inputs * sizeof *c->x);
    }
}

static bool knn_load(struct learn *m, struct text *from, struct err *e) {
    struct knn *k = m->own;
    struct range r;
    uint64_t low;
    uint32_t label;
    if (!load_bytes(from, &r, sizeof r) || r.first > r.end ||
        r.end - r.first > m->options.capacity) {
        return false;
    }
    if (!load_bytes(from, &low, sizeof low) || low > r.first) return false;
    size_t bytes = k->inputs * sizeof(float);
    float *x = arena_alloc(&k->memory, bytes);
    if (!x) return err_memory(e);
    /* Numbers go on, so that the first chunk may begin in its middle. */
    k->now = (struct range){low / CHUNK * CHUNK, low / CHUNK * CHUNK};
    k->cleared = low / CHUNK;
    memset(x, 0, bytes);
    while (k->now.end < low) {
        if (!append(m, x, 0, e)) return false;
    }
    for (uint64_t i = low; i < r.end; i++) {
        if (!load_bytes(from, &label, sizeof label) || !load_bytes(from, x, bytes)) return false;
        if (label >= m->classes.count) return false;
        if (!append(m, x, label, e)) return false;
    }
    k->now = r;
    return true;
}

static bool knn_params_fit(const struct learn *m, const void *params) {
    const struct knn *k = m->own;
    struct range r;
    memcpy(&r, params, sizeof r);
    return r.first >= k->cleared * CHUNK && r.first <= r.end && r.end <= k->now.end;
}

const struct learner learner_knn = {
    .kind = LEARN_KNN,
    .params_bytes = knn_params_bytes,
    .create = knn_create,
    .destroy = knn_destroy,
    .train_open = knn_train_open,
    .step = knn_step,
    .copy = knn_copy,
    .session = knn_session,
    .predict = knn_predict,
    .describe = knn_describe,
    .save = knn_save,
    .params_fit = knn_params_fit,
    .load = knn_load,
};
