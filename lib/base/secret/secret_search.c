/* secret_search.c -- where in the views of a text known secrets stand. */
#include "base/secret/secret_search.h"

#include "base/mem.h"
#include "base/secret/secret_known.h"
#include "base/secret/secret_letters.h"
#include "base/secret/secret_variable.h"

#include <string.h>

/* The letters of base64 that the shortest secret has, and those of a group. */
enum { LETTERS = SECRET_SHORTEST * 4 / 3, GROUP = 4 };

void secret_search_fini(struct secret_search *search)
{
    free(search->hidden);
    free(search->whole);
}

void secret_search_hide(struct secret_search *search, const struct secret_view *view, size_t from,
                        size_t to)
{
    size_t begins = secret_view_at(view, from), ends = secret_view_at(view, to);

    if (!search->hidden)
        search->hidden = mem_new(search->length + 1);
    memset(search->hidden + begins, 1, ends - begins);
}

struct place {
    struct secret_search *search;
    const struct secret_view *view;
};

static void found(void *arg, size_t from, size_t to, const char *whole)
{
    struct place *place = arg;

    secret_search_hide(place->search, place->view, from, to);
    if (whole && !place->search->whole)
        place->search->whole = mem_text(whole);
}

static void find(struct secret_search *search, const struct secret_view *view)
{
    struct place place = {search, view};

    secret_known_find(view->bytes, view->length, found, &place);
}

/* Whichever letter begins a group. */
static void find_base64(struct secret_search *search, const struct secret_view *view)
{
    struct secret_letters_run run = {.letters = secret_letters_base64, .least = LETTERS};

    while (secret_letters_next(&run, view->bytes, view->length)) {
        if (!secret_sieve_passes_base64(secret_known_sieve(), view->bytes + run.from,
                                        run.end - run.from))
            continue;
        for (size_t i = 0; i < GROUP; i++) {
            struct secret_view decoded;

            secret_view_base64(view, run.from + i, run.end, &decoded);
            find(search, &decoded);
            secret_view_fini(&decoded);
        }
    }
}

/* In the pairs that begin there; where they end. */
static size_t find_pairs(struct secret_search *search, const struct secret_view *view, size_t from)
{
    struct secret_view decoded;
    size_t end = from;

    if (!secret_sieve_passes_hex(secret_known_sieve(), view->bytes, &end, SECRET_SHORTEST))
        return end;
    secret_view_hex(view, from, end, &decoded);
    find(search, &decoded);
    secret_view_fini(&decoded);
    return end;
}

/* Whichever digit begins a pair. */
static void find_hex(struct secret_search *search, const struct secret_view *view)
{
    struct secret_letters_run run = {.letters = secret_letters_hex, .least = 2 * SECRET_SHORTEST};

    while (secret_letters_next(&run, view->bytes, view->length))
        for (size_t from = run.from, end; from < run.end; from = end + 1) {
            end = find_pairs(search, view, from);
            (void)find_pairs(search, view, from + 1);
        }
}

void secret_search_known(struct secret_search *search, const struct secret_view *view)
{
    if (secret_sieve_passes(secret_known_sieve(), view->bytes, view->length))
        find(search, view);
    find_base64(search, view);
    find_hex(search, view);
}
