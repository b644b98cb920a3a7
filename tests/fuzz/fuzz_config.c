/* The shared config and credentials files: entries have their places, keys come out of a whole
 * chain or an error says which line is wrong, and no error tells a secret.  Profile, config file,
 * credentials file, each with a NUL behind it. */
#include "fuzz.h"

#include "aws/credentials/config_file.h"
#include "aws/credentials/provider.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_LENGTH = 16 }; /* shorter values may stand in an error by chance */

static int lines_of(const char *text)
{
    int lines = 1;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void check_told(const struct aws_config *config, const struct err *e)
{
    if (e->kind == ERR_NONE)
        return;
    fuzz_error(e);
    for (const struct config_section *s = config->sections; s; s = s->next)
        for (const struct aws_config_entry *entry = s->entries; entry; entry = entry->next)
            if ((strstr(entry->key, "secret") || !strcmp(entry->key, "aws_session_token")) &&
                strlen(entry->text) >= SECRET_LENGTH)
                must(!strstr(e->text, entry->text));
}

static void check_section(void *arg, enum aws_config_section section, const char *name,
                          const struct aws_config_entry *first)
{
    const int *lines = arg;

    must(config_file_is_name(name) && section <= AWS_SECTION_SSO_SESSION);
    for (; first; first = first->next) {
        must(first->text && first->line >= 1);
        must(first->line <= lines[!strcmp(first->file, "credentials")]);
        for (const char *c = first->key; *c; c++)
            must(!isupper((unsigned char)*c));
    }
}

static void resolve(const struct aws_config *config)
{
    struct aws_chain chain = {0};
    struct err e = {0};

    if (aws_provider_resolve(config, &chain, &e))
        check_told(config, &e);
    else
        must(chain.source && (chain.origin.kind != AWS_ORIGIN_KEYS ||
                              (chain.keys.access_key_id && chain.keys.secret_access_key)));
    aws_chain_fini(&chain);
}

static void check_settings(const struct aws_config *config)
{
    cleanup_free char *url = NULL, *origin = NULL;
    struct err e = {0};
    bool flag = false;
    int number = 7;

    (void)aws_config_region(config);
    if (!aws_config_endpoint(config, "CLOUDWATCH_LOGS", &url, &origin, &e))
        must(!url == !origin);
    check_told(config, &e);
    err_clear(&e);
    (void)aws_config_flag(config, (struct aws_config_setting){"FUZZ_NONE", "use_fips_endpoint"},
                          &flag, &e);
    check_told(config, &e);
    err_clear(&e);
    if (!aws_config_number(config, (struct aws_config_setting){"FUZZ_NONE", "max_attempts"}, 100,
                           &number, &e))
        must(number >= 1 && number <= 100);
    check_told(config, &e);
}

FUZZ_TARGET(config)
{
    struct fuzz_input input = {data, size};
    cleanup_free char *profile = fuzz_text(&input), *text = fuzz_text(&input);
    cleanup_free char *secret = fuzz_text(&input);
    struct aws_config *config = aws_config_new();
    int lines[] = {lines_of(text), lines_of(secret)}, status;
    struct err e = {0};

    (void)setenv("AWS_PROFILE", profile, 1);
    (void)setenv("HOME", "/nonexistent", 1);
    (void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    status = config_file_parse(config, AWS_CONFIG_FILE, "config", text, &e) ||
             config_file_parse(config, AWS_CREDENTIALS_FILE, "credentials", secret, &e);
    must(!status == (e.kind == ERR_NONE));
    check_told(config, &e);
    aws_config_each(config, check_section, lines);
    if (!status) {
        resolve(config);
        check_settings(config);
    }
    aws_config_free(config);
}
