/* page_tokens.h -- the page tokens of one listing: a server that goes in circles, or never ends, is
 * an error and never a list cut short, for bills rest on lists. */
#ifndef AWS_PAGE_TOKENS_H
#define AWS_PAGE_TOKENS_H

#include "base/err.h"

#include <jansson.h>

enum { PAGE_TOKENS_MOST = 100000 };

/* Zero it; page_tokens_fini frees what it holds, and makes it ready for another listing. */
struct page_tokens {
    json_t *seen;  /* token -> true */
    unsigned most; /* pages after the first; 0: PAGE_TOKENS_MOST */
};

/* Takes note of the token that asks for the next page.  0, or -1 and *e (ERR_RETRY, naming op) when
 * this listing had the token before, directly or some pages ago, or has too many pages. */
int page_tokens_add(struct page_tokens *tokens, const char *op, const char *token, struct err *e);
void page_tokens_fini(struct page_tokens *tokens);

#endif
