#include "aws/reply/reply_content.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <fnmatch.h>
#include <string.h>

enum { ACCOUNT_DIGITS = 12 };

bool reply_content_account(const char *text, char account[static 13])
{
    const char *at = text;

    if (strncmp(text, "arn:", 4) == 0)
        for (int colons = 0; at && colons < 4; colons++) {
            at = strchr(at, ':');
            at = at ? at + 1 : NULL;
        }
    if (!at || strspn(at, "0123456789") != ACCOUNT_DIGITS ||
        at[ACCOUNT_DIGITS] != (at == text ? '\0' : ':'))
        return false;
    memcpy(account, at, ACCOUNT_DIGITS);
    account[ACCOUNT_DIGITS] = '\0';
    return true;
}

char *reply_content_caller(const json_t *params, const json_t *result)
{
    const char *text = json_text(result, "Account"), *arn = json_text(result, "Arn");
    char account[13], of_arn[13];

    (void)params;
    if (!text || !reply_content_account(text, account) || strlen(text) != ACCOUNT_DIGITS)
        return mem_text("names no account of twelve digits");
    if (!arn || !reply_content_account(arn, of_arn) || strcmp(account, of_arn) != 0)
        return mem_printf("names account %s, and an ARN of another", account);
    return NULL;
}

/* ---- policies ---- */

/* Where one may stand, so may a list of them. */
static bool is_one_or_more(const json_t *value, bool (*is_good)(const json_t *))
{
    const json_t *item;
    size_t i;

    if (!json_is_array(value))
        return is_good(value);
    json_array_foreach(value, i, item)
        if (!is_good(item))
            return false;
    return true;
}

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_texts(const json_t *value)
{
    return is_one_or_more(value, is_text);
}

/* AWS keeps numbers and truths as they were written. */
static bool is_plain(const json_t *value)
{
    return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

static bool is_plains(const json_t *value)
{
    return is_one_or_more(value, is_plain);
}

static bool is_map(const json_t *value, bool (*is_good)(const json_t *))
{
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)value, key, item)
        if (!is_good(item))
            return false;
    return json_is_object(value);
}

/* An account's id is also written as the number that it looks like. */
static bool is_name(const json_t *value)
{
    return json_is_string(value) || json_is_integer(value);
}

static bool is_names(const json_t *value)
{
    return is_one_or_more(value, is_name);
}

/* "*", or ["*"], as any text may stand in a list. */
static bool is_principal(const json_t *value)
{
    return is_texts(value) || is_map(value, is_names);
}

/* {"StringEquals": {"aws:SourceAccount": ...}} */
static bool is_compared(const json_t *value)
{
    return is_map(value, is_plains);
}

static bool is_condition(const json_t *value)
{
    return is_map(value, is_compared);
}

/* (IAM user guide, "Grammar of the IAM JSON policy language") */
static bool is_statement(const json_t *statement)
{
    static const struct {
        const char *key;
        bool (*is_good)(const json_t *);
    } members[] = {
        {"Sid", is_plain},           {"Effect", is_plain},           {"Action", is_texts},
        {"NotAction", is_texts},     {"Resource", is_texts},         {"NotResource", is_texts},
        {"Principal", is_principal}, {"NotPrincipal", is_principal}, {"Condition", is_condition}};

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *value = json_object_get(statement, members[i].key);

        if (value && !members[i].is_good(value))
            return false;
    }
    return json_is_object(statement);
}

static bool is_version(const json_t *version)
{
    const char *text = json_string_value(version);

    return !version || (text && (!strcmp(text, "2012-10-17") || !strcmp(text, "2008-10-17")));
}

json_t *reply_content_policy(const char *text)
{
    cleanup_free char *plain =
        text[strspn(text, " \t\r\n")] == '{' ? mem_text(text) : str_unescape(text);
    json_t *policy = json_loads(plain, JSON_REJECT_DUPLICATES, NULL);

    if (is_version(json_object_get(policy, "Version")) &&
        is_one_or_more(json_object_get(policy, "Statement"), is_statement))
        return policy;
    json_decref(policy);
    return NULL;
}

