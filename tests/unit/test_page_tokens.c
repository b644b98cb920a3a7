/* A token that comes again, next or later, and a list without end: errors. */
#include "aws/page_tokens.h"
#include "check.h"

static int add_all(struct page_tokens *tokens, const char *const *texts, struct err *e)
{
    for (; *texts; texts++)
        if (page_tokens_add(tokens, "ListThings", *texts, e))
            return -1;
    return 0;
}

int main(void)
{
    static const char *const good[] = {"a", "b", "", "A", NULL}, *const again[] = {"a", "a", NULL},
                             *const alternating[] = {"a", "b", "c", "b", NULL};
    struct page_tokens tokens = {0}, few = {.most = 3};
    struct err e = {0};

    CHECK(!add_all(&tokens, good, &e));
    page_tokens_fini(&tokens);
    CHECK(add_all(&tokens, again, &e));
    CHECK_INT(e.kind, ERR_RETRY);
    CHECK_TEXT(e.text, "ListThings: a page token came twice: the list has no end");
    page_tokens_fini(&tokens);
    err_clear(&e);
    CHECK(add_all(&tokens, alternating, &e));
    page_tokens_fini(&tokens);
    err_clear(&e);
    CHECK(add_all(&few, good, &e));
    CHECK_TEXT(e.text, "ListThings: more than 3 pages: the list has no end");
    page_tokens_fini(&few);
    return check_done();
}
