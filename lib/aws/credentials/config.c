/* config.c -- settings out of the environment and the shared files: which of them wins, and what is
 * a usable value. */
#include "aws/credentials/config.h"

#include "aws/credentials/config_file.h"
#include "aws/local/secret_file.h"
#include "base/mem.h"
#include "base/secret/secret.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { FILE_LIMIT = 1 << 20 };

struct aws_config *aws_config_new(void)
{
    return mem_new(sizeof(struct aws_config));
}

void aws_config_free(struct aws_config *config)
{
    if (config)
        config_file_fini(config);
    free(config);
}

/* ---- the files ---- */

struct aws_config_files {
    struct config_place {
        char *paths[AWS_CONFIG_PLACES + 1];
        const char *path; /* one of them: the file that was read, NULL when there is none */
        struct secret_file file;
    } places[2]; /* by enum aws_config_kind */
};

void aws_config_places(enum aws_config_kind kind, char *places[static AWS_CONFIG_PLACES + 1])
{
    static const char *const names[2][4] = {{"aws_config", "aws-config", NULL},
                                            {"aws_credentials", "aws-credentials", "aws", NULL}};
    bool config = kind == AWS_CONFIG_FILE;
    const char *path =
        aws_config_variable(config ? "AWS_CONFIG_FILE" : "AWS_SHARED_CREDENTIALS_FILE");
    const char *handed = aws_config_variable("CREDENTIALS_DIRECTORY");
    const char *home = aws_config_variable("HOME");
    size_t n = 0;

    memset(places, 0, (AWS_CONFIG_PLACES + 1) * sizeof *places);
    if (path) {
        places[0] = mem_text(path);
        return;
    }
    for (const char *const *name = names[kind]; handed && *name; name++)
        places[n++] = mem_printf("%s/%s", handed, *name);
    if (home)
        places[n] = mem_printf("%s/.aws/%s", home, config ? "config" : "credentials");
}

struct aws_config_files *aws_config_files_new(void)
{
    struct aws_config_files *files = mem_new(sizeof *files);

    aws_config_places(AWS_CONFIG_FILE, files->places[AWS_CONFIG_FILE].paths);
    aws_config_places(AWS_CREDENTIALS_FILE, files->places[AWS_CREDENTIALS_FILE].paths);
    return files;
}

void aws_config_files_read(struct aws_config_files *files)
{
    for (size_t i = 0; i < 2; i++) {
        struct config_place *place = &files->places[i];

        for (char **path = place->paths; *path && !place->path; path++)
            if (secret_file_read(*path, FILE_LIMIT, &place->file))
                place->path = *path;
    }
}

static void upper_case(char *text)
{
    for (; *text; text++)
        *text = (char)toupper((unsigned char)*text);
}

/* Those of other profiles are nobody's business either, and a secret of a profile may stand where
 * it was not meant to. */
static void learn_secrets(const struct aws_config *config)
{
    for (const struct config_section *s = config->sections; s; s = s->next)
        for (const struct aws_config_entry *entry = s->entries; entry; entry = entry->next) {
            cleanup_free char *name = mem_text(entry->key);

            upper_case(name);
            if (secret_is_name(name))
                secret_learn_lasting(entry->text);
        }
}

struct aws_config *aws_config_parse(const struct aws_config_files *files, struct err *e)
{
    struct aws_config *config = aws_config_new();
    int status = 0;

    for (size_t i = 0; i < 2 && !status; i++) {
        const struct config_place *place = &files->places[i];

        if (place->path && !place->file.text)
            status = err_set(e, ERR_INVALID, "%s: %s", place->path, place->file.why);
        else if (place->path)
            status = config_file_parse(config, (enum aws_config_kind)i, place->path,
                                       place->file.text, e);
    }
    learn_secrets(config);
    if (!status && !aws_config_check(config, AWS_SECTION_PROFILE, aws_config_profile(), e))
        return config;
    aws_config_free(config);
    return NULL;
}

void aws_config_files_free(struct aws_config_files *files)
{
    for (size_t i = 0; i < 2; i++) {
        for (char **path = files->places[i].paths; *path; path++)
            free(*path);
        secret_file_fini(&files->places[i].file);
    }
    free(files);
}

