/* rollup_print.c -- the objects of a day as one fingerprint, and two of them compared. */
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/rollup/rollup_private.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_LENGTH = 8 };

void rollup_print_fini(struct rollup_print *print)
{
    free(print->hours);
    *print = (struct rollup_print){0};
}

void rollup_print_make(const struct billing *billing, const struct rollup_window *window,
                       struct rollup_print *print)
{
    cleanup_str struct str all = {0}, tokens = {0};

    *print = (struct rollup_print){0};
    for (int64_t hour_s = window->from_s; hour_s < window->to_s; hour_s += ROLLUP_HOUR_S) {
        int64_t day_s = rollup_window_floor(hour_s, ROLLUP_DAY_S);
        const json_t *known = hour_s < window->settled_s ? rollup_memory_day(billing, day_s) : NULL;
        double newest = json_number_value(json_object_get(known, "newest"));
        char name[16];
        const char *hash;

        (void)snprintf(name, sizeof name, "%02d", (int)((hour_s - day_s) / ROLLUP_HOUR_S));
        hash = json_text(json_object_get(known, "hours"), name);
        str_addf(&tokens, "%s%.*s", tokens.len ? " " : "", TOKEN_LENGTH,
                 hash && *hash ? hash : "-");
        if (hash && *hash)
            str_addf(&all, "%lld %s\n", (long long)hour_s, hash);
        if (hash && newest > print->newest)
            print->newest = newest;
    }
    if (all.len)
        digest_sha256(all.data, all.len, print->fingerprint);
    print->hours = str_take(&tokens);
}

int rollup_print_now(struct flow *flow, const struct billing *billing,
                     const struct rollup_window *window, struct rollup_print *print, struct err *e)
{
    *print = (struct rollup_print){0};
    if (rollup_memory_list(flow, billing, window, true, e))
        return -1;
    rollup_print_make(billing, window, print);
    return 0;
}

int rollup_print_before(struct flow *flow, const struct billing *billing,
                        const struct rollup_window *window, struct rollup_print *print,
                        struct err *e)
{
    *print = (struct rollup_print){0};
    if (rollup_memory_list(flow, billing, window, false, e))
        return -1;
    rollup_print_make(billing, window, print);
    return 0;
}

/* ---- comparing ---- */

static size_t next_token(const char **text, const char **token)
{
    size_t n;

    *text += strspn(*text, " ");
    *token = *text;
    n = strcspn(*text, " ");
    *text += n;
    return n;
}

enum rollup_change rollup_print_compare(const char *before, const char *now, bool *changed,
                                        size_t count)
{
    enum rollup_change change = ROLLUP_SAME;

    for (size_t i = 0;; i++) {
        const char *was, *is;
        size_t was_length = next_token(&before, &was), is_length = next_token(&now, &is);
        bool same = was_length == is_length && !strncmp(was, is, was_length);

        if (!was_length && !is_length)
            return change;
        if (changed && i < count)
            changed[i] = !same;
        if (same)
            continue;
        if (is_length == 1 && *is == '-') {
            if (change == ROLLUP_SAME)
                change = ROLLUP_GONE;
        } else {
            change = ROLLUP_CHANGED;
        }
    }
}
