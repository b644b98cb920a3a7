/* secret.c -- finds what must not be told in texts, in whatever form it stands there. */
#include "base/secret/secret.h"

#include "base/mem.h"
#include "base/secret/secret_known.h"
#include "base/secret/secret_lookalike.h"
#include "base/secret/secret_variable.h"
#include "base/str.h"

#include <string.h>

enum { MOST_ESCAPED = 3 };

bool secret_is_name(const char *variable)
{
    return secret_variable_is_secret(variable);
}

void secret_learn(const char *value)
{
    secret_known_learn(false, value);
}

void secret_learn_lasting(const char *value)
{
    secret_known_learn(true, value);
}

void secret_forget(void)
{
    secret_known_forget();
}

/* As it is and with its escapes undone, as often as there are some; the view is then the last. */
static void look_unescaped(struct secret_search *search, struct secret_view *view)
{
    for (int i = 0; i <= MOST_ESCAPED; i++) {
        struct secret_view plain;

        secret_search_known(search, view);
        if (!search->only_known)
            secret_lookalike_find(search, view);
        if (!secret_view_unescape(view, &plain))
            return;
        secret_view_fini(view);
        *view = plain;
    }
}

static void look_through(struct secret_search *search, const char *text)
{
    struct secret_view view = secret_view_of(text), joined;

    search->length = view.length;
    secret_known_begin();
    look_unescaped(search, &view);
    if (memchr(view.bytes, '\n', view.length) || memchr(view.bytes, '\r', view.length)) {
        secret_view_join(&view, &joined);
        secret_search_known(search, &joined);
        secret_view_fini(&joined);
    }
    secret_known_end();
    secret_view_fini(&view);
}

char *secret_in(const char *text)
{
    struct secret_search search = {0};
    char *name = NULL;

    if (secret_variable_is_private_key(text))
        return mem_text("a private key");
    look_through(&search, text);
    if (search.whole)
        name = *search.whole ? mem_printf("the value of %s", search.whole)
                             : mem_text("a secret of the AWS configuration");
    else if (search.lookalike)
        name = mem_text("what looks like a secret access key or session token of AWS");
    secret_search_fini(&search);
    return name;
}

/* Stars for each run of what is hidden. */
static char *shown(const struct secret_search *search, const char *text)
{
    struct str s = {0};
    size_t end;

    if (!search->hidden)
        return mem_text_n(text, search->length);
    for (size_t from = 0; from < search->length; from = end) {
        bool is_hidden = search->hidden[from];
        const char *other = memchr(search->hidden + from, is_hidden ? 0 : 1, search->length - from);

        end = other ? (size_t)(other - search->hidden) : search->length;
        if (is_hidden)
            str_add(&s, "***");
        else
            str_add_n(&s, text + from, end - from);
    }
    return str_take(&s);
}

static char *hide(struct secret_search search, const char *text)
{
    char *told;

    look_through(&search, text);
    told = shown(&search, text);
    secret_search_fini(&search);
    return told;
}

char *secret_hide(const char *text)
{
    return hide((struct secret_search){0}, text);
}

char *secret_hide_known(const char *text)
{
    return hide((struct secret_search){.only_known = true}, text);
}
