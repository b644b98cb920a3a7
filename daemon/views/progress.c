/* progress.c -- the live area: one line per resource at work, below the lines that stay.
 *
 * A frame is written in one go: up over the last frame, erase to the end of the screen, then the
 * lines that stay and the new frame. */
#include "daemon/views/progress.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/str.h"
#include "base/text_width.h"
#include "daemon/views/terminal.h"

#include <stdlib.h>
#include <string.h>

enum { QUIET_MS = 1000, LINES_MOST = 12 };

struct active {
    char *resource, *state, *detail;
    int64_t started_ms;
};

struct progress {
    FILE *out;
    size_t total, done;
    bool color, live;
    int64_t started_ms;
    struct active *active; /* in the order they started */
    size_t active_count;
    size_t waiting; /* calls: progress_wait */
    char *waits_for;
    bool told_waiting;
    int drawn[LINES_MOST + 2]; /* width of each line of the frame on the screen */
    int drawn_count;
};

struct progress *progress_start(FILE *out, size_t total, bool color)
{
    struct progress *progress = mem_new(sizeof(*progress));

    progress->out = out;
    progress->total = total;
    progress->color = color;
    progress->live = terminal_is_live(out);
    progress->started_ms = clock_monotonic_ms();
    return progress;
}

static void add_elapsed(struct str *line, int64_t since_ms)
{
    int64_t ms = clock_monotonic_ms() - since_ms;

    if (ms < 60000)
        str_addf(line, "%d.%d s", (int)(ms / 1000), (int)(ms % 1000 / 100));
    else
        str_addf(line, "%d min %02d s", (int)(ms / 60000), (int)(ms / 1000 % 60));
}

/* Moves to where the frame began and erases it.  A terminal that became narrower has wrapped its
 * lines: they now take more rows. */
static void erase(struct progress *progress, struct str *out)
{
    int columns, rows, up = 0;

    if (!progress->drawn_count)
        return;
    terminal_size(progress->out, &columns, &rows);
    for (int i = 0; i < progress->drawn_count; i++)
        up += progress->drawn[i] > columns ? (progress->drawn[i] + columns - 1) / columns : 1;
    str_addf(out, PRINTABLE_OURS "[%dA" PRINTABLE_OURS "\r" PRINTABLE_OURS "[J", up);
    progress->drawn_count = 0;
}

/* One line of the frame; never as wide as the terminal, so that it does not wrap. */
static void draw_line(struct progress *progress, struct str *out, const char *text, int columns,
                      enum terminal_style style)
{
    cleanup_free char *fitted = text_width_fit(text, columns - 1);

    progress->drawn[progress->drawn_count++] = text_width(fitted);
    str_addf(out, "%s%s%s\n", terminal_style(progress->color, style), fitted,
             terminal_style(progress->color, STYLE_PLAIN));
}

static void draw_active(struct progress *progress, struct str *out, const struct active *active,
                        int columns)
{
    cleanup_str struct str line = {0};

    str_addf(&line, "  %s: %s ", active->resource, active->state);
    add_elapsed(&line, active->started_ms);
    if (active->detail)
        str_addf(&line, ", %s", active->detail);
    draw_line(progress, out, str_text(&line), columns, STYLE_CYAN);
}

static void draw(struct progress *progress, struct str *out)
{
    int columns, rows;
    size_t shown = progress->active_count, most;
    cleanup_str struct str line = {0};

    if (clock_monotonic_ms() - progress->started_ms < QUIET_MS)
        return;
    terminal_size(progress->out, &columns, &rows);
    /* Rows for the count and the cursor, and one line of what was before. */
    most = rows - 3 < 1 ? 1 : rows - 3 > LINES_MOST ? LINES_MOST : (size_t)(rows - 3);
    if (shown > most)
        shown = most;
    for (size_t i = 0; i < shown; i++)
        draw_active(progress, out, progress->active + i, columns);
    str_addf(&line, "  %zu of %zu done, %zu at work, ", progress->done, progress->total,
             progress->active_count);
    add_elapsed(&line, progress->started_ms);
    if (progress->waiting)
        str_addf(&line, ", %zu calls wait for %s", progress->waiting, progress->waits_for);
    draw_line(progress, out, str_text(&line), columns, STYLE_DIM);
}