/* Variables stand for anything. */
static bool matches_bucket(const char *resource, const char *bucket)
{
    const char *name = strstr(resource, ":::");
    cleanup_free char *pattern = NULL;

    if (!name)
        return true; /* "*" */
    name += 3;
    pattern = mem_text_n(name, strcspn(name, "/"));
    return strstr(pattern, "${") || fnmatch(pattern, bucket, FNM_NOESCAPE) == 0;
}

/* Whether a statement speaks of the bucket, as far as that can be told. */
static bool speaks_of(const json_t *statement, const char *bucket)
{
    const json_t *resource = json_object_get(statement, "Resource"), *item;
    size_t i;

    if (json_is_string(resource))
        return matches_bucket(json_string_value(resource), bucket);
    if (!json_array_size(resource))
        return true; /* NotResource */
    json_array_foreach(resource, i, item)
        if (json_is_string(item) && matches_bucket(json_string_value(item), bucket))
            return true;
    return false;
}

char *reply_content_bucket_policy(const json_t *params, const json_t *result)
{
    const char *bucket = json_text(params, "Bucket"), *text = json_text(result, "Policy");
    json_auto_t *policy = text ? reply_content_policy(text) : NULL;
    const json_t *statements = json_object_get(policy, "Statement"), *statement;
    size_t i;

    if (!bucket || json_is_object(statements) || !json_array_size(statements))
        return !bucket || !json_is_object(statements) || speaks_of(statements, bucket)
                   ? NULL
                   : mem_printf("is a policy of another bucket than %s", bucket);
    json_array_foreach(statements, i, statement)
        if (speaks_of(statement, bucket))
            return NULL;
    return mem_printf("is a policy of another bucket than %s", bucket);
}

/* ---- lists of objects ---- */

/* As asked for with EncodingType=url: a blank is "+", as in forms. */
static char *decoded(const char *text, bool encoded)
{
    char *plain = mem_text(text), *result;

    if (!encoded)
        return plain;
    for (char *p = plain; *p; p++)
        if (*p == '+')
            *p = ' ';
    result = str_unescape(plain);
    free(plain);
    return result;
}

/* S3's largest object has 50 TB; sums of what is more would run over. */
static char *check_sizes(const json_t *contents)
{
    static const json_int_t most = 1LL << 47;
    const json_t *item;
    size_t i;

    json_array_foreach(contents, i, item) {
        const json_t *size = json_object_get(item, "Size");
        json_int_t bytes = json_integer_value(size);

        if (size && (bytes < 0 || bytes > most))
            return mem_printf("says of an object that it has %lld bytes", (long long)bytes);
    }
    return NULL;
}

static char *check_below(const json_t *items, const char *member, const char *prefix, bool encoded)
{
    const json_t *item;
    size_t i;

    json_array_foreach(items, i, item) {
        const char *text = json_text(item, member);
        cleanup_free char *key = decoded(text ? text : "", encoded);

        if (strncmp(key, prefix, strlen(prefix)) != 0)
            return mem_printf("names %s, which is not below %s", key, prefix);
    }
    return NULL;
}

char *reply_content_object_list(const json_t *params, const json_t *result)
{
    const char *prefix = json_text(params, "Prefix");
    const json_t *contents = json_object_get(result, "Contents"),
                 *folders = json_object_get(result, "CommonPrefixes"),
                 *count = json_object_get(result, "KeyCount");
    bool encoded = json_text(result, "EncodingType") != NULL;
    size_t have = json_array_size(contents) + json_array_size(folders);
    char *wrong = NULL;

    if (count && json_integer_value(count) != (json_int_t)have)
        return mem_printf("says KeyCount %lld and has %zu", (long long)json_integer_value(count),
                          have);
    wrong = check_sizes(contents);
    if (prefix && !wrong)
        wrong = check_below(contents, "Key", prefix, encoded);
    return !prefix || wrong ? wrong : check_below(folders, "Prefix", prefix, encoded);
}
