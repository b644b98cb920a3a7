#include "aws/page_tokens.h"

int page_tokens_add(struct page_tokens *tokens, const char *op, const char *token, struct err *e)
{
    unsigned most = tokens->most ? tokens->most : PAGE_TOKENS_MOST;

    if (!tokens->seen)
        tokens->seen = json_object();
    if (json_object_get(tokens->seen, token))
        return err_set(e, ERR_RETRY, "%s: a page token came twice: the list has no end", op);
    if (json_object_size(tokens->seen) == most)
        return err_set(e, ERR_RETRY, "%s: more than %u pages: the list has no end", op, most);
    json_object_set_new_nocheck(tokens->seen, token, json_true());
    return 0;
}

void page_tokens_fini(struct page_tokens *tokens)
{
    json_decref(tokens->seen);
    tokens->seen = NULL;
}
