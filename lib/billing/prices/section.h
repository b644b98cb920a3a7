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

/* A value of the section, and where it is. */
struct section_value {
    struct section_reader *reader;
    const json_t *object; /* NULL: silent */
    const char *path;     /* "prices[0].rules[1]" */
};

/* Tells of something wrong with a member, or (key NULL) with the value itself. */
void section_tell(const struct section_value *section, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Says problem of a word that is none of words (ends with NULL), with the nearest of them. */
void section_tell_word(const struct section_value *section, const char *key, const char *word,
                       const char *const *words, const char *problem);
/* Unknown keys are told with the nearest known one.  False, told, when the value is no mapping. */
bool section_check_keys(const struct section_value *section, const char *const *keys);
/* The text of a scalar member (in buffer where it is none); NULL, told, for lists and mappings;
 * NULL, silently, when there is none. */
const char *section_text(const struct section_value *section, const char *key,
                         char buffer[static 32]);

/* These leave *out alone and return false when the key is missing, or wrong (told). */
bool section_price(const struct section_value *section, const char *key, struct price *out);
bool section_count(const struct section_value *section, const char *key, int64_t least,
                   int64_t most, int64_t *out);
/* GiB, which must come to whole bytes. */
bool section_gib(const struct section_value *section, const char *key, int64_t *bytes);
bool section_truth(const struct section_value *section, const char *key, bool *out);
bool section_day(const struct section_value *section, const char *key, struct day *out);
/* "36h", "3d": hours. */
bool section_hours(const struct section_value *section, const char *key, int64_t most, int *out);

#endif
