/* crc.h: CRC32C (Castagnoli), the checksum of all that is stored.
 *
 * Used by: storage.    Tested by: tests/unit/storage/log_format_test.c
 */
#ifndef STORAGE_CRC_H
#define STORAGE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of `bytes` bytes behind those of which `before` is the checksum; 0: of these alone. */
uint32_t crc32c(uint32_t before, const void *from, size_t bytes);

#endif
