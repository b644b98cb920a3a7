#include "aws/reply/reply_check.h"

#include "aws/reply/reply_content.h"
#include "aws/reply/reply_rule.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct checking {
    const struct aws_operation *operation;
    const struct reply_asked *asked;
    const struct aws_raw_reply *raw;
    const struct reply_rule *rule;
    const json_t *result;
    char *wrong; /* what is, to stand behind "the reply to ..."; NULL: nothing */
};

/* One word of a rule: a path, how it is compared and with what. */
struct word {
    char path[160];
    char how; /* '\0': there is nothing behind the path */
    char other[64];
};

static bool next_word(const char **words, const char *operators, struct word *word)
{
    const char *at = *words ? *words + strspn(*words, " ") : "";
    size_t length = strcspn(at, " "), path = strcspn(at, operators);

    *words = at + length;
    if (!length)
        return false;
    path = path < length ? path : length;
    word->how = path < length ? at[path] : '\0';
    (void)snprintf(word->path, sizeof word->path, "%.*s", (int)path, at);
    (void)snprintf(word->other, sizeof word->other, "%.*s",
                   (int)(path < length ? length - path - 1 : 0), at + path + 1);
    return true;
}

/* What a word is asked of each value at its path (NULL where it is missing). */
struct visit {
    struct checking *c;
    const struct word *word;
    const json_t *want;
    void (*each)(const struct visit *visit, const json_t *value);
    json_t *found; /* of echo '@', and of always '!' */
};

/* "[]" stands for all items of a list; without the list there are none. */
static void walk(const struct visit *visit, const json_t *value, const char *path)
{
    size_t n = strcspn(path, ".["), i;
    const json_t *item;

    if (!*path) {
        visit->each(visit, value);
    } else if (n) {
        walk(visit, json_object_getn(value, path, n), path + n);
    } else if (*path == '.') {
        walk(visit, value, path + 1);
    } else {
        json_array_foreach(value, i, item)
            walk(visit, item, path + 2);
    }
}

static void say(struct checking *c, char *wrong)
{
    if (c->wrong)
        free(wrong);
    else
        c->wrong = wrong;
}

/* ---- what is always there ---- */

static bool is_empty(const json_t *value)
{
    return (json_is_string(value) && !json_string_length(value)) ||
           (json_is_array(value) && !json_array_size(value)) ||
           (json_is_object(value) && !json_object_size(value));
}

static void must_be_once(const struct visit *visit, const json_t *value)
{
    cleanup_free char *text = json_canonical(value);

    if (json_object_get(visit->found, text))
        say(visit->c, mem_printf("has two with the %s %.120s", visit->word->path, text));
    (void)json_object_set_new_nocheck(visit->found, text, json_true());
}

static void must_be_there(const struct visit *visit, const json_t *value)
{
    if (!value || json_is_null(value))
        say(visit->c, mem_printf("has no %s", visit->word->path));
    else if (visit->word->how == '+' && is_empty(value))
        say(visit->c, mem_printf("has an empty %s", visit->word->path));
    else if (visit->word->how == '!')
        must_be_once(visit, value);
}

/* ---- what comes back of what was asked for ---- */

static bool is_one_of(const json_t *have, const json_t *list)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
        if (json_equal(have, item))
            return true;
    return false;
}

static bool is_same(char how, const json_t *have, const json_t *want)
{
    const char *text = json_string_value(have), *other = json_string_value(want);

    if (how == '=')
        return json_equal(have, want);
    if (how == '<')
        return is_one_of(have, want);
    if (!text || !other)
        return false;
    return how == '~' ? strcasecmp(text, other) == 0 : strncmp(text, other, strlen(other)) == 0;
}

static void must_come_back(const struct visit *visit, const json_t *value)
{
    const char how = visit->word->how;

    if (!value || json_is_null(value))
        say(visit->c, mem_printf("has no %s", visit->word->path));
    else if (how != '@' && !is_same(how, value, visit->want))
        say(visit->c,
            mem_printf("is about another: its %s is \"%.120s\", asked for was \"%.120s\"",
                       visit->word->path, json_is_string(value) ? json_string_value(value) : "?",
                       json_is_string(visit->want) ? json_string_value(visit->want) : "?"));
    else if (how == '@' && json_is_string(value))
        json_object_set_new(visit->found, json_string_value(value), json_true());
}

/* As many different ones came back as were asked for, and each of those. */
static void must_be_all(const struct visit *visit)
{
    json_auto_t *left = json_copy(visit->found);
    const json_t *item;
    size_t i;

    json_array_foreach(visit->want, i, item) {
        const char *text = json_string_value(item);

        if (!text || !json_object_get(visit->found, text))
            say(visit->c, mem_printf("leaves out %.120s", text ? text : "?"));
        else
            (void)json_object_del(left, text);
    }
    if (json_object_size(left))
        say(visit->c, mem_printf("is about another: its %s holds \"%.120s\", which was not asked "
                                 "for",
                                 visit->word->path, json_object_iter_key(json_object_iter(left))));
}

