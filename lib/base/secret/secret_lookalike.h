/* secret_lookalike.h -- what is secret in a text though nobody knows it: by its form, or by
 * what stands before it. */
#ifndef BASE_SECRET_LOOKALIKE_H
#define BASE_SECRET_LOOKALIKE_H

#include "base/secret/secret_search.h"

/* Hides users of URLs, keys and tokens of AWS, what headers and answers name so, private keys. */
void secret_lookalike_find(struct secret_search *search, const struct secret_view *view);

#endif
