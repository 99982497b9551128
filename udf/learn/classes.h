/* classes.h: classes: the labels of a classifier, by number.
 *
 * They are given, or gathered in the order first seen up to a limit; never forgotten or changed, so
 * a number means the same for ever. One thread adds, any number read: a reader that has learnt of a
 * number by a version or an answer may ask for its label.
 *
 * A label is text: of a BIGINT its digits, of a BOOLEAN true or false, of a DOUBLE its shortest
 * decimal, without a point where it is whole.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_model_test.c
 */
#ifndef UDF_LEARN_CLASSES_H
#define UDF_LEARN_CLASSES_H

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/batch.h"
#include "engine/base/err.h"

enum { CLASSES_MAX = 16384, CLASS_BYTES_MAX = 4096 };

struct classes {
    uint32_t limit;
    uint32_t count;
    bool given;         /* in 'classes': no other is taken */
    struct text *label; /* [limit] */
    struct arena *arena;
};

/* `list`: 'a,b,c', blanks around names dropped; at NULL: to be gathered. 22023 for an empty name,
 * one given twice, or more than `limit`. */
bool classes_open(struct classes *c, struct text list, uint32_t limit, struct arena *a,
                  struct err *e) MUST_USE;

enum class_found { CLASS_IS, CLASS_TOO_MANY, CLASS_TOO_LONG, CLASS_NO_MEMORY };

/* The number of a value; may add it. */
enum class_found classes_of(struct classes *c, const struct column *col, uint32_t row,
                            uint32_t *out) MUST_USE;

/* The number of a label, added where it is new. */
enum class_found classes_add(struct classes *c, struct text label, uint32_t *out) MUST_USE;

/* Can a column of this type hold labels? */
bool classes_type(const struct type *t);

#endif
