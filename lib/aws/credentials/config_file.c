/* config_file.c -- the shared config and credentials files: their parser, and what it has read.
 *
 * Not quite INI: comments need a blank before them after a value, lines indented more than a key
 * continue its value (or are nested settings when that value is empty).  What is wrong in a section
 * counts for who uses that section only: files are shared with tools that write what they like. */
#include "aws/credentials/config_file.h"

#include "base/log.h"
#include "base/mem.h"

#include <ctype.h>
#include <string.h>

struct parser {
    struct aws_config *config;
    enum aws_config_kind kind;
    const char *file;
    int line;
    bool in_section;                /* a section was opened, perhaps one that is ignored */
    struct config_section *section; /* NULL: ignored */
    bool in_property;
    size_t indent;                  /* of the key of that property */
    struct aws_config_entry *entry; /* NULL: ignored */
    bool nested;                    /* the entry's own value is empty: lines below are settings */
    struct err *e;
};

/* ---- what was read ---- */

static void free_section(struct config_section *section)
{
    while (section->entries) {
        struct aws_config_entry *entry = section->entries;

        section->entries = entry->next;
        free(entry->key);
        mem_free_secret(entry->text);
        free(entry);
    }
    free(section->name);
    free(section->problem);
    free(section);
}

void config_file_fini(struct aws_config *config)
{
    while (config->sections) {
        struct config_section *section = config->sections;

        config->sections = section->next;
        free_section(section);
    }
    while (config->files) {
        struct config_name *name = config->files;

        config->files = name->next;
        free(name->text);
        free(name);
    }
}

/* Finds or adds. */
static struct config_section *open_section(struct parser *p, enum aws_config_section type,
                                           const char *name, bool prefixed)
{
    struct config_section **at = &p->config->sections;

    for (; *at; at = &(*at)->next)
        if ((*at)->type == type && (*at)->kind == p->kind && (*at)->prefixed == prefixed &&
            strcmp((*at)->name, name) == 0)
            return *at;
    *at = mem_new(sizeof **at);
    (*at)->type = type;
    (*at)->kind = p->kind;
    (*at)->prefixed = prefixed;
    (*at)->name = mem_text(name);
    return *at;
}

struct aws_config_entry *config_file_entry(const struct config_section *section, const char *key)
{
    struct aws_config_entry *entry = section->entries;

    while (entry && strcmp(entry->key, key) != 0)
        entry = entry->next;
    return entry;
}

/* The entry of the open section, made when missing; its older text is gone. */
static struct aws_config_entry *set_entry(struct parser *p, const char *key, const char *text)
{
    struct aws_config_entry *entry = config_file_entry(p->section, key);

    if (!entry) {
        entry = mem_new(sizeof *entry);
        entry->key = mem_text(key);
        entry->next = p->section->entries;
        p->section->entries = entry;
    }
    mem_free_secret(entry->text);
    entry->text = mem_text(text);
    entry->file = p->file;
    entry->line = p->line;
    return entry;
}

/* ---- the parser ---- */

/* Before any section nobody can tell whom it concerns; later it is the section's. */
static int fail(struct parser *p, const char *problem)
{
    if (!p->in_section)
        return err_set(p->e, ERR_INVALID, "%s:%d: %s", p->file, p->line, problem);
    if (p->section && !p->section->problem)
        p->section->problem = mem_printf("%s:%d: %s", p->file, p->line, problem);
    return 0;
}

static char *trim(char *text)
{
    size_t n;

    while (*text && isspace((unsigned char)*text))
        text++;
    n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    return text;
}

bool config_file_is_name(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("-/.%@_:+", *text))
            return false;
    return true;
}

/* Splits "profile  name" at the blank; NULL when word is not the first word. */
static char *after_word(char *text, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(text, word, n) != 0 || !isspace((unsigned char)text[n]))
        return NULL;
    return trim(text + n);
}

/* A name as a shell reads a word: "my build", 'my build', my\ build.  False when it is not exactly
 * one word.  (botocore splits sections so, and `aws configure` writes quotes around blanks.) */
static bool unquote(char *text)
{
    char *to = text, quote = '\0';

    for (; *text; text++) {
        if (!quote && isspace((unsigned char)*text))
            return false;
        if (quote ? *text == quote : *text == '\'' || *text == '"') {
            quote = (char)(quote ? '\0' : *text);
            continue;
        }
        if (*text == '\\' && quote != '\'' && text[1])
            text++;
        *to++ = *text;
    }
    *to = '\0';
    return !quote;
}

/* The name in a header of the config file, NULL when it is no section of ours. */
static char *config_name(char *inner, enum aws_config_section *type, bool *prefixed)
{
    char *name;

    *prefixed = false;
    *type = AWS_SECTION_PROFILE;
    if (strcmp(inner, "default") == 0)
        return inner;
    if ((name = after_word(inner, "profile")) != NULL)
        *prefixed = true;
    else if ((name = after_word(inner, "services")) != NULL)
        *type = AWS_SECTION_SERVICES;
    else if ((name = after_word(inner, "sso-session")) != NULL)
        *type = AWS_SECTION_SSO_SESSION;
    return name && unquote(name) ? name : NULL;
}

