/* The SDKs' parser and file location cases, precedence, and that errors name their line. */
#include "aws/credentials/config_file.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *document = json_load_file(path, 0, &error);

    if (!document) {
        fprintf(stderr, "%s: %s\n", path, error.text);
        exit(1);
    }
    return document;
}

static void add_section(void *arg, enum aws_config_section section, const char *name,
                        const struct aws_config_entry *first)
{
    static const char *const groups[] = {
        [AWS_SECTION_PROFILE] = "profiles",
        [AWS_SECTION_SERVICES] = "services",
        [AWS_SECTION_SSO_SESSION] = "sso_sessions",
    };
    json_t *group = json_object_get(arg, groups[section]), *profile;

    if (!group) {
        group = json_object();
        json_object_set_new(arg, groups[section], group);
    }
    if (!json_object_get(group, name))
        json_object_set_new(group, name, json_object());
    profile = json_object_get(group, name);
    for (; first; first = first->next) /* the merged value, not this file's */
        json_object_set_new(profile, first->key, json_string(""));
}

/* What the public look-up gives for every name seen. */
static json_t *dump(const struct aws_config *config)
{
    json_t *all = json_pack("{s:{}}", "profiles"), *group, *profile, *value;
    const char *group_name, *name, *key;

    aws_config_each(config, add_section, all);
    json_object_foreach(all, group_name, group)
        json_object_foreach(group, name, profile)
            json_object_foreach(profile, key, value)
                json_string_set(value, aws_config_find(config,
                                                       strcmp(group_name, "profiles") == 0
                                                           ? AWS_SECTION_PROFILE
                                                           : AWS_SECTION_SSO_SESSION,
                                                       name, key)
                                           ->text);
    return all;
}

static void run_parser_case(const json_t *item)
{
    const json_t *input = json_object_get(item, "input"), *output = json_object_get(item, "output");
    const char *text = json_text(input, "configFile"),
               *secret = json_text(input, "credentialsFile");
    const char *want = json_text(output, "errorContaining");
    struct aws_config *config = aws_config_new();
    struct err e = {0};
    int status = 0;

    if (text)
        status = config_file_parse(config, AWS_CONFIG_FILE, "config", text, &e);
    if (secret && !status)
        status = config_file_parse(config, AWS_CREDENTIALS_FILE, "credentials", secret, &e);
    for (const struct config_section *s = config->sections; s && !status; s = s->next)
        status = aws_config_check(config, s->type, s->name, &e); /* as if it were chosen */
    if (want) {
        CHECK(status == -1 && e.kind == ERR_INVALID);
        CHECK(strstr(e.text, want) && strncmp(e.text, "config:", 7) == 0);
    } else {
        json_auto_t *have = dump(config);

        CHECK_TEXT(e.text, "");
        if (!json_same(have, json_object_get(output, "config"))) {
            cleanup_free char *shown = json_canonical(have);

            CHECK_TEXT(shown, json_text(item, "name"));
        }
    }
    aws_config_free(config);
}

static void test_parser(void)
{
    json_auto_t *document = load("tests/vectors/credentials/profile-parser-tests.json");
    const json_t *tests = json_object_get(document, "tests"), *item;
    size_t i;

    CHECK_INT(json_array_size(tests), 65);
    json_array_foreach(tests, i, item)
        run_parser_case(item);
}

/* wanted ends with NULL. */
static void check_places(enum aws_config_kind kind, const char *const *wanted)
{
    char *places[AWS_CONFIG_PLACES + 1];
    size_t n = 0;

    aws_config_places(kind, places);
    for (; *wanted; wanted++)
        CHECK_TEXT(places[n++], *wanted);
    CHECK(!places[n]);
    for (n = 0; places[n]; n++)
        free(places[n]);
}

