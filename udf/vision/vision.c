/* vision.c: making models of the provider 'onnx', and telling what they are. */
#include "udf/vision/vision.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/hash.h"

enum { FILE_BYTES_MAX = 1 << 30, LABELS_BYTES_MAX = 16 << 20, FACTS_MAX = 16 };

static const struct option_row options[] = {
    {"path", "a path", "The ONNX file."},
    {"task", "'classification' | 'detection' | 'embedding' | 'regression'",
     "What its outputs are: scores of classes, boxes, a vector, or numbers as they are. Else "
     "detection with a decoder, classification with labels (or where the file names its "
     "classes), and otherwise regression."},
    {"labels", "a path",
     "A file with the name of each class, one a line; else those that the ONNX file names."},
    {"decoder", "'yolox' | 'yolov5' | 'yolov8' | 'tiny-yolov2' | 'ssd' | 'ultraface' | 'yunet'",
     "How a detector's outputs become boxes."},
    {"activation", "'softmax' | 'sigmoid' | 'none'",
     "What makes a classifier's outputs probabilities; softmax where they are none yet."},
    {"min-score", "number", "Boxes below it are none; as the decoder is used to."},
    {"max-overlap", "number",
     "Of boxes of one label that overlap by more, the best stays; as the decoder is used to."},
    {"input-size", "WIDTHxHEIGHT",
     "The size that the network works on, where its file leaves it open."},
    {"color", "'rgb' | 'bgr' | 'gray'", "The order of channels; rgb, or gray where there is one."},
    {"mean", "numbers", "Taken from each pixel: one number, or one a channel ('104,117,123'); 0."},
    {"std", "numbers", "What each is divided by then: one number, or one a channel; 1."},
    {"scale", "number or 1/number", "What each pixel, 0 to 255, is multiplied by first; 1."},
    {"layout", "'nchw' | 'nhwc'", "The order of the input's dimensions; else told by its shape."},
    {"resize", "'stretch' | 'letterbox' | 'crop'",
     "How an image comes to the size: by its own factor a side; whole, the rest filled with "
     "'pad'; or its middle."},
    {"letterbox", "'corner' | 'center'", "Where a letterboxed image lies; as the decoder wants."},
    {"pad", "number", "The pixel value around a letterboxed image; 114."},
    {"short-side", "integer",
     "With 'resize' = 'crop': the shorter side before the middle is cut out; the size itself."},
    {"filter", "'nearest' | 'bilinear' | 'area'", "How pixels are resampled; bilinear."},
    {NULL, NULL, NULL},
};

struct text vision_label(const struct vision *v, uint32_t i, char here[12]) {
    if (i < v->labels) return v->label[i];
    int bytes = snprintf(here, 12, "%u", i);
    return (struct text){here, (uint32_t)bytes};
}

static char *path_copy(struct arena *a, struct text path) {
    return memchr(path.at, 0, path.bytes) ? NULL : arena_copy(a, path.at, path.bytes);
}

/* A file named by an option, whole, in the model's arena. */
static bool file_load(struct vision *v, const struct option *o, const struct model_env *env,
                      struct text *out, struct err *e) {
    char *path = path_copy(&v->arena, o->value);
    if (!path) return option_error(o, e, "'%.*s' is no path", TEXT_ARG(o->key));
    bool labels = text_equal(o->key, TEXT_LITERAL("labels"));
    if (file_read_all(env->fs, path, labels ? LABELS_BYTES_MAX : FILE_BYTES_MAX, &v->arena, out,
                      e)) {
        return true;
    }
    if (e->code != ERR_IO) return false;
    e->offset = o->at;
    return path[0] == '/' ? false : err_hint(e, "A relative path begins where weir was started.");
}

/* Lines; an empty one at the end is none. The text stays. */
static bool labels_split(struct vision *v, struct text file, struct err *e) {
    uint32_t lines = 1;
    for (uint32_t i = 0; i < file.bytes; i++) lines += file.at[i] == '\n';
    struct text *label = ARENA_ARRAY(&v->arena, label, lines);
    if (!label) return err_memory(e);
    v->labels = 0;
    for (struct text rest = file; rest.bytes > 0;) {
        const char *feed = memchr(rest.at, '\n', rest.bytes);
        struct text line = {rest.at, feed ? (uint32_t)(feed - rest.at) : rest.bytes};
        uint32_t taken = line.bytes + (feed != NULL);
        if (line.bytes > 0 && line.at[line.bytes - 1] == '\r') line.bytes--;
        label[v->labels++] = line;
        rest = (struct text){rest.at + taken, rest.bytes - taken};
    }
    v->label = label;
    return true;
}

/* From the file of labels, from the network's own file, or the decoder's only one. */
static bool labels_load(struct vision *v, const struct model_definition *d,
                        const struct model_env *env, struct err *e) {
    const struct option *o = option_find(&d->options, "labels");
    struct text file;
    if (o) {
        if (!file_load(v, o, env, &file, e)) return false;
        if (utf8_valid_prefix(file.at, file.bytes) != file.bytes) {
            return option_error(o, e, "the file of labels is not UTF-8");
        }
        return labels_split(v, file, e);
    }
    const struct decoder *decoder = v->detector.decoder;
    file = decoder && decoder->label ? text_of(decoder->label) : net_classes(v->net);
    return labels_split(v, file, e);
}

