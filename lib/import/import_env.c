#include "import/import_env.h"

#include "base/mem.h"
#include "base/str.h"
#include "yaml/yaml.h"

#include <ctype.h>
#include <string.h>

struct reading {
    const char *path, *text, *at;
    int line;
};

static int column_of(const struct reading *r, const char *at)
{
    const char *start = at;

    while (start > r->text && start[-1] != '\n')
        start--;
    return (int)(at - start) + 1;
}

static bool is_ours(const char *name)
{
    return !strncmp(name, "BILLING_", 8) || !strcmp(name, "AWS_REGION");
}

/* A quoted part, its closing quote skipped; -1 when there is none. */
static int add_quoted(struct reading *r, struct str *value, struct err *e)
{
    const char *open = r->at;
    char quote = *r->at++;
    int line = r->line;

    while (*r->at && *r->at != quote) {
        if (quote == '"' && *r->at == '\\' && r->at[1] && strchr("\"\\$`", r->at[1]))
            r->at++;
        r->line += *r->at == '\n';
        str_add_char(value, *r->at++);
    }
    if (!*r->at)
        return err_set(e, ERR_INVALID, "%s:%d:%d: this quote is never closed", r->path, line,
                       column_of(r, open));
    r->at++;
    return 0;
}

/* The value behind "=", to the end of its word. */
static int read_value(struct reading *r, struct str *value, struct err *e)
{
    while (*r->at && !strchr(" \t\r\n;", *r->at)) {
        if (*r->at == '\'' || *r->at == '"') {
            if (add_quoted(r, value, e))
                return -1;
            continue;
        }
        if (*r->at == '\\' && r->at[1] && r->at[1] != '\n')
            r->at++;
        str_add_char(value, *r->at++);
    }
    return 0;
}

static void skip_line(struct reading *r)
{
    r->at += strcspn(r->at, "\n");
    if (*r->at) {
        r->at++;
        r->line++;
    }
}

static int read_line(struct reading *r, json_t *variables, struct err *e)
{
    cleanup_str struct str value = {0};
    cleanup_free char *name = NULL;
    size_t n;

    r->at += strspn(r->at, " \t");
    if (!strncmp(r->at, "export", 6) && isblank((unsigned char)r->at[6]))
        r->at += 6 + strspn(r->at + 6, " \t");
    n = strspn(r->at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    name = mem_text_n(r->at, n);
    if (n && r->at[n] == '=') {
        r->at += n + 1;
        if (read_value(r, &value, e))
            return -1;
        if (is_ours(name))
            json_object_set_new(variables, name, json_string(str_text(&value)));
    } else if (n && is_ours(name)) {
        return err_set(e, ERR_INVALID, "%s:%d:%d: %s has no value: write %s=value", r->path,
                       r->line, column_of(r, r->at), name, name);
    }
    skip_line(r);
    return 0;
}

json_t *import_env_read(const char *path, struct err *e)
{
    cleanup_free char *problem = NULL;
    size_t length;
    cleanup_free char *text = yaml_read_bytes(path, &length, &problem);
    struct reading r = {path, text, text, 1};
    json_t *variables = json_object();

    if (!text)
        (void)err_set(e, ERR_INVALID, "%s: %s", path, problem);
    else if (!str_is_utf8(text, length))
        (void)err_set(e, ERR_INVALID, "%s: is not UTF-8 text", path);
    while (text && e->kind == ERR_NONE && *r.at)
        if (read_line(&r, variables, e))
            break;
    if (e->kind == ERR_NONE)
        return variables;
    json_decref(variables);
    return NULL;
}