/* systemd's LoadCredential goes before the home, and after what is named. */
static void test_handed_over(void)
{
    clearenv();
    setenv("HOME", "/h", 1);
    setenv("CREDENTIALS_DIRECTORY", "/run/c", 1);
    check_places(AWS_CREDENTIALS_FILE,
                 (const char *[]){"/run/c/aws_credentials", "/run/c/aws-credentials", "/run/c/aws",
                                  "/h/.aws/credentials", NULL});
    check_places(AWS_CONFIG_FILE, (const char *[]){"/run/c/aws_config", "/run/c/aws-config",
                                                   "/h/.aws/config", NULL});
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/x", 1);
    check_places(AWS_CREDENTIALS_FILE, (const char *[]){"/x", NULL});
    clearenv();
}

/* Skipped: the cases of other platforms than linux. */
static void test_locations(void)
{
    json_auto_t *document = load("tests/vectors/credentials/file-location-tests.json");
    const json_t *item, *value;
    const char *name;
    size_t i, count = 0;

    json_array_foreach(json_object_get(document, "tests"), i, item) {
        if (strcmp(json_text(item, "platform"), "linux") != 0)
            continue;
        count++;
        clearenv();
        json_object_foreach(json_object_get(item, "environment"), name, value)
            setenv(name, json_string_value(value), 1);
        check_places(AWS_CONFIG_FILE, (const char *[]){json_text(item, "configLocation"), NULL});
        check_places(AWS_CREDENTIALS_FILE,
                     (const char *[]){json_text(item, "credentialsLocation"), NULL});
        if (json_text(item, "profile"))
            CHECK_TEXT(aws_config_profile(), json_text(item, "profile"));
    }
    CHECK_INT(count, 4);
    clearenv();
}

static struct aws_config *parsed(const char *text)
{
    struct aws_config *config = aws_config_new();
    struct err e = {0};

    CHECK_INT(config_file_parse(config, AWS_CONFIG_FILE, "config", text, &e), 0);
    return config;
}

/* What a profile says, and what of a file that other tools wrote does not matter to it. */
static void test_as_the_cli_reads(void)
{
    static const char text[] =
        "\xef\xbb\xbf[default]\r\n  region = eu-west-1\r\n  # a comment\r\n  s3 =\r\n"
        "    addressing_style = path\r\n    ; another\r\n    max = 1\r\n  output = json\r\n"
        "[profile 'my build'] # as `aws configure` writes it\n    role_arn = arn:x\n"
        "    source_profile = my base\n"
        "[profile \"a ] b\"]\nregion = eu-west-2\n"
        "[profile other] /* x */\nregion = eu-west-3\n"
        "[profile three words]\nregion = eu-west-4\n"
        "[profile junk]\nregion = eu-west-5\n<<<<<<< HEAD\nregion\n = 1\n"
        "[profile open\nregion = eu-west-6\n"
        "[profile 'not closed]\nregion = eu-west-7\n[profile last]\nregion = eu-west-8\n";
    struct aws_config *config = aws_config_new();
    const struct aws_config_entry *s3;
    cleanup_free char *style = NULL, *most = NULL;
    struct err e = {0};

    CHECK_INT(config_file_parse(config, AWS_CONFIG_FILE, "config", text, &e), 0);
    CHECK_INT(config_file_parse(config, AWS_CREDENTIALS_FILE, "credentials",
                                "[my base]\n\taws_access_key_id = AKIDX\n\taws_secret_access_key = "
                                "verysecret\n[profile last]\nregion = no\n",
                                &e),
              0);
#define REGION(profile) aws_config_find(config, AWS_SECTION_PROFILE, profile, "region")->text
    CHECK_TEXT(REGION("default"), "eu-west-1");
    CHECK_TEXT(aws_config_find(config, AWS_SECTION_PROFILE, "default", "output")->text, "json");
    s3 = aws_config_find(config, AWS_SECTION_PROFILE, "default", "s3");
    style = aws_config_nested(s3, "addressing_style");
    most = aws_config_nested(s3, "max");
    CHECK_TEXT(style, "path");
    CHECK_TEXT(most, "1");
    CHECK_TEXT(aws_config_find(config, AWS_SECTION_PROFILE, "my build", "source_profile")->text,
               "my base");
    CHECK_TEXT(
        aws_config_find(config, AWS_SECTION_PROFILE, "my base", "aws_secret_access_key")->text,
        "verysecret");
    CHECK_TEXT(REGION("a ] b"), "eu-west-2");
    CHECK_TEXT(REGION("other"), "eu-west-3");
    CHECK_TEXT(REGION("last"), "eu-west-8");
    CHECK(!aws_config_has(config, AWS_SECTION_PROFILE, "three words"));
    CHECK_INT(aws_config_check(config, AWS_SECTION_PROFILE, "other", &e), 0);
    CHECK_INT(aws_config_check(config, AWS_SECTION_PROFILE, "last", &e), 0);
    CHECK_INT(aws_config_check(config, AWS_SECTION_PROFILE, "junk", &e), -1);
    CHECK_TEXT(e.text, "config:20: Expected an '=' sign defining a property");
    err_clear(&e);
    CHECK_INT(aws_config_check(config, AWS_SECTION_PROFILE, "open", &e), -1);
    CHECK_TEXT(e.text, "config:23: Profile definition must end with ']'");
    aws_config_free(config);
}

