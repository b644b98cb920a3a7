/* page_tokens.h -- the pages of one listing: a server that goes in circles, or never ends, is an
 * error and never a list cut short, for bills rest on lists. */
#ifndef AWS_PAGE_TOKENS_H
#define AWS_PAGE_TOKENS_H

#include "base/err.h"

#include <jansson.h>

enum {
    PAGE_TOKENS_MOST = 100000,
    PAGE_TOKENS_EMPTY = 1000,     /* pages in a row without an item; searches have some */
    PAGE_TOKENS_BYTES = 64 << 10, /* of a token; AWS's have a few hundred, at most 8 KiB */
};

/* Zero it; page_tokens_fini frees what it holds, and makes it ready for another listing. */
struct page_tokens {
    json_t *seen;   /* digest of a token -> true */
    json_t *firsts; /* digest of a page's first item -> true */
    unsigned most;  /* pages after the first; 0: PAGE_TOKENS_MOST */
    unsigned empty; /* pages without an item just now */
};

/* A page, and the token in it that asks for the next one. */
struct page_tokens_page {
    const char *service, *op; /* found in reply_page.h, or only its tokens are looked at */
    const json_t *result;
    const char *token;
};

/* Takes note of a page behind which there is another.  0, or -1 and *e (ERR_RETRY, naming op) when
 * this listing had the token or the page's first item before, directly or some pages ago, when it
 * has too many pages, too many of them empty, or a token too long to be AWS's. */
int page_tokens_add(struct page_tokens *tokens, const struct page_tokens_page *page, struct err *e);
void page_tokens_fini(struct page_tokens *tokens);

#endif
