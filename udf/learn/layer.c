/* Reads 'layers', shapes them, lays out their parameters.
 *
 * Where a pooling does not look at the last rows or columns of what a convolution gives (26 wide,
 * pooled by 4), they are not computed: `computed` is what is, and the pooling's input.
 */
#include "udf/learn/layer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/number.h"
#include "udf/learn/layer_types.h"

const struct layer_type *const layer_table[] = {
    &layer_conv,    &layer_maxpool,   &layer_avgpool, &layer_dense,
    &layer_dropout, &layer_batchnorm, &layer_flatten, &layer_relu,
    &layer_tanh,    &layer_sigmoid,   &layer_softmax, NULL,
};

enum { LAYERS_MAX = 256 };

static bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct text words_next(struct text *rest) {
    uint32_t from = 0, to;
    while (from < rest->bytes && blank(rest->at[from])) from++;
    for (to = from; to < rest->bytes && !blank(rest->at[to]);) to++;
    struct text word = {.at = rest->at + from, .bytes = to - from};
    *rest = (struct text){.at = rest->at + to, .bytes = rest->bytes - to};
    return word;
}

bool words_count(struct text word, uint32_t max, uint32_t *out) {
    int64_t v;
    if (word.bytes == 0 || word.at[0] == '+') return false;
    if (i64_parse(word, &v) != PARSE_OK || v < 1 || v > max) return false;
    *out = (uint32_t)v;
    return true;
}

bool words_sides(struct text word, uint32_t *h_out, uint32_t *w_out) {
    const char *x = word.bytes > 0 ? memchr(word.at, 'x', word.bytes) : NULL;
    if (!x) {
        if (!words_count(word, LAYER_POOL_MAX, h_out)) return false;
        *w_out = *h_out;
        return true;
    }
    uint32_t first = (uint32_t)(x - word.at);
    struct text h = {word.at, first}, w = {x + 1, word.bytes - first - 1};
    return words_count(h, LAYER_POOL_MAX, h_out) && words_count(w, LAYER_POOL_MAX, w_out);
}

void shape_print(struct buf *out, struct shape s) {
    if (s.flat) {
        buf_addf(out, "%u", s.c);
    } else {
        buf_addf(out, "%ux%ux%u", s.c, s.h, s.w);
    }
}

bool layer_error(const struct layer *l, struct err *e) {
    char why[sizeof e->message];
    memcpy(why, e->message, sizeof why);
    snprintf(e->message, sizeof e->message, "layer %u, '%.*s': %.150s", l->place,
             (int)(l->written.bytes < 60 ? l->written.bytes : 60), l->written.at, why);
    return false;
}

static const struct layer_type *type_of(struct text word) {
    for (const struct layer_type *const *t = layer_table; *t; t++) {
        if (text_equal_fold(word, text_of((*t)->word))) return *t;
    }
    return NULL;
}

static bool unknown(const struct layer *l, struct text word, struct err *e) {
    err_set(e, ERR_SQL, "22023", "there is no layer '%.*s'",
            (int)(word.bytes < 40 ? word.bytes : 40), word.at);
    err_hint(e, "The layers are conv, maxpool, avgpool, dense, dropout, batchnorm, flatten, relu, "
                "tanh, sigmoid, softmax.");
    return layer_error(l, e);
}

static bool parse_layer(struct layer *l, struct err *e) {
    struct text rest = l->written, word = words_next(&rest);
    if (word.bytes == 0) {
        return err_set(e, ERR_SQL, "22023", "'layers': layer %u is empty", l->place);
    }
    l->type = type_of(word);
    if (!l->type) return unknown(l, word, e);
    if (!l->type->parse(rest, &l->words, e)) return layer_error(l, e);
    return true;
}

static struct text trimmed(struct text t) {
    while (t.bytes > 0 && blank(t.at[0])) t = (struct text){t.at + 1, t.bytes - 1};
    while (t.bytes > 0 && blank(t.at[t.bytes - 1])) t.bytes--;
    return t;
}

bool layers_parse(struct text written, struct arena *a, struct layer **out, uint32_t *count_out,
                  struct err *e) {
    uint32_t count = 1, k = 0;
    for (uint32_t i = 0; i < written.bytes; i++) count += written.at[i] == ',';
    if (count > LAYERS_MAX) {
        return err_set(e, ERR_LIMIT, "54000", "'layers' has %u layers, at most %d are possible",
                       count, LAYERS_MAX);
    }
    struct layer *l = ARENA_ARRAY(a, l, count);
    char *own = arena_copy(a, written.at, written.bytes);
    if (!l || !own) return err_memory(e);
    for (uint32_t from = 0, to; k < count; k++, from = to + 1) {
        for (to = from; to < written.bytes && own[to] != ',';) to++;
        l[k].place = k + 1;
        l[k].written = trimmed((struct text){own + from, to - from});
        if (!parse_layer(&l[k], e)) return false;
    }
    *out = l;
    *count_out = count;
    return true;
}

static bool shape_one(struct layer *l, struct arena *a, struct err *e) {
    l->out = l->in;
    if (!l->type->shape(l, a, e)) return layer_error(l, e);
    l->computed = l->out;
    uint64_t size = (uint64_t)l->out.h * l->out.w * l->out.c;
    if (size <= LAYER_NUMBERS_MAX) return true;
    err_set(e, ERR_LIMIT, "54000", "gives %llu numbers a row, at most %d are possible",
            (unsigned long long)size, LAYER_NUMBERS_MAX);
    return layer_error(l, e);
}

bool layers_shape(struct layer *l, uint32_t count, struct shape in, struct arena *a,
                  struct err *e) {
    uint64_t parameters = 0;
    for (uint32_t i = 0; i < count; i++) {
        l[i].in = i > 0 ? l[i - 1].out : in;
        if (!shape_one(&l[i], a, e)) return false;
        l[i].param_at = parameters;
        parameters += l[i].weights + l[i].biases + l[i].state;
        if (parameters <= LAYER_PARAMETERS_MAX) continue;
        err_set(e, ERR_LIMIT, "54000", "the network has more than %d parameters",
                LAYER_PARAMETERS_MAX);
        return layer_error(&l[i], e);
    }
    return true;
}
