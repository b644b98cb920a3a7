/* event_journal.c -- the daemon's records in the journal become events again, by journalctl. */
#include "daemon/verbs/ask/event_journal.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS_MOST = 100000 };

/* ---- an entry ---- */

/* Bytes that are no printable text are a list of their numbers there. */
static char *bytes_text(const json_t *numbers)
{
    cleanup_str struct str text = {0};
    size_t i;
    json_t *number;

    json_array_foreach((json_t *)numbers, i, number)
        str_add_char(&text, (char)(unsigned char)json_integer_value(number));
    return mem_text(str_text(&text));
}

/* A field's text; of one that was given twice the first; NULL: none.  New text. */
static char *field_text(const json_t *value)
{
    const json_t *first = json_array_get(value, 0);

    if (json_is_integer(first))
        return bytes_text(value);
    value = first ? first : value;
    return json_is_string(value) ? mem_text(json_string_value(value)) : NULL;
}

/* The journal has texts only (log.c): numbers, lists and objects become again what they were. */
static json_t *detail_of(const char *key, const char *text)
{
    static const char *const texts[] = {"want", "have", "reason", "resource", "pipeline", NULL};
    json_t *value;

    for (size_t i = 0; texts[i]; i++)
        if (!strcmp(key, texts[i]))
            return json_string(text);
    value = json_loads(text, 0, NULL);
    if (!value && *text && strspn(text, "-0123456789.eE+") == strlen(text))
        value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value ? value : json_string(text);
}

static const char *level_of(const json_t *entry)
{
    static const char *const names[] = {"error",   "error", "error", "error",
                                        "warning", "info",  "info",  "debug"};
    const char *priority = json_text(entry, "PRIORITY");

    return priority && strlen(priority) == 1 && *priority >= '0' && *priority <= '7'
               ? names[*priority - '0']
               : NULL;
}

/* A record as log.c makes it: BILLINGD_NAME is `name`. */
static json_t *event_of_record(const json_t *entry)
{
    static const char before[] = "BILLINGD_";
    json_t *event = json_pack("{s:s*}", "level", level_of(entry));
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)entry, name, value) {
        cleanup_free char *text = NULL, *key = NULL;

        if (strncmp(name, before, strlen(before)) != 0 || !(text = field_text(value)))
            continue;
        key = mem_text(name + strlen(before));
        for (char *c = key; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        json_object_set_new(event, key,
                            strcmp(key, "event") ? detail_of(key, text) : json_string(text));
    }
    return event;
}

/* A line of `journalctl -o json`.  Where standard error was no journal, and before billingd wrote
 * records, the message is the event's own line, whose <priority> is gone.  NULL: systemd's own
 * words about the unit. */
static json_t *event_of(const json_t *entry)
{
    cleanup_free char *message = field_text(json_object_get(entry, "MESSAGE"));
    json_t *event = json_object_get(entry, "BILLINGD_EVENT") ? event_of_record(entry)
                    : message                                ? json_loads(message, 0, NULL)
                                                             : NULL;

    if (event && json_text(event, "event"))
        return event;
    json_decref(event);
    return NULL;
}

/* ---- journalctl ---- */

/* journalctl with those words at the end of its pipe; NULL and *e: it cannot be started. */
static FILE *ask(const char *const words[], pid_t *child, struct err *e)
{
    const char *argv[12] = {"journalctl", "--system",   "--output=json",
                            "--all",      "--no-pager", "--quiet"};
    int ends[2];

    for (size_t i = 0; words[i]; i++)
        argv[6 + i] = words[i];
    if (pipe2(ends, O_CLOEXEC) || (*child = fork()) < 0) {
        (void)err_set(e, ERR_RETRY, "the journal cannot be asked: %s", strerror(errno));
        return NULL;
    }
    if (!*child) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execvp("journalctl", (char *const *)argv);
        _exit(127);
    }
    (void)close(ends[1]);
    return fdopen(ends[0], "r");
}

/* The exit status of a child; -1: it did not end by itself. */
static int status_of(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The time of an entry in seconds; -1: it has none. */
static double time_of(const json_t *entry)
{
    const char *micros = json_text(entry, "__REALTIME_TIMESTAMP");

    return micros ? strtod(micros, NULL) / 1e6 : -1;
}

/* When its oldest entry is of, whose ever that is; -1: it has none, or cannot be read. */
static double beginning(void)
{
    struct err unused = {0};
    pid_t child;
    FILE *lines = ask((const char *const[]){NULL}, &child, &unused);
    cleanup_free char *line = NULL;
    size_t room = 0;
    json_auto_t *entry = NULL;

    if (!lines)
        return -1;
    if (getline(&line, &room, lines) > 0)
        entry = json_loads(line, 0, NULL);
    (void)kill(child, SIGTERM); /* the rest is of no interest */
    (void)fclose(lines);
    (void)status_of(child);
    return time_of(entry);
}

static json_t *read_lines(FILE *lines, double from_s, double to_s, struct err *e)
{
    json_t *events = json_array();
    cleanup_free char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, lines) > 0) {
        json_auto_t *entry = json_loads(line, 0, NULL), *event = event_of(entry);
        double time_s = time_of(entry);

        if (!event || time_s < from_s || time_s >= to_s)
            continue;
        json_object_set_new(event, "time", json_real(time_s));
        json_array_append(events, event);
        if (json_array_size(events) <= EVENTS_MOST)
            continue;
        (void)err_set(e, ERR_INVALID,
                      "the journal has more than %d events since then: ask with a later --since",
                      EVENTS_MOST);
        break;
    }
    return events;
}

static json_t *read_unit(double from_s, double to_s, struct err *e)
{
    cleanup_free char *since = mem_printf("--since=@%.0f", from_s);
    cleanup_free char *until = mem_printf("--until=@%.0f", to_s + 1);
    json_t *events;
    pid_t child;
    FILE *lines = ask((const char *const[]){"--unit=billingd", since, until, NULL}, &child, e);
    int status;

    if (!lines)
        return NULL;
    events = read_lines(lines, from_s, to_s, e);
    (void)fclose(lines);
    status = status_of(child);
    if (!status && !e->kind)
        return events;
    json_decref(events);
    (void)err_set(e, ERR_ABSENT,
                  status == 127 ? "there is no journalctl on this machine"
                                : "journalctl cannot read the journal");
    return NULL;
}

json_t *event_journal_read(double from_s, double to_s, double *known_s, struct err *e)
{
    json_t *events = read_unit(from_s, to_s, e);
    double begins_s = events ? beginning() : -1;

    *known_s = begins_s < 0 ? to_s : begins_s > from_s ? begins_s : from_s;
    if (events && begins_s < 0) {
        json_decref(events); /* that nothing happened is not known of it */
        (void)err_set(e, ERR_ABSENT, "the journal is empty, or may not be read");
        return NULL;
    }
    if (*known_s > from_s)
        (void)err_set(e, ERR_ABSENT, "the journal begins there");
    return events;
}