static void test_values(void)
{
    struct aws_config *config = parsed("[default]\nregion = eu-west-1\nflag = maybe\n"
                                       "max_attempts = 0\n[profile b]\nregion = \nflag = TRUE\n");
    struct err e = {0};
    bool flag;
    int number = 7;

    clearenv();
    CHECK_TEXT(aws_config_region(config), "eu-west-1");
    setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
    CHECK_TEXT(aws_config_region(config), "eu-west-2");
    setenv("AWS_REGION", "eu-west-3", 1);
    CHECK_TEXT(aws_config_region(config), "eu-west-3");
    CHECK_INT(aws_config_flag(config, (struct aws_config_setting){NULL, "flag"}, &flag, &e), -1);
    CHECK_TEXT(e.text, "config:3: flag: must be true or false, not \"maybe\"");
    err_clear(&e);
    CHECK_INT(aws_config_number(config,
                                (struct aws_config_setting){"AWS_MAX_ATTEMPTS", "max_attempts"}, 9,
                                &number, &e),
              -1);
    CHECK_TEXT(e.text, "config:4: max_attempts: must be a number from 1 to 9, not \"0\"");
    err_clear(&e);
    setenv("AWS_MAX_ATTEMPTS", "4", 1);
    CHECK_INT(aws_config_number(config,
                                (struct aws_config_setting){"AWS_MAX_ATTEMPTS", "max_attempts"}, 9,
                                &number, &e),
              0);
    CHECK_INT(number, 4);
    clearenv();
    setenv("AWS_PROFILE", "b", 1);
    CHECK_INT(aws_config_flag(config, (struct aws_config_setting){NULL, "flag"}, &flag, &e), 0);
    CHECK(flag);
    CHECK(!aws_config_region(config));
    setenv("AWS_SOME_FLAG", "no", 1);
    CHECK_INT(
        aws_config_flag(config, (struct aws_config_setting){"AWS_SOME_FLAG", "flag"}, &flag, &e),
        -1);
    CHECK_TEXT(e.text, "AWS_SOME_FLAG: must be true or false, not \"no\"");
    clearenv();
    aws_config_free(config);
}

static void test_files(void)
{
    char dir[] = "/tmp/test_config.XXXXXX", path[128];
    struct aws_config *config;
    struct err e = {0};
    FILE *file;

    clearenv();
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/config", dir);
    setenv("AWS_CONFIG_FILE", path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
    config = aws_config_load(&e);
    CHECK(config != NULL);
    aws_config_free(config);
    file = fopen(path, "w");
    fputs("[default]\nregion = eu-west-1\n\nregion\n", file);
    fclose(file);
    CHECK(!aws_config_load(&e));
    strcat(path, ":4: Expected an '=' sign defining a property");
    CHECK_TEXT(e.text, path);
    err_clear(&e);
    setenv("AWS_CONFIG_FILE", dir, 1);
    CHECK(!aws_config_load(&e) && strstr(e.text, "directory"));
    *strchr(path, ':') = '\0';
    unlink(path);
    rmdir(dir);
    clearenv();
}

int main(void)
{
    test_parser();
    test_locations();
    test_handed_over();
    test_as_the_cli_reads();
    test_values();
    test_files();
    return check_done();
}
