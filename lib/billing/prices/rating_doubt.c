/* rating_doubt.c -- what a bill warns of, by name. */
#include "billing/prices/rating.h"

const char *const rating_doubt_names[RATING_DOUBTS] = {
    [RATING_LENGTH_UNKNOWN] = "length_unknown",
    [RATING_LENGTH_REFUSED] = "length_refused",
    [RATING_ESTIMATED] = "estimated",
    [RATING_REPAIRED] = "repaired",
};
