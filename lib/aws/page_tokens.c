#include "aws/page_tokens.h"

#include "aws/reply/reply_page.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

#define ENDLESS ": the list has no end"

/* False when it was there already. */
static bool note(json_t **seen, const char *text)
{
    char digest[65];

    digest_sha256(text, strlen(text), digest);
    if (!*seen)
        *seen = json_object();
    if (json_object_get(*seen, digest))
        return false;
    json_object_set_new_nocheck(*seen, digest, json_true());
    return true;
}

/* Whether a page that begins like this one was there before. */
static bool repeats(struct page_tokens *tokens, const struct reply_page_rule *rule,
                    const json_t *first)
{
    cleanup_free char *text = rule->alike ? NULL : json_canonical(first);

    return text && !note(&tokens->firsts, text);
}

static int check_items(struct page_tokens *tokens, const struct page_tokens_page *page,
                       struct err *e)
{
    const struct reply_page_rule *rule = reply_page_find(page->service, page->op);
    const json_t *first = rule ? reply_page_first(rule, page->result) : NULL;

    if (!rule)
        return 0;
    tokens->empty = first ? 0 : tokens->empty + 1;
    if (tokens->empty > PAGE_TOKENS_EMPTY)
        return err_set(e, ERR_RETRY, "%s: more than %d pages without an item" ENDLESS, page->op,
                       PAGE_TOKENS_EMPTY);
    if (first && repeats(tokens, rule, first))
        return err_set(e, ERR_RETRY, "%s: a page came twice" ENDLESS, page->op);
    return 0;
}

int page_tokens_add(struct page_tokens *tokens, const struct page_tokens_page *page, struct err *e)
{
    unsigned most = tokens->most ? tokens->most : PAGE_TOKENS_MOST;

    if (strlen(page->token) > PAGE_TOKENS_BYTES)
        return err_set(e, ERR_RETRY, "%s: a page token of %zu bytes is none of AWS's", page->op,
                       strlen(page->token));
    if (json_object_size(tokens->seen) == most)
        return err_set(e, ERR_RETRY, "%s: more than %u pages" ENDLESS, page->op, most);
    if (!note(&tokens->seen, page->token))
        return err_set(e, ERR_RETRY, "%s: a page token came twice" ENDLESS, page->op);
    return check_items(tokens, page, e);
}

void page_tokens_fini(struct page_tokens *tokens)
{
    json_decref(tokens->seen);
    json_decref(tokens->firsts);
    *tokens = (struct page_tokens){.most = tokens->most};
}
