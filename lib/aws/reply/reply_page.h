/* reply_page.h -- of each operation that AWS answers in pages: where a reply says that there are
 * more, and its first item. */
#ifndef AWS_REPLY_REPLY_PAGE_H
#define AWS_REPLY_REPLY_PAGE_H

#include <jansson.h>
#include <stdbool.h>

struct reply_page_rule {
    const char *service, *op; /* NULL: the end of the list */
    const char *pages;        /* "request=reply", perhaps "?flag" that says there is more */
    const char *first; /* paths to the first item, or what names it; the first that is there */
    bool alike;        /* items of two pages may be the same */
};
extern const struct reply_page_rule reply_page_rules[];

/* NULL: AWS does not answer it in pages. */
const struct reply_page_rule *reply_page_find(const char *service, const char *op);
/* Whether the reply says that it is not all. */
bool reply_page_has_more(const struct reply_page_rule *rule, const json_t *result);
/* What names the first item; borrowed, NULL for a page without items. */
const json_t *reply_page_first(const struct reply_page_rule *rule, const json_t *result);

#endif
