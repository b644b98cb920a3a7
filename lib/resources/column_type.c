#include "resources/column_type.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

static const char separators[] = "<>(),:";

static char *folded(const char *type)
{
    struct str text = {0};

    for (; *type; type++)
        if (!isspace((unsigned char)*type))
            str_add_char(&text, (char)tolower((unsigned char)*type));
    return str_take(&text);
}

/* Adds a word and what follows it up to the next word; returns that. */
static const char *add_word(struct str *out, const char *word)
{
    size_t length = strcspn(word, separators);
    const char *after = word + length;
    bool is_name = *after == ':'; /* of a struct's field */
    size_t digits = *after == '(' ? strspn(after + 1, "0123456789") : 0;

    if (!is_name && length == 7 && !strncmp(word, "integer", length))
        length = 3;
    str_add_n(out, word, length);
    if (!is_name && digits && after[1 + digits] == ')' && !strncmp(word, "decimal(", 8)) {
        str_add_n(out, after, 1 + digits);
        str_add(out, ",0");
        after += 1 + digits;
    }
    for (; *after && strchr(separators, *after); after++)
        str_add_char(out, *after);
    return after;
}

static char *canonical(const char *type)
{
    cleanup_free char *plain = folded(type);
    struct str out = {0};

    for (const char *word = plain; *word;)
        word = add_word(&out, word);
    return str_take(&out);
}

bool column_type_same(const char *a, const char *b)
{
    cleanup_free char *x = canonical(a), *y = canonical(b);

    return !strcmp(x, y);
}