/* ---- whose it is, and policies ---- */

static void must_be_ours(const struct visit *visit, const json_t *value)
{
    const char *text = json_string_value(value);
    char account[13];

    if (text && reply_content_account(text, account) &&
        strcmp(account, visit->c->asked->account) != 0)
        say(visit->c, mem_printf("is about account %s, not %s: %s is %.200s", account,
                                 visit->c->asked->account, visit->word->path, text));
}

static void must_be_policy(const struct visit *visit, const json_t *value)
{
    const char *text = json_string_value(value);
    json_auto_t *policy = text ? reply_content_policy(text) : NULL;

    if (text && !policy)
        say(visit->c, mem_printf("has a %s that is no policy document", visit->word->path));
}

/* ---- pages ---- */

/* More without a token would end the list too early. */
static void check_more(struct checking *c)
{
    const char *words = c->rule->more;
    struct word word;

    if (next_word(&words, "=", &word) && json_is_true(json_object_get(c->result, word.path)) &&
        !json_string_length(json_object_get(c->result, word.other)))
        say(c, mem_printf("says %s and has no %s", word.path, word.other));
}

static void check_partial(struct checking *c)
{
    for (const struct reply_partial *p = reply_rule_partials; p->service; p++)
        if (p->means == REPLY_PARTIAL_REFUSED && strcmp(p->op, c->operation->name) == 0 &&
            strcmp(p->service, c->operation->model->name) == 0) {
            const json_t *left = json_object_get(c->result, p->path);
            const json_t *first = json_array_get(left, 0);

            if (left && !is_empty(left))
                say(c,
                    mem_printf(
                        "is not whole: %s: %s: %.200s", p->path,
                        json_text(first, "ErrorCode") ? json_text(first, "ErrorCode") : "no code",
                        json_text(first, "ErrorMessage") ? json_text(first, "ErrorMessage") : ""));
        }
}

/* ---- values that stand for nothing ---- */

/* AWS's lists and maps have no gaps, and of its texts only what somebody stored holds NUL, behind
 * which a comparison would not look.  What is wrong, to stand behind "the reply", or NULL. */
static const char *odd_value(const json_t *value, bool any_text)
{
    const char *key, *wrong = NULL;
    json_t *item;
    size_t i;

    if (json_is_null(value))
        return "has null in a list or map";
    if (!any_text && json_is_string(value) &&
        strlen(json_string_value(value)) != json_string_length(value))
        return "has a text with NUL in it";
    json_array_foreach(value, i, item)
        wrong = wrong ? wrong : odd_value(item, any_text);
    json_object_foreach((json_t *)value, key, item)
        wrong = wrong ? wrong : odd_value(item, any_text);
    return wrong;
}

static void check_values(struct checking *c)
{
    const char *wrong = odd_value(c->result, c->rule && c->rule->any_text);

    if (wrong)
        say(c, mem_text(wrong));
}

/* ---- the document around it ---- */

/* The name of an XML document's first element, without its prefix; *length 0: there is none. */
static const char *root_of(const struct aws_raw_reply *raw, size_t *length)
{
    const char *at = raw->body, *end = at + raw->body_length, *name;

    while (at < end && !(at[0] == '<' && at + 1 < end && at[1] != '?' && at[1] != '!'))
        at++;
    for (name = at += at < end; at < end && !strchr(" \t\r\n/>", *at); at++)
        if (*at == ':')
            name = at + 1;
    *length = (size_t)(at - name);
    return name;
}

static bool is_name(const char *have, size_t length, const char *want)
{
    return length == strlen(want) && strncmp(have, want, length) == 0;
}

/* The documented one; for query, and for S3's look-alikes that follow the model, "OpResponse". */
static void check_root(struct checking *c)
{
    cleanup_free char *response = mem_printf("%sResponse", c->operation->name);
    const char *want = c->operation->model->protocol == AWS_QUERY ? response : c->rule->root;
    const char *have;
    size_t length;

    if (!want || !c->raw->body_length)
        return;
    have = root_of(c->raw, &length);
    if (!is_name(have, length, want) && !is_name(have, length, response))
        say(c, mem_printf("is <%.*s>, not <%s>", (int)(length < 80 ? length : 80), have, want));
}

static bool holds_something(const struct aws_operation *operation)
{
    const char *key;
    json_t *member;

    json_object_foreach(json_object_get(aws_model_output(operation, ""), "members"), key, member)
        if (!json_object_get(member, "location"))
            return true;
    return false;
}

/* S3 answers a write with headers alone: a page in place of that says that nothing was done. */
static void check_nothing(struct checking *c)
{
    const struct aws_raw_reply *raw = c->raw;

    if (c->operation->model->protocol != AWS_REST_XML || holds_something(c->operation))
        return;
    for (size_t i = 0; i < raw->body_length; i++)
        if (!strchr(" \t\r\n", raw->body[i])) {
            say(c, mem_text("has a body where none belongs"));
            return;
        }
}

