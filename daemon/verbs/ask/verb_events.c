/* verb_events.c -- what billingd found and changed: as the running daemon remembers it, and before
 * its start as the journal does.  What neither knows is said. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "daemon/verbs/ask/ask_verbs.h"
#include "daemon/verbs/ask/event_journal.h"
#include "daemon/verbs/daemon_ask.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/progress_while.h"
#include "daemon/views/terminal.h"
#include "state/duration.h"

#include <stdio.h>
#include <string.h>

struct telling {
    const struct options *options;
    double from_s;              /* wanted from here on */
    double known_s;             /* known from here on */
    json_t *events;             /* the oldest first */
    struct err daemon, journal; /* why one of them told nothing, or not all */
    bool answered;              /* one of them did */
};

/* -1: no duration and no time. */
static double from_text(const char *text)
{
    int64_t ago_s = duration_seconds(text), now_s = clock_now_ms() / 1000;
    double moment_s;

    if (ago_s > 0)
        return (double)(now_s - ago_s);
    return timestamp_parse(text, &moment_s) ? moment_s : -1;
}

static void take(struct telling *telling, const json_t *events)
{
    json_t *event;
    size_t i;

    json_array_foreach((json_t *)events, i, event)
        if (json_number_value(json_object_get(event, "time")) >= telling->from_s)
            json_array_append(telling->events, event);
}

/* From when on the daemon's own list has everything. */
static double whole_from(const json_t *told)
{
    const json_t *events = json_object_get(told, "events");

    if (json_integer_value(json_object_get(told, "dropped")))
        return json_number_value(json_object_get(json_array_get(events, 0), "time"));
    return json_number_value(json_object_get(told, "known_since"));
}

static void gather(struct telling *telling, const char *listen)
{
    double now_s = (double)clock_now_ms() / 1000;
    json_auto_t *told = listen ? daemon_ask(listen, "/api/v1/events", &telling->daemon) : NULL;
    json_auto_t *before = NULL;
    double journal_s;

    if (!listen)
        (void)err_set(&telling->daemon, ERR_ABSENT, "the spec has `listen: off`");
    telling->known_s = told ? whole_from(told) : now_s;
    if (telling->known_s > telling->from_s)
        before = event_journal_read(telling->from_s, told ? telling->known_s : now_s + 1,
                                    &journal_s, &telling->journal);
    if (before && journal_s < telling->known_s)
        telling->known_s = journal_s;
    telling->answered = told || before;
    take(telling, before);
    take(telling, json_object_get(told, "events"));
}

/* ---- printing ---- */

static void print_event(const json_t *event, bool color)
{
    static const char *const first[] = {"time",     "number",   "level", "event",
                                        "resource", "pipeline", "kind",  NULL};
    const char *level = json_text(event, "level"), *what = json_text(event, "resource"), *key;
    enum terminal_style style = !level                      ? STYLE_PLAIN
                                : !strcmp(level, "error")   ? STYLE_RED
                                : !strcmp(level, "warning") ? STYLE_YELLOW
                                                            : STYLE_PLAIN;
    char moment[TIMESTAMP_ROOM];
    json_t *value;

    timestamp_text((int64_t)json_number_value(json_object_get(event, "time")), moment);
    what = what ? what : json_text(event, "pipeline");
    (void)printf("%s  %s%-12s%s  %s", moment, terminal_style(color, style),
                 json_text(event, "event"), terminal_style(color, STYLE_PLAIN), what ? what : "");
    json_object_foreach((json_t *)event, key, value) {
        cleanup_free char *text = NULL;
        size_t i = 0;

        while (first[i] && strcmp(first[i], key) != 0)
            i++;
        if (first[i])
            continue;
        text = json_view_line(value, "", 160);
        (void)printf("  %s=%s", key, text);
    }
    (void)putchar('\n');
}

static void print_unknown(const struct telling *telling)
{
    char moment[TIMESTAMP_ROOM];

    if (telling->known_s <= telling->from_s)
        return;
    timestamp_text((int64_t)telling->known_s, moment);
    if (telling->daemon.kind)
        (void)fprintf(stderr, "billingd: %s\n", telling->daemon.text);
    (void)fprintf(stderr, "billingd: what happened before %s is not known here: %s\n", moment,
                  telling->journal.text);
}

static int print(const struct telling *telling)
{
    bool whole = telling->known_s <= telling->from_s;
    const json_t *event;
    size_t i;

    if (telling->options->output == OUTPUT_JSON) {
        json_auto_t *json =
            json_pack("{s:s, s:f, s:f, s:b, s:O}", "format_version", JSON_FORMAT_VERSION, "from",
                      telling->from_s, "known_since", whole ? telling->from_s : telling->known_s,
                      "complete", whole, "events", telling->events);

        (void)json_view_print_told(json);
    } else {
        json_array_foreach(telling->events, i, event)
            print_event(event, options_color(telling->options, stdout));
        if (whole && !json_array_size(telling->events))
            (void)printf("No events in this time.\n");
    }
    print_unknown(telling);
    return telling->answered ? EXIT_DONE : EXIT_FAILED;
}

int verb_events(const struct options *options)
{
    struct telling telling = {.options = options,
                              .from_s = from_text(options->since ? options->since : "24h")};
    struct progress_while *shown;
    struct manifest *manifest;
    int code;

    if (telling.from_s < 0) {
        (void)fprintf(stderr,
                      "billingd: --since '%s' is neither an age (30m, 36h, 7d) nor a time "
                      "(2025-10-31, 2025-10-31T12:00:00Z)\n",
                      options->since);
        return EXIT_BAD_USAGE;
    }
    manifest = spec_load_strictly(options, &code);
    if (!manifest)
        return code;
    telling.events = json_array();
    shown = progress_while_start("the daemon and the journal", "asking for events",
                                 options_color(options, stderr));
    gather(&telling, manifest->listen);
    progress_while_end(shown);
    code = print(&telling);
    json_decref(telling.events);
    manifest_free(manifest);
    return code;
}
