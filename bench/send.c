/* send.c: a sender for measurements: waits for one connection and writes a file into it.
 *
 *     send PORT FILE
 *
 * The file is read into memory first, so that its sender costs as little as it can.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct content {
    char *at;
    size_t bytes;
};

static struct content file_read(const char *path) {
    struct content c = {0};
    FILE *f = fopen(path, "r");
    if (!f) return c;
    if (fseek(f, 0, SEEK_END) == 0) c.bytes = (size_t)ftell(f);
    rewind(f);
    c.at = malloc(c.bytes + 1);
    if (c.at) c.bytes = fread(c.at, 1, c.bytes, f);
    fclose(f);
    return c;
}

/* A descriptor of the first connection to the port; -1. */
static int connection(uint16_t port) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 1) != 0) return -1;
    puts("ready");
    fflush(stdout);
    return accept(fd, NULL, NULL);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: send PORT FILE\n");
        return 2;
    }
    struct content c = file_read(argv[2]);
    int to = c.at ? connection((uint16_t)strtoul(argv[1], NULL, 10)) : -1;
    if (to < 0) {
        perror("send");
        free(c.at);
        return 1;
    }
    bool done = true;
    for (size_t at = 0; done && at < c.bytes;) {
        ssize_t n = write(to, c.at + at, c.bytes - at);
        done = n > 0;
        if (done) at += (size_t)n;
    }
    close(to);
    free(c.at);
    return done ? 0 : 1;
}
