/* crc.c: the one door to ISA-L, which chooses the instructions at run time. Its function takes and
 * gives the register of the division, which is the complement of the checksum, and counts bytes as
 * an int.
 */
#include "storage/crc.h"

#include <assert.h>

#include <isa-l/crc.h>

enum { PIECE_BYTES = 1 << 30 };

uint32_t crc32c(uint32_t before, const void *from, size_t bytes) {
    assert(from || bytes == 0);
    unsigned char *at = (unsigned char *)(uintptr_t)from; /* it only reads */
    uint32_t sum = ~before;
    while (bytes > 0) {
        int piece = bytes < PIECE_BYTES ? (int)bytes : PIECE_BYTES;
        sum = crc32_iscsi(at, piece, sum);
        at += piece;
        bytes -= (size_t)piece;
    }
    return ~sum;
}
