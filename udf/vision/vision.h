/* vision.h: vision: a model of the provider 'onnx': a network, what it is given, what is made of
 * its outputs.
 *
 * Three ways in: one IMAGE, brought to the network's size (input.h); numbers and vectors that
 * together are the one row of the network's one input (PACKED); or an argument for each input
 * (EACH). Dimension 0 of every input and output is the row, where the network says so.
 *
 * Answers, as bytes of floats: the probabilities of the classes; a header and boxes; the vector; or
 * all outputs one behind another, each as its dimensions and numbers.
 *
 * Lifetime: vision_create .. vision_destroy, through the model_type below.
 *
 * Used by: clients/main.c (the type), udf/vision.    Tested by: tests/unit/udf/vision_test.c
 */
#ifndef UDF_VISION_VISION_H
#define UDF_VISION_VISION_H

#include "engine/base/model.h"
#include "udf/nn/net.h"
#include "udf/vision/decoder.h"

/* What a model is for:  id   'task' */
#define VISION_TASK_LIST(X)                                                                        \
    X(CLASSIFICATION, "classification")                                                            \
    X(DETECTION, "detection")                                                                      \
    X(EMBEDDING, "embedding")                                                                      \
    X(REGRESSION, "regression") /* its outputs as they are */

#define X(ID, name) VISION_##ID,
enum vision_task { VISION_TASK_LIST(X) VISION_TASK_COUNT };
#undef X

enum vision_way { VISION_IMAGE, VISION_PACKED, VISION_EACH };

/* How the outputs of a classifier become probabilities. */
enum vision_activation { ACTIVATION_AUTO, ACTIVATION_SOFTMAX, ACTIVATION_SIGMOID, ACTIVATION_NONE };

struct vision {
    struct model model;
    struct arena arena; /* all below */
    struct net *net;
    uint64_t hash; /* of the file's bytes */
    enum vision_task task;
    enum vision_way way;
    bool rowed;                /* dimension 0 is the row */
    struct vision_input input; /* VISION_IMAGE */
    uint32_t numbers;          /* VISION_PACKED: of a row */
    enum vision_activation activation;
    uint32_t classes;     /* CLASSIFICATION */
    uint32_t numbers_out; /* EMBEDDING: in the vector; 0: not known */
    struct detector detector;
    uint32_t labels;
    const struct text *label; /* [labels] */
    double score_min, overlap_max;
};

/* The boxes of an answer: a count 4, then boxes as they lie in memory. */
struct vision_boxes {
    const char *at; /* not aligned */
    uint32_t count;
};
struct vision_boxes vision_boxes(struct text answer);

/* The name of class i, in `here` where there is no label. */
struct text vision_label(const struct vision *v, uint32_t i, char here[12]);

/* Can the answers give this? */
const struct type *vision_use_type(const struct model *m, const struct model_use *use,
                                   struct arena *a, struct err *e);
bool vision_value(const struct model *m, const struct model_use *use, struct text answer,
                  struct column_builder *out, struct err *e);

/* The types of the outputs where OUTPUT (...) does not say them, and the judging of those that it
 * does. Fills v->model.output. */
bool vision_outputs(struct vision *v, const struct model_definition *d, struct err *e) MUST_USE;
/* The same of the inputs: v->model.input, way, input, numbers. */
bool vision_inputs(struct vision *v, const struct model_definition *d, const struct model_env *env,
                   struct err *e) MUST_USE;

/* How many numbers the first output has for a row, when v->rowed is known; 0: its file leaves it
 * open. */
uint32_t vision_scores(const struct vision *v);
/* Is dimension 0 of this output the row? Not where a network that takes one row at a time says more
 * than one there. */
bool vision_output_rowed(const struct vision *v, const struct net_port *p);

struct model_session *vision_session_open(struct model *m, struct err *e);
void vision_session_close(struct model_session *s);
bool vision_run(struct model_session *s, struct model_run *r, struct err *e);

extern const struct model_type model_onnx;

#endif
