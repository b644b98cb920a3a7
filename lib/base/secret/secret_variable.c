/* secret_variable.c -- what of an environment variable is secret: by its name, or by what it is. */
#include "base/secret/secret_variable.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

bool secret_variable_is_secret(const char *name)
{
    static const char *const parts[] = {"SECRET",     "PASSWORD", "PASSWD",
                                        "PASSPHRASE", "TOKEN",    "CREDENTIAL"};
    static const char *const ends[] = {"ACCESS_KEY", "PRIVATE_KEY", "API_KEY",
                                       "APIKEY",     "_PASS",       "_PWD"};
    static const char *const places[] = {"_FILE",       "_PATH",    "_DIR",   "_DIRECTORY",
                                         "_URL",        "_URI",     "_ARN",   "_NAME",
                                         "_EXPIRATION", "_PROCESS", "_SOURCE"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (str_ends_with(name, places[i]))
            return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(name, parts[i]))
            return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends_with(name, ends[i]))
            return true;
    return false;
}

bool secret_variable_is_private_key(const char *text)
{
    const char *begin = strstr(text, "-----BEGIN ");

    return begin && strstr(begin, "PRIVATE KEY");
}

/* "u:p" of postgres://u:p@host; in paths of S3 an @ is a letter like others. */
static char *user_of_any_url(const char *value)
{
    const char *start = strstr(value, "://");
    bool is_s3 = start && start - value >= 2 && !strncmp(start - 2, "s3", 2);
    size_t length = start && !is_s3 ? strcspn(start + 3, "/?# \t\n\"'<>") : 0;
    const char *at = length ? memrchr(start + 3, '@', length) : NULL;

    return at && at - start - 3 >= SECRET_SHORTEST ? mem_text_n(start + 3, (size_t)(at - start - 3))
                                                   : NULL;
}

/* "u:p" of http_proxy and AWS_ENDPOINT_URL: what stands before the @, with or without a scheme. */
static char *user_of_url(const char *name, const char *value)
{
    const char *start = strstr(value, "://"), *at = strrchr(value, '@');

    if (strncmp(name, "AWS_ENDPOINT_URL", 16) != 0 && !str_ends_with(name, "_proxy") &&
        !str_ends_with(name, "_PROXY"))
        return user_of_any_url(value);
    if (!at)
        return NULL;
    start = start && start < at ? start + 3 : value;
    return mem_text_n(start, (size_t)(at - start));
}

static void add_user(const char *name, const char *user,
                     void (*add)(const char *name, const char *secret))
{
    const char *colon = strchr(user, ':');
    cleanup_free char *plain = colon ? str_unescape(colon + 1) : NULL;

    if (!colon)
        return;
    add(name, user);
    if (strlen(colon + 1) >= SECRET_SHORTEST)
        add(name, colon + 1);
    if (plain && strlen(plain) >= SECRET_SHORTEST)
        add(name, plain);
}

void secret_variable_each(const char *name, const char *value,
                          void (*add)(const char *name, const char *secret))
{
    cleanup_free char *user = user_of_url(name, value);

    if (user)
        add_user(name, user, add);
    if ((secret_variable_is_secret(name) || secret_variable_is_private_key(value)) &&
        strlen(value) >= SECRET_SHORTEST)
        add(name, value);
}
