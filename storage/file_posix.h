/* file_posix.h: the file system of this machine, behind engine/base/file.h.
 *
 * Used by: clients/main.c, tests.    Tested by: tests/unit/storage/file_test.c
 */
#ifndef STORAGE_FILE_POSIX_H
#define STORAGE_FILE_POSIX_H

#include "engine/base/file.h"

/* One for the whole program; it holds nothing and needs no end. The path "-" is no special name. */
struct file_system *file_system_posix(void);

#endif
