/* box.h: boxes: what detectors find, and how many of them are kept.
 *
 * Coordinates are pixels of the original image, x and y the left upper corner, as floats; a box may
 * reach over the border of the image where the network says so, and is cut to it.
 *
 * Used by: udf/vision.    Tested by: tests/unit/udf/vision_box_test.c
 */
#ifndef UDF_VISION_BOX_H
#define UDF_VISION_BOX_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"

enum { BOXES_MAX = 10000 }; /* kept of one image before overlaps are judged, the best of them */

struct box {
    float x, y, w, h;
    float score; /* 0..1 */
    uint32_t label;
};

/* Boxes as a decoder finds them; those below `score_min` are not taken. */
struct box_list {
    struct arena *arena;
    struct box *box;
    uint32_t count, capacity;
    float score_min;
    bool failed; /* no memory: stays set */
};

void box_list_init(struct box_list *l, struct arena *a, float score_min);
void box_list_add(struct box_list *l, const struct box *b);

/* By falling score, ties as they were added; at most BOXES_MAX are kept. */
void box_list_sort(struct box_list *l);

/* Intersection over union, 0..1; 0 for boxes without area. */
float box_overlap(const struct box *a, const struct box *b);

/* Greedy non-maximum suppression by label over boxes in falling order of score: a box goes where a
 * kept one of its label overlaps it by more than `overlap_max`. Moves those kept to the front and
 * returns how many. */
uint32_t box_suppress(struct box *box, uint32_t count, float overlap_max);

#endif