static void put(struct progress *progress, const struct str *out)
{
    if (out->len)
        (void)fwrite(out->data, 1, out->len, progress->out);
    (void)fflush(progress->out);
}

/* A line that stays, above the frame; wide lines may wrap. */
static void print_styled(struct progress *progress, const char *text, enum terminal_style style)
{
    cleanup_str struct str out = {0};
    cleanup_free char *clean = text_width_fit(text, 100000);

    erase(progress, &out);
    str_addf(&out, "%s%s%s\n", terminal_style(progress->color, style), clean,
             terminal_style(progress->color, STYLE_PLAIN));
    if (progress->live)
        draw(progress, &out);
    put(progress, &out);
}

void progress_wait(struct progress *progress, size_t calls, const char *what)
{
    cleanup_free char *line = NULL;

    progress->waiting = calls;
    free(progress->waits_for);
    progress->waits_for = mem_text(what);
    if (!calls || progress->live || progress->told_waiting)
        return;
    progress->told_waiting = true;
    line = mem_printf("%zu calls wait for %s", calls, what);
    print_styled(progress, line, STYLE_PLAIN);
}

void progress_tick(struct progress *progress)
{
    cleanup_str struct str out = {0};

    if (!progress->live)
        return;
    erase(progress, &out);
    draw(progress, &out);
    put(progress, &out);
}

static struct active *find(struct progress *progress, const char *resource)
{
    for (size_t i = 0; i < progress->active_count; i++) {
        if (!strcmp(progress->active[i].resource, resource))
            return progress->active + i;
    }
    return NULL;
}

static struct active *add(struct progress *progress, const char *resource)
{
    struct active *active;

    progress->active =
        mem_resize(progress->active, progress->active_count + 1, sizeof(*progress->active));
    active = progress->active + progress->active_count++;
    *active = (struct active){.resource = mem_text(resource), .started_ms = clock_monotonic_ms()};
    return active;
}

static bool same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

void progress_update(struct progress *progress, const char *resource, const char *state,
                     const char *detail)
{
    struct active *active = find(progress, resource);
    cleanup_free char *line = NULL;

    if (!active)
        active = add(progress, resource);
    else if (same(active->state, state) && same(active->detail, detail))
        return;
    free(active->state);
    free(active->detail);
    active->state = mem_text(state);
    active->detail = mem_text(detail);
    if (progress->live)
        return;
    line = mem_printf("%s: %s%s%s", resource, state, detail ? ", " : "", detail ? detail : "");
    print_styled(progress, line, STYLE_PLAIN);
}

static void remove_active(struct progress *progress, struct active *active)
{
    size_t after = progress->active_count - (size_t)(active - progress->active) - 1;

    free(active->resource);
    free(active->state);
    free(active->detail);
    memmove(active, active + 1, after * sizeof(*active));
    progress->active_count--;
}

void progress_done(struct progress *progress, const char *resource, enum progress_verdict verdict,
                   const char *text)
{
    static const char *const words[] = {"unchanged", "changed", "blocked", "failed"};
    static const enum terminal_style styles[] = {STYLE_DIM, STYLE_GREEN, STYLE_YELLOW, STYLE_RED};
    struct active *active = find(progress, resource);
    cleanup_str struct str line = {0};

    str_addf(&line, "%s: %s", resource, text ? text : words[verdict]);
    if (active) {
        str_add(&line, " (");
        add_elapsed(&line, active->started_ms);
        str_add(&line, ")");
        remove_active(progress, active);
    }
    progress->done++;
    if (verdict != PROGRESS_UNCHANGED)
        print_styled(progress, str_text(&line), styles[verdict]);
}

void progress_end(struct progress *progress)
{
    cleanup_str struct str out = {0};

    if (!progress)
        return;
    erase(progress, &out);
    put(progress, &out);
    while (progress->active_count)
        remove_active(progress, progress->active);
    free(progress->active);
    free(progress->waits_for);
    free(progress);
}
