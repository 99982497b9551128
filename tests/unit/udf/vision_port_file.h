/* vision_port_file.h: a network in a file, whose file may lie about it.
 *
 * Apart from vision_port_test.c, as `struct tensor` is a network's here and a column's there.
 */
#ifndef TESTS_UNIT_UDF_VISION_PORT_FILE_H
#define TESTS_UNIT_UDF_VISION_PORT_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct port_file {
    const char *path;
    const char *op; /* from input "x" to output "y" */
    int64_t in[2];  /* the shape of x; -1: free */
    int64_t out[2]; /* the shape that the file says y has */
    bool out_known; /* else nothing is said of y's shape, nor of x's */
};

bool port_file_write(const struct port_file *f);

#endif