static bool net_read(struct vision *v, const struct model_definition *d,
                     const struct model_env *env, struct err *e) {
    const struct option *o = option_find(&d->options, "path");
    if (!o) return err_set(e, ERR_SQL, "22023", "provider 'onnx' needs the option 'path'");
    struct text file;
    struct arena_mark mark = arena_mark(&v->arena);
    if (!file_load(v, o, env, &file, e)) return false;
    v->hash = hash_bytes(file.at, file.bytes);
    v->net = net_load(file, e);
    arena_rewind(&v->arena, mark);
    if (!v->net && e->code == ERR_SQL) e->offset = o->at;
    return v->net != NULL;
}

static bool task_find(struct vision *v, const struct options *o, struct err *e) {
    static const char *const names[] = {
#define X(ID, name) name,
        VISION_TASK_LIST(X)
#undef X
    };
    const struct option *decoder = option_find(o, "decoder"), *task = option_find(o, "task");
    if (decoder) {
        v->detector.decoder = decoder_find(decoder->value);
        if (!v->detector.decoder) {
            return option_error(decoder, e, "there is no decoder '%.*s'", TEXT_ARG(decoder->value));
        }
    }
    v->task = decoder                    ? VISION_DETECTION
              : option_find(o, "labels") ? VISION_CLASSIFICATION
                                         : VISION_REGRESSION;
    for (uint32_t t = 0; task && t < VISION_TASK_COUNT; t++) {
        if (text_equal_fold(task->value, text_of(names[t]))) v->task = (enum vision_task)t;
    }
    if (v->task == VISION_DETECTION && !decoder) {
        err_set(e, ERR_SQL, "22023", "a detector needs the option 'decoder'");
        return err_hint(e, "It says how the outputs become boxes: 'yolox', 'yolov8', 'ssd', ...");
    }
    return !decoder || v->task == VISION_DETECTION ||
           option_error(decoder, e, "a decoder is for 'task' = 'detection'");
}

static bool share_read(const struct options *o, const char *key, double *value, struct err *e) {
    if (!option_f64(o, key, value, e)) return false;
    return (*value >= 0 && *value <= 1) ||
           option_error(option_find(o, key), e, "it is from 0 to 1");
}

static bool limits_read(struct vision *v, const struct options *o, struct err *e) {
    static const char *const words[] = {"auto", "softmax", "sigmoid", "none"};
    const struct option *activation = option_find(o, "activation");
    for (uint32_t i = 0; activation && i < COUNT_OF(words); i++) {
        if (text_equal_fold(activation->value, text_of(words[i]))) {
            v->activation = (enum vision_activation)i;
        }
    }
    const struct decoder *decoder = v->detector.decoder;
    v->score_min = decoder ? (double)decoder->score_min : 0;
    v->overlap_max = decoder ? (double)decoder->overlap_max : 0;
    for (uint32_t i = 0; i < 2 && v->task != VISION_DETECTION; i++) {
        const struct option *x = option_find(o, i == 0 ? "min-score" : "max-overlap");
        if (x) return option_error(x, e, "it is for detectors");
    }
    if (activation && v->task != VISION_CLASSIFICATION) {
        return option_error(activation, e, "it is for classifiers");
    }
    return share_read(o, "min-score", &v->score_min, e) &&
           share_read(o, "max-overlap", &v->overlap_max, e);
}

static bool detector_bind(struct vision *v, struct err *e) {
    struct detector *d = &v->detector;
    if (v->task != VISION_DETECTION) return true;
    if (v->way != VISION_IMAGE) {
        return err_set(e, ERR_SQL, "42804", "a detector wants one IMAGE as its input");
    }
    struct net_port port[DECODER_OUTPUTS_MAX];
    d->width = v->input.width;
    d->height = v->input.height;
    d->outputs = net_outputs(v->net);
    if (d->outputs > DECODER_OUTPUTS_MAX) return decoder_mismatch(d, "fewer outputs", e);
    for (uint32_t i = 0; i < d->outputs; i++) port[i] = *net_output(v->net, i);
    return d->decoder->bind(d, port, d->outputs, e);
}

static bool labels_fit(const struct vision *v, const struct options *o, struct err *e) {
    uint32_t classes = v->task == VISION_DETECTION ? v->detector.classes : v->classes;
    const struct option *given = option_find(o, "labels");
    if (!given || v->labels == classes) return true;
    if (classes == 0) return option_error(given, e, "it is for classifiers and detectors");
    return option_error(given, e, "the file has %u labels, the network %u classes", v->labels,
                        classes);
}

/* Small networks gain by larger batches than large ones, which fill the caches by themselves. */
static uint32_t batch_rows(const struct vision *v) {
    struct net_facts f;
    net_facts(v->net, &f);
    if (!v->rowed || !net_batches(v->net)) return 1;
    return f.flops < 10000000 ? 64 : f.flops < 200000000 ? 16 : 8;
}

