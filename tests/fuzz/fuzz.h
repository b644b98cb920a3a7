/* fuzz.h -- what fuzz targets share: how one is declared, how it says that a property does not
 * hold, and how it takes its input apart.
 *
 * A target is one file, fuzz_NAME.c, with FUZZ_TARGET(NAME).  It runs as a libFuzzer program of its
 * own (libfuzzer.c) and, over its corpus, in the ordinary build (replay.c). */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_TARGET(name)                                                                          \
    void fuzz_##name(const uint8_t *data, size_t size);                                            \
    void fuzz_##name(const uint8_t *data, size_t size)

/* A property that holds for all bytes: says which one did not, and where, and aborts. */
#define must(holds) ((holds) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #holds))
_Noreturn void fuzz_fail(const char *file, int line, const char *property);

/* What is left of an input. */
struct fuzz_input {
    const uint8_t *data;
    size_t size;
};

/* The next byte; 0 at the end. */
unsigned fuzz_byte(struct fuzz_input *input);
/* The bytes up to the next NUL, or all that are left: new text in memory of exactly its size. */
char *fuzz_text(struct fuzz_input *input);
/* All that is left, likewise. */
char *fuzz_rest(struct fuzz_input *input, size_t *length);
/* The rest as JSON of any type, NULL when it is none. */
json_t *fuzz_json(struct fuzz_input *input);

/* An error that a function which failed has to have set: a kind, and a text on one line.
 * Aborts when it has not. */
void fuzz_error(const struct err *e);
/* A text that people see: UTF-8 on one line. */
void fuzz_told(const char *text);

/* Bytes of memory that are in use; only differences mean anything. */
size_t fuzz_allocated(void);

#endif
