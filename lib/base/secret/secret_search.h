/* secret_search.h -- one look through a text: what is found in it, and where in its views
 * known secrets stand. */
#ifndef BASE_SECRET_SEARCH_H
#define BASE_SECRET_SEARCH_H

#include "base/secret/secret_view.h"

#include <stdbool.h>
#include <stddef.h>

struct secret_search {
    size_t length;   /* of the text */
    char *hidden;    /* 1 for each byte of it that is not told; NULL: all are */
    char *whole;     /* name of the first secret that is there as a whole; "": it was learned */
    bool only_known; /* is looked for */
    bool lookalike;  /* something has the form of one */
};

void secret_search_fini(struct secret_search *search);
void secret_search_hide(struct secret_search *search, const struct secret_view *view, size_t from,
                        size_t to);
/* Hides what is known of the view as it is, and of what its base64 and hexadecimal texts mean.
 * Between secret_known_begin and _end. */
void secret_search_known(struct secret_search *search, const struct secret_view *view);

#endif