/* Is dimension 0 of every input the rows? */
static bool is_rowed(const struct net *n) {
    bool rowed = true;
    for (uint32_t i = 0; i < net_inputs(n); i++) {
        const struct net_shape *s = &net_input(n, i)->shape;
        rowed = rowed && s->rank > 0 && (s->dim[0] == 1 || s->dim[0] == NET_DIM_FREE);
    }
    return rowed;
}

static bool vision_init(struct vision *v, const struct model_definition *d,
                        const struct model_env *env, struct err *e) {
    if (!task_find(v, &d->options, e) || !net_read(v, d, env, e) || !labels_load(v, d, env, e)) {
        return false;
    }
    v->rowed = is_rowed(v->net);
    /* One number with two names is the probability of the second: EXPORT of a logistic model. */
    bool named = v->labels > 0 && v->task == VISION_REGRESSION && vision_scores(v) != 1;
    if (named && !option_find(&d->options, "task")) v->task = VISION_CLASSIFICATION;
    if (!limits_read(v, &d->options, e)) return false;
    if (!vision_inputs(v, d, env, e) || !detector_bind(v, e) || !vision_outputs(v, d, e)) {
        return false;
    }
    v->model.batch_rows = batch_rows(v);
    return labels_fit(v, &d->options, e);
}

static void vision_destroy(struct model *m) {
    struct vision *v = (struct vision *)m;
    if (!v) return;
    net_destroy(v->net);
    struct arena all = v->arena; /* the model lies in it */
    arena_done(&all);
}

static struct model *vision_create(const struct model_definition *d, const struct model_env *env,
                                   struct err *e) {
    struct arena all;
    arena_init(&all, 0);
    struct vision *v = ARENA_NEW(&all, v);
    if (!v) {
        err_memory(e);
        return NULL;
    }
    v->arena = all;
    v->model.type = &model_onnx;
    if (vision_init(v, d, env, e)) return &v->model;
    vision_destroy(&v->model);
    return NULL;
}

/* The facts of a model, as they are put together. */
struct facts {
    struct arena *arena;
    struct model_fact *fact; /* [FACTS_MAX] */
    uint32_t count;
    bool failed;
};

static void fact_add(struct facts *f, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);

static void fact_add(struct facts *f, const char *name, const char *format, ...) {
    char text[160];
    va_list args;
    assert(f->count < FACTS_MAX);
    va_start(args, format);
    int bytes = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t kept = bytes < 0 ? 0 : (size_t)bytes < sizeof text ? (size_t)bytes : sizeof text - 1;
    char *value = arena_copy(f->arena, text, kept);
    if (!value) f->failed = true;
    f->fact[f->count++] = (struct model_fact){name, value};
}

static void input_facts(const struct vision *v, struct facts *f) {
    static const char *const ways[] = {"stretch", "letterbox", "letterbox, centred", "crop"};
    static const char *const colors[] = {"rgb", "bgr", "gray"};
    if (v->way != VISION_IMAGE) return;
    const struct vision_input *i = &v->input;
    fact_add(f, "input size", "%ux%u, %s, %s", i->width, i->height, colors[i->color],
             i->nhwc ? "nhwc" : "nchw");
    fact_add(f, "resize", "%s", ways[i->resize]);
}

static bool vision_describe(const struct model *m, struct arena *a, struct model_fact **fact_out,
                            uint32_t *facts_out, struct err *e) {
    static const char *const names[] = {
#define X(ID, name) name,
        VISION_TASK_LIST(X)
#undef X
    };
    const struct vision *v = (const struct vision *)m;
    struct facts f = {.arena = a, .fact = ARENA_ARRAY(a, f.fact, FACTS_MAX)};
    if (!f.fact) return err_memory(e);
    struct net_facts net;
    net_facts(v->net, &net);
    fact_add(&f, "task", "%s", names[v->task]);
    if (v->detector.decoder) fact_add(&f, "decoder", "%s", v->detector.decoder->name);
    uint32_t classes = v->detector.decoder ? v->detector.classes : v->classes;
    if (classes > 0) fact_add(&f, "classes", "%u", classes);
    input_facts(v, &f);
    fact_add(&f, "layers", "%u", net.layers);
    fact_add(&f, "parameters", "%llu", (unsigned long long)net.parameters);
    if (net.flops > 0) fact_add(&f, "FLOPs a row", "%llu", (unsigned long long)net.flops);
    fact_add(&f, "runs", "%s", m->batch_rows > 1 ? "in batches" : "row by row");
    fact_add(&f, "hash", "%016llx", (unsigned long long)v->hash);
    if (f.failed) return err_memory(e);
    *fact_out = f.fact;
    *facts_out = f.count;
    return true;
}

const struct model_type model_onnx = {
    .provider = "onnx",
    .doc = "A network in an ONNX file: classifiers, detectors, embeddings, and numbers to numbers.",
    .option = options,
    .create = vision_create,
    .destroy = vision_destroy,
    .describe = vision_describe,
    .use_type = vision_use_type,
    .session_open = vision_session_open,
    .session_close = vision_session_close,
    .run = vision_run,
    .value = vision_value,
};