struct aws_config *aws_config_load(struct err *e)
{
    struct aws_config_files *files = aws_config_files_new();
    struct aws_config *config;

    aws_config_files_read(files);
    config = aws_config_parse(files, e);
    aws_config_files_free(files);
    return config;
}

/* ---- settings ---- */

const char *aws_config_variable(const char *name)
{
    const char *text = getenv(name);

    return text && text[strspn(text, " \t\r\n")] ? text : NULL;
}

const char *aws_config_profile(void)
{
    const char *name = aws_config_variable("AWS_PROFILE");

    return name ? name : "default";
}

bool aws_config_has(const struct aws_config *config, enum aws_config_section section,
                    const char *name)
{
    for (const struct config_section *s = config->sections; s; s = s->next)
        if (s->type == section && strcmp(s->name, name) == 0)
            return true;
    return false;
}

int aws_config_check(const struct aws_config *config, enum aws_config_section section,
                     const char *name, struct err *e)
{
    for (const struct config_section *s = config->sections; s; s = s->next)
        if (s->type == section && s->problem && strcmp(s->name, name) == 0)
            return err_set(e, ERR_INVALID, "%s", s->problem);
    return 0;
}

const struct aws_config_entry *aws_config_find(const struct aws_config *config,
                                               enum aws_config_section section, const char *name,
                                               const char *key)
{
    const struct aws_config_entry *found = NULL;

    for (const struct config_section *s = config->sections; s; s = s->next) {
        const struct aws_config_entry *entry;

        if (s->type != section || strcmp(s->name, name) != 0)
            continue;
        entry = config_file_entry(s, key);
        if (entry && (!found || s->kind == AWS_CREDENTIALS_FILE))
            found = entry;
    }
    return found;
}

const struct aws_config_entry *aws_config_entry(const struct aws_config *config,
                                                const char *profile, const char *key)
{
    const struct aws_config_entry *entry =
        aws_config_find(config, AWS_SECTION_PROFILE, profile, key);

    return entry && entry->text[strspn(entry->text, " \t")] ? entry : NULL;
}

int aws_config_wrong(const struct aws_config_entry *entry, const char *problem, struct err *e)
{
    return err_set(e, ERR_INVALID, "%s:%d: %s: %s", entry->file, entry->line, entry->key, problem);
}

static const struct aws_config_entry *profile_entry(const struct aws_config *config,
                                                    const char *key)
{
    const struct aws_config_entry *entry =
        aws_config_find(config, AWS_SECTION_PROFILE, aws_config_profile(), key);

    return entry && *entry->text ? entry : NULL;
}

const char *aws_config_text(const struct aws_config *config, const char *key)
{
    const struct aws_config_entry *entry = profile_entry(config, key);

    return entry ? entry->text : NULL;
}

char *aws_config_nested(const struct aws_config_entry *entry, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = strchr(entry->text, '\n'); line; line = strchr(line, '\n')) {
        const char *value;

        line++;
        if (strncasecmp(line, key, length) != 0)
            continue;
        value = line + length + strspn(line + length, " \t");
        if (*value++ != '=')
            continue;
        value += strspn(value, " \t");
        return mem_text_n(value, strcspn(value, "\n"));
    }
    return NULL;
}

void aws_config_each(const struct aws_config *config,
                     void (*visit)(void *arg, enum aws_config_section section, const char *name,
                                   const struct aws_config_entry *first),
                     void *arg)
{
    for (const struct config_section *s = config->sections; s; s = s->next)
        if (config_file_is_name(s->name))
            visit(arg, s->type, s->name, s->entries);
}

/* The text of a variable, else of a profile key; *origin (new text) says which. */
static const char *text_of(const struct aws_config *config, struct aws_config_setting setting,
                           char **origin)
{
    const char *text = setting.variable ? aws_config_variable(setting.variable) : NULL;
    const struct aws_config_entry *entry = NULL;

    if (text) {
        *origin = mem_text(setting.variable);
        return text;
    }
    if (setting.key && (entry = profile_entry(config, setting.key)) != NULL)
        *origin = mem_printf("%s:%d: %s", entry->file, entry->line, setting.key);
    return entry ? entry->text : NULL;
}

