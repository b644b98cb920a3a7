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

json_t *reply_content_policy(const char *text)
{
    cleanup_free char *plain =
        text[strspn(text, " \t\r\n")] == '{' ? mem_text(text) : str_unescape(text);
    json_t *policy = json_loads(plain, JSON_REJECT_DUPLICATES, NULL);
    const json_t *statements = json_object_get(policy, "Statement");

    if (json_is_array(statements) || json_is_object(statements))
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
