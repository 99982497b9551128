/* answers.h: answers: what models answered, kept by content and bounded by bytes.
 *
 * A key is the content's 128-bit hash, the version of the model and what bounds the answer. Answers
 * live in two halves: new ones and those asked for again go to the younger, and when it is full the
 * older is forgotten and the two change places. So what was asked for last is always there, as far
 * as half of the bytes go, and nothing is done but a look into a hash table.
 *
 * A kept answer is a convenience: without memory it is simply not kept.
 *
 * Lifetime: answers_init .. answers_done; one thread.
 *
 * Used by: engine/shared_model, engine/op/infer.    Tested by: tests/unit/engine/answers_test.c
 */
#ifndef ENGINE_ANSWERS_H
#define ENGINE_ANSWERS_H

#include "engine/base/map.h"
#include "engine/base/text.h"

struct answer_key {
    uint64_t low, high; /* of the content */
    uint64_t version;
    uint64_t bound; /* bits of the score floor, one lost for the model's own limits */
};

struct answers {
    size_t bytes_max; /* 0: keeps nothing */
    struct map map[2];
    struct arena bytes[2];
    uint32_t young; /* which of the two */
};

/* The hash of a content: equal on every machine; the two words are as good as independent. Not
 * meant against an adversary who chooses contents. */
void answer_hash(const void *at, size_t bytes, struct answer_key *out);

void answers_init(struct answers *a);
void answers_done(struct answers *a);

/* Keeps at most so many bytes from now on; what is kept goes when that is another number. */
void answers_limit(struct answers *a, size_t bytes_max);
void answers_forget(struct answers *a);

/* The answer, valid until the next call; false: it is not there. */
bool answers_find(struct answers *a, const struct answer_key *key, struct text *out);
/* The same for many: out[i].at is NULL where there is none. `id` is scratch, [count]. All are valid
 * until the next answers_add() or answers_find(). */
void answers_find_many(struct answers *a, const struct answer_key *key, uint32_t count,
                       uint32_t *id, struct text *out);
void answers_add(struct answers *a, const struct answer_key *key, struct text answer);

#endif
