/* Lists without an end, and the table of all operations that answer in pages, against the models: a
 * token or a page that comes again, next or later, pages without items, tokens that none of AWS's
 * is: errors, whichever list it is. */
#include "aws/codec/model.h"
#include "aws/codec/model_embed.h"
#include "aws/page_tokens.h"
#include "aws/reply/reply_page.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"

#include <stdlib.h>

static int add(struct page_tokens *tokens, const char *token, struct err *e)
{
    return page_tokens_add(tokens, &(struct page_tokens_page){"none", "ListThings", NULL, token},
                           e);
}

static int add_all(struct page_tokens *tokens, const char *const *texts, struct err *e)
{
    for (; *texts; texts++)
        if (add(tokens, *texts, e))
            return -1;
    return 0;
}

static void test_tokens(void)
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
}

static void test_long_token(void)
{
    cleanup_free char *token = mem_new((1 << 20) + 1);
    struct page_tokens tokens = {0};
    struct err e = {0};

    memset(token, 'x', PAGE_TOKENS_BYTES);
    CHECK(!add(&tokens, token, &e));
    memset(token, 'x', 1 << 20);
    CHECK(add(&tokens, token, &e));
    CHECK_TEXT(e.text, "ListThings: a page token of 1048576 bytes is none of AWS's");
    page_tokens_fini(&tokens);
}

/* ---- every operation that answers in pages ---- */

/* A page with one item, named so, at the rule's first path. */
static json_t *page_of(const struct reply_page_rule *rule, const char *name)
{
    cleanup_free char *path = mem_text_n(rule->first, strcspn(rule->first, " "));
    json_t *page = json_object();

    json_put_at(page, path, json_string(name));
    return page;
}

static int add_page(struct page_tokens *tokens, const struct reply_page_rule *rule,
                    const json_t *page, int number, struct err *e)
{
    cleanup_free char *token = mem_printf("token %d", number);

    return page_tokens_add(tokens, &(struct page_tokens_page){rule->service, rule->op, page, token},
                           e);
}

/* Fresh tokens, and the pages a, b, a. */
static void check_repeated(const struct reply_page_rule *rule)
{
    json_auto_t *a = page_of(rule, "a"), *b = page_of(rule, "b");
    struct page_tokens tokens = {0};
    struct err e = {0};

    CHECK(reply_page_first(rule, a) != NULL);
    CHECK(!add_page(&tokens, rule, a, 1, &e));
    CHECK(!add_page(&tokens, rule, b, 2, &e));
    CHECK_INT(add_page(&tokens, rule, a, 3, &e), rule->alike ? 0 : -1);
    CHECK((strstr(e.text, "a page came twice") != NULL) == !rule->alike);
    page_tokens_fini(&tokens);
}

/* Fresh tokens, and never an item; one in between is a sign of life. */
static void check_empty(const struct reply_page_rule *rule)
{
    json_auto_t *empty = json_object(), *page = page_of(rule, "a");
    struct page_tokens tokens = {0};
    struct err e = {0};
    int number = 0;

    while (number < PAGE_TOKENS_EMPTY)
        CHECK(!add_page(&tokens, rule, empty, number++, &e));
    CHECK(!add_page(&tokens, rule, page, number++, &e));
    for (int i = 0; i < PAGE_TOKENS_EMPTY; i++)
        CHECK(!add_page(&tokens, rule, empty, number++, &e));
    CHECK(add_page(&tokens, rule, empty, number, &e));
    CHECK_INT(e.kind, ERR_RETRY);
    CHECK(strstr(e.text, "1000 pages without an item") != NULL);
    page_tokens_fini(&tokens);
}

/* "a[last].b" as models have it: "a[].b". */
static void drop_last(char *path)
{
    char *last = strstr(path, "[last]");

    if (last)
        memmove(last + 1, last + 5, strlen(last + 5) + 1);
}

static void check_rule(const struct reply_page_rule *rule)
{
    const struct aws_model *model = aws_model(rule->service);
    char request[64], path[64], first[64];
    struct aws_operation operation;
    int used;

    CHECK(aws_model_operation(model, rule->op, &operation));
    CHECK(sscanf(rule->pages, "%63[^=]=%63[^?]", request, path) == 2);
    drop_last(path);
    check_report(aws_model_input(&operation, request) != NULL, __FILE__, __LINE__, request);
    check_report(aws_model_output(&operation, path) != NULL, __FILE__, __LINE__, path);
    for (const char *at = rule->first; sscanf(at, "%63s%n", first, &used) == 1; at += used) {
        size_t n = strlen(first);

        if (n > 2 && strcmp(first + n - 2, "[]") == 0)
            first[n - 2] = '\0';
        check_report(aws_model_output(&operation, first) != NULL, __FILE__, __LINE__, first);
    }
    check_repeated(rule);
    check_empty(rule);
}

/* Whether its shapes look like those of a list in pages. */
static bool has_pages(const struct aws_operation *operation)
{
    static const char *const pairs[][2] = {{"NextToken", "NextToken"},
                                           {"nextToken", "nextToken"},
                                           {"Marker", "Marker"},
                                           {"Marker", "NextMarker"},
                                           {"KeyMarker", "NextKeyMarker"},
                                           {"ContinuationToken", "NextContinuationToken"},
                                           {"PaginationToken", "PaginationToken"},
                                           {"Limit", "HasMoreTags"},
                                           {"Limit", "HasMoreDeliveryStreams"}};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (aws_model_input(operation, pairs[i][0]) && aws_model_output(operation, pairs[i][1]))
            return true;
    return false;
}

static void test_models(void)
{
    int lists = 0;

    for (const struct model_embed_file *file = model_embed_files; file->name; file++) {
        const struct aws_model *model = aws_model(file->name);
        json_auto_t *document = aws_model_document(file->name);
        const char *op;
        json_t *unused;

        json_object_foreach(json_object_get(document, "operations"), op, unused) {
            struct aws_operation operation;
            bool known = reply_page_find(model->name, op) != NULL;

            CHECK(aws_model_operation(model, op, &operation));
            check_report(has_pages(&operation) == known, __FILE__, __LINE__, op);
            lists += known;
        }
    }
    CHECK_INT(lists, 27);
}

int main(void)
{
    test_tokens();
    test_long_token();
    test_models();
    for (const struct reply_page_rule *rule = reply_page_rules; rule->op; rule++)
        check_rule(rule);
    return check_done();
}
