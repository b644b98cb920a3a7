#include "resources/view_type.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

static const char *plain_name(const char *hive)
{
    static const char *const names[][2] = {
        {"string", "varchar"},
        {"int", "integer"},
        {"float", "real"},
        {"binary", "varbinary"},
        {"timestamp", "timestamp(3)"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(hive, names[i][0]))
            return names[i][1];
    return hive;
}

/* Types are from AWS and from specs: a text of a hundred thousand "<" must not take the stack. */
enum { DEEPEST = 64 };

static const char *convert(const char *p, struct str *out, int depth);

/* "struct<a:int,b:string>" after the "<"; returns what follows the ">". */
static const char *convert_struct(const char *p, struct str *out, int depth)
{
    str_add(out, "row(");
    while (*p && *p != '>') {
        size_t n = strcspn(p, ":>");

        str_add_n(out, p, n);
        p += n;
        if (*p == ':') {
            str_add_char(out, ' ');
            p = convert(p + 1, out, depth);
        }
        if (*p == ',') {
            str_add(out, ", ");
            p++;
        }
    }
    str_add_char(out, ')');
    return *p ? p + 1 : p;
}

static const char *convert(const char *p, struct str *out, int depth)
{
    size_t n = depth > DEEPEST ? strlen(p) : strcspn(p, "<>,(");
    cleanup_free char *name = mem_text_n(p, n);

    p += n;
    if (*p == '(') { /* decimal(18,2), varchar(10) */
        n = strcspn(p, ")");
        str_add(out, name);
        str_add_n(out, p, n + (p[n] == ')'));
        return p + n + (p[n] == ')');
    }
    if (*p != '<') {
        str_add(out, plain_name(name));
        return p;
    }
    if (!strcmp(name, "struct"))
        return convert_struct(p + 1, out, depth + 1);
    str_addf(out, "%s(", name);
    for (p++; *p && *p != '>';) {
        p = convert(p, out, depth + 1);
        if (*p == ',') {
            str_add(out, ", ");
            p++;
        }
    }
    str_add_char(out, ')');
    return *p ? p + 1 : p;
}

char *view_type_from_hive(const char *hive)
{
    struct str folded = {0}, out = {0};

    for (; *hive; hive++)
        if (!isspace((unsigned char)*hive))
            str_add_char(&folded, (char)tolower((unsigned char)*hive));
    (void)convert(str_text(&folded), &out, 0);
    str_fini(&folded);
    return str_take(&out);
}
