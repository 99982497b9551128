/* width: how many columns of a terminal a text takes: two for wide characters, none for marks.
 *
 * By the C library's table (setlocale(LC_CTYPE) to UTF-8 was called); what is not UTF-8 counts one
 * a byte.
 *
 * Used by: present_table.c, error_print.c.    Tested by: tests/unit/clients/error_print_test.c
 */
#ifndef CLIENTS_WIDTH_H
#define CLIENTS_WIDTH_H

#include <stdint.h>

#include "engine/base/text.h"

uint32_t width_of(struct text t);

#endif