int aws_config_word(const char *text, const char *const *words)
{
    size_t length;

    text += strspn(text, " \t\r\n");
    for (length = strlen(text); length && strchr(" \t\r\n", text[length - 1]); length--)
        ;
    for (int i = 0; words[i]; i++)
        if (strlen(words[i]) == length && strncasecmp(text, words[i], length) == 0)
            return i;
    return -1;
}

/* "standard, legacy or adaptive"; new text. */
static char *words_text(const char *const *words)
{
    struct str text = {0};

    for (size_t i = 0; words[i]; i++)
        str_addf(&text, "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
    return str_take(&text);
}

int aws_config_choice(const struct aws_config *config, struct aws_config_setting setting,
                      const char *const *words, int *index, struct err *e)
{
    cleanup_free char *origin = NULL, *all = NULL;
    const char *text = text_of(config, setting, &origin);

    *index = text ? aws_config_word(text, words) : -1;
    if (!text || *index >= 0)
        return 0;
    all = words_text(words);
    return err_set(e, ERR_INVALID, "%s: must be %s, not \"%s\"", origin, all, text);
}

int aws_config_flag(const struct aws_config *config, struct aws_config_setting setting, bool *flag,
                    struct err *e)
{
    static const char *const words[] = {"true", "false", NULL};
    int index, status = aws_config_choice(config, setting, words, &index, e);

    *flag = !status && index == 0;
    return status;
}

int aws_config_number(const struct aws_config *config, struct aws_config_setting setting, int most,
                      int *number, struct err *e)
{
    cleanup_free char *origin = NULL;
    const char *text = text_of(config, setting, &origin);
    char *end;
    long value;

    if (!text)
        return 0;
    value = strtol(text, &end, 10);
    if (*end || value < 1 || value > most)
        return err_set(e, ERR_INVALID, "%s: must be a number from 1 to %d, not \"%s\"", origin,
                       most, text);
    *number = (int)value;
    return 0;
}

const char *aws_config_region(const struct aws_config *config)
{
    const char *region = aws_config_variable("AWS_REGION");

    if (!region)
        region = aws_config_variable("AWS_DEFAULT_REGION");
    return region ? region : aws_config_text(config, "region");
}

/* The profile's "services = NAME" leads to [services NAME]; 1 when it names this service's URL. */
static int services_endpoint(const struct aws_config *config, const char *config_id, char **url,
                             char **origin, struct err *e)
{
    const struct aws_config_entry *services = profile_entry(config, "services"), *entry;
    cleanup_free char *service = mem_text(config_id);

    if (!services)
        return 0;
    if (!aws_config_has(config, AWS_SECTION_SERVICES, services->text))
        return err_set(e, ERR_INVALID, "%s:%d: there is no section [services %s]", services->file,
                       services->line, services->text);
    if (aws_config_check(config, AWS_SECTION_SERVICES, services->text, e))
        return -1;
    for (char *c = service; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    entry = aws_config_find(config, AWS_SECTION_SERVICES, services->text, service);
    if (!entry || (*url = aws_config_nested(entry, "endpoint_url")) == NULL)
        return 0;
    *origin = mem_printf("%s:%d", entry->file, entry->line);
    return 1;
}

int aws_config_endpoint(const struct aws_config *config, const char *config_id, char **url,
                        char **origin, struct err *e)
{
    cleanup_free char *variable = mem_printf("AWS_ENDPOINT_URL_%s", config_id);
    const char *text;
    bool ignored;
    int found;

    *url = *origin = NULL;
    if (aws_config_flag(config,
                        (struct aws_config_setting){"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                                    "ignore_configured_endpoint_urls"},
                        &ignored, e))
        return -1;
    if (ignored)
        return 0;
    text = text_of(config, (struct aws_config_setting){variable, NULL}, origin);
    if (!text)
        text = text_of(config, (struct aws_config_setting){"AWS_ENDPOINT_URL", NULL}, origin);
    if (!text) {
        found = services_endpoint(config, config_id, url, origin, e);
        if (found)
            return found < 0 ? -1 : 0;
        text = text_of(config, (struct aws_config_setting){NULL, "endpoint_url"}, origin);
    }
    *url = mem_text(text);
    return 0;
}
