/* section.h -- reading values of the `billing` section, with everything wrong about them told.
 *
 * All scalars are texts (whole numbers and truth values are taken too): a price never passes
 * through a binary fraction. */
#ifndef BILLING_PRICES_SECTION_H
#define BILLING_PRICES_SECTION_H

#include "billing/prices/calendar.h"
#include "billing/prices/money.h"

#include <jansson.h>

/* Called for each thing wrong with the section: path below it, text. */
typedef void section_problem_fn(void *arg, const char *path, const char *problem);

struct section_reader {
    section_problem_fn *problem; /* NULL: only counted */
    void *arg;
    int problems;
};

void section_tell(struct section_reader *reader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Unknown keys are told with the nearest known one.  False, told, when value is no mapping. */
bool section_check_keys(struct section_reader *reader, const json_t *value, const char *path,
                        const char *const *keys);
/* The text of a scalar (in buffer where it is none); NULL, told, for lists and mappings; NULL,
 * silently, when there is none. */
const char *section_text(struct section_reader *reader, const json_t *object, const char *key,
                         const char *path, char buffer[static 32]);

/* These leave *out alone and return false when the key is missing, or wrong (told). */
bool section_price(struct section_reader *reader, const json_t *object, const char *key,
                   const char *path, struct price *out);
bool section_count(struct section_reader *reader, const json_t *object, const char *key,
                   const char *path, int64_t least, int64_t most, int64_t *out);
/* GiB, which must come to whole bytes. */
bool section_gib(struct section_reader *reader, const json_t *object, const char *key,
                 const char *path, int64_t *bytes);
bool section_truth(struct section_reader *reader, const json_t *object, const char *key,
                   const char *path, bool *out);
bool section_day(struct section_reader *reader, const json_t *object, const char *key,
                 const char *path, struct day *out);
/* "36h", "3d": hours. */
bool section_hours(struct section_reader *reader, const json_t *object, const char *key,
                   const char *path, int64_t most, int *out);

#endif