static bool is_head(const struct aws_operation *operation)
{
    const char *method = json_text(json_object_get(operation->document, "http"), "method");

    return method && strcmp(method, "HEAD") == 0;
}

/* A page that somebody else put in AWS's place: AWS sends no HTML but what somebody stored, and
 * each reply of AWS's has a request id.  Emulators name one beside that type, which Flask gives by
 * itself. */
static bool is_page(const struct aws_raw_reply *raw)
{
    const char *type = aws_message_reply_header(raw, "content-type");

    return type && strcasestr(type, "html") && !aws_message_request_id(raw);
}

/* Other types than the documented ones are let pass: the document behind them has to hold what it
 * must. */
static void check_type(struct checking *c)
{
    const char *type = aws_message_reply_header(c->raw, "content-type");

    if (is_page(c->raw) && !c->rule->any_type && (c->raw->body_length || is_head(c->operation)))
        say(c, mem_printf("is of type %.80s", type));
}

/* ---- all of it ---- */

static void each_word(struct checking *c, const char *words, const char *operators,
                      void (*each)(const struct visit *visit, const json_t *value))
{
    struct word word;

    while (next_word(&words, operators, &word)) {
        json_auto_t *found = json_object();
        struct visit visit = {.c = c, .word = &word, .each = each, .found = found};

        walk(&visit, c->result, word.path);
    }
}

char *reply_check_always(const char *words, const json_t *result)
{
    struct checking c = {.result = result};

    each_word(&c, words, "+!", must_be_there);
    return c.wrong;
}

static void check_echo(struct checking *c)
{
    const char *words = c->rule->echo;
    struct word word;

    while (next_word(&words, "=~^<@", &word)) {
        json_auto_t *found = json_object();
        struct visit visit = {.c = c,
                              .word = &word,
                              .want = json_object_get(c->asked->params, word.other),
                              .each = must_come_back,
                              .found = found};

        if (!visit.want || json_is_null(visit.want))
            continue;
        walk(&visit, c->result, word.path);
        if (word.how == '@')
            must_be_all(&visit);
    }
}

static void check_content(struct checking *c)
{
    each_word(c, c->rule->always, "+!", must_be_there);
    check_echo(c);
    if (c->asked->account)
        each_word(c, c->rule->owner, "", must_be_ours);
    each_word(c, c->rule->policy, "", must_be_policy);
    check_more(c);
    if (!c->wrong && c->rule->check)
        say(c, c->rule->check(c->asked->params, c->result));
}

static void check_document(struct checking *c)
{
    check_root(c);
    check_nothing(c);
    check_partial(c);
    check_content(c);
}

char *reply_check_made(const char *service, const char *op, const json_t *params,
                       const json_t *result)
{
    const struct reply_asked asked = {.params = params};
    struct checking c = {
        .asked = &asked, .rule = reply_rule_find(service, op), .result = (json_t *)result};

    if (c.rule)
        check_content(&c);
    return c.wrong;
}

static void refuse(const struct aws_operation *operation, const char *wrong,
                   struct aws_error *error)
{
    (void)snprintf(error->code, sizeof error->code, "InvalidReply");
    aws_error_say(error, "the reply to %s %s", operation->name, wrong);
}

/* A status that says something about the thing asked for counts only with AWS's own word for it:
 * its error document, or for HEAD, which has none, the id of the request. */
static void check_refusal(const struct aws_operation *operation, const struct aws_raw_reply *raw,
                          struct aws_error *error)
{
    static const int telling[] = {404, 409, 410, 412};
    const char *type = aws_message_reply_header(raw, "content-type");
    cleanup_free char *wrong = NULL;

    if (strncmp(error->code, "HTTP ", 5) != 0 ||
        (is_head(operation) && aws_message_request_id(raw)))
        return;
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        if (error->status == telling[i])
            wrong = mem_printf("is status %d with no error of AWS's (%.80s)", error->status,
                               type ? type : "no content type");
    if (!wrong)
        return;
    refuse(operation, wrong, error);
    error->status = 0;
}

int reply_check(const struct aws_operation *operation, const struct reply_asked *asked,
                const struct aws_raw_reply *raw, json_t **result, struct aws_error *error)
{
    struct checking c = {.operation = operation,
                         .asked = asked,
                         .raw = raw,
                         .rule = reply_rule_find(operation->model->name, operation->name),
                         .result = *result};

    if (!*result && strcmp(error->code, "InvalidReply") != 0) {
        check_refusal(operation, raw, error);
        return -1;
    }
    if (c.rule)         /* a test has one for each operation there is */
        check_type(&c); /* of an unreadable one, too: "text/html" tells more than "no JSON" */
    if (c.rule && *result && !c.wrong)
        check_document(&c);
    if (*result && !c.wrong)
        check_values(&c);
    if (!c.wrong)
        return *result ? 0 : -1;
    refuse(operation, c.wrong, error);
    free(c.wrong);
    json_decref(*result);
    *result = NULL;
    return -1;
}