static void begin_section(struct parser *p, char *inner)
{
    enum aws_config_section type = AWS_SECTION_PROFILE;
    bool prefixed = false;
    char *name = inner;

    p->in_section = true;
    p->in_property = false;
    p->section = NULL;
    if (p->kind == AWS_CONFIG_FILE)
        name = config_name(inner, &type, &prefixed);
    else if (after_word(inner, "profile"))
        name = NULL;
    if (name && *name)
        p->section = open_section(p, type, name, prefixed);
    else
        log_debug("config_section_ignored", "{s:s, s:i}", "file", p->file, "line", p->line);
}

/* The ] that ends a header; one in quotes is part of the name. */
static char *header_end(char *header)
{
    char quote = '\0';

    for (char *c = header; *c; c++) {
        if (quote ? *c == quote : *c == '\'' || *c == '"')
            quote = (char)(quote ? '\0' : *c);
        else if (!quote && *c == ']')
            return c;
    }
    return strchr(header, ']');
}

/* What stands behind the ] is a comment, whatever it is. */
static int parse_section(struct parser *p, char *line)
{
    char *end = header_end(line);

    if (end)
        *end = '\0';
    else
        line[strcspn(line, "#;")] = '\0';
    begin_section(p, trim(line + 1));
    return end ? 0 : fail(p, "Profile definition must end with ']'");
}

/* After a value a comment starts at # or ; that follows a blank. */
static void cut_comment(char *line)
{
    for (char *c = line; *c; c++)
        if ((*c == ' ' || *c == '\t') && (c[1] == '#' || c[1] == ';')) {
            *c = '\0';
            return;
        }
}

static int parse_property(struct parser *p, char *line, size_t indent)
{
    char *equals, *key, *value;

    if (!p->in_section)
        return fail(p, "Expected a profile definition");
    p->in_property = true;
    p->indent = indent;
    p->nested = false;
    p->entry = NULL;
    cut_comment(line);
    equals = strchr(line, '=');
    if (!equals)
        return fail(p, "Expected an '=' sign defining a property");
    *equals = '\0';
    key = trim(line);
    value = trim(equals + 1);
    if (!*key)
        return fail(p, "Property did not have a name");
    for (char *c = key; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    p->nested = !*value;
    if (p->section && config_file_is_name(key))
        p->entry = set_entry(p, key, value);
    return 0;
}

static int parse_continuation(struct parser *p, char *line)
{
    char *text = trim(line), *joined;
    const char *equals = strchr(text, '=');

    if (!p->in_section)
        return fail(p, "Expected a profile definition");
    if (!p->in_property)
        return fail(p, "Expected a property definition, found continuation");
    if (p->nested && !equals)
        return fail(p, "Expected an '=' sign defining a sub-property");
    if (p->nested && equals == text)
        return fail(p, "Sub-property did not have a name");
    if (!p->entry)
        return 0;
    joined = mem_printf("%s\n%s", p->entry->text, text);
    mem_free_secret(p->entry->text);
    p->entry->text = joined;
    return 0;
}

static int parse_line(struct parser *p, char *line)
{
    size_t blanks = strspn(line, " \t\r\v\f");

    if (!line[blanks] || line[blanks] == '#' || line[blanks] == ';')
        return 0;
    if (*line == '[')
        return parse_section(p, line);
    /* The first key of a section may be indented: it is the measure of the lines below it. */
    if (p->in_property ? blanks > p->indent : blanks && !strchr(line, '='))
        return parse_continuation(p, line);
    return parse_property(p, line, blanks);
}

/* "[profile default]" voids "[default]" of the same file. */
static void drop_plain_default(struct aws_config *config)
{
    bool prefixed = false;

    for (struct config_section *s = config->sections; s; s = s->next)
        prefixed = prefixed || (s->prefixed && strcmp(s->name, "default") == 0);
    for (struct config_section *s = config->sections; s && prefixed; s = s->next)
        if (s->kind == AWS_CONFIG_FILE && s->type == AWS_SECTION_PROFILE && !s->prefixed)
            s->name[0] = '\0';
}

static const char *keep_name(struct aws_config *config, const char *file)
{
    struct config_name *name = mem_new(sizeof *name);

    name->text = mem_text(file);
    name->next = config->files;
    config->files = name;
    return name->text;
}

int config_file_parse(struct aws_config *config, enum aws_config_kind kind, const char *file,
                      const char *text, struct err *e)
{
    struct parser p = {.config = config, .kind = kind, .e = e};
    char *copy = mem_text(text), *line = copy;
    int status = 0;

    if (!strncmp(line, "\xef\xbb\xbf", 3)) /* a byte order mark */
        line += 3;

    p.file = keep_name(config, file);
    while (line && !status) {
        char *end = strchr(line, '\n');

        if (end)
            *end = '\0';
        p.line++;
        status = parse_line(&p, line);
        line = end ? end + 1 : NULL;
    }
    /* The parser has put NULs into the copy, so its secrets are wiped by length. */
    explicit_bzero(copy, strlen(text));
    free(copy);
    drop_plain_default(config);
    return status;
}
