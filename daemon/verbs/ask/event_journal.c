#include "daemon/verbs/ask/event_journal.h"

#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS_MOST = 100000 };

/* A line of `journalctl -o json`: the message is the event's own line; its <priority> is gone. */
static json_t *event_of(const char *line)
{
    json_auto_t *entry = json_loads(line, 0, NULL);
    const char *message = json_text(entry, "MESSAGE"),
               *micros = json_text(entry, "__REALTIME_TIMESTAMP");
    json_t *event = message ? json_loads(message, 0, NULL) : NULL;

    if (!event || !micros || !json_text(event, "event")) {
        json_decref(event);
        return NULL; /* systemd's own words about the unit */
    }
    json_object_set_new(event, "time", json_real(strtod(micros, NULL) / 1e6));
    return event;
}

static void be_journalctl(int out, double from_s, double to_s)
{
    cleanup_free char *since = mem_printf("--since=@%.0f", from_s);
    cleanup_free char *until = mem_printf("--until=@%.0f", to_s + 1);

    (void)dup2(out, STDOUT_FILENO);
    (void)execlp("journalctl", "journalctl", "--unit=billingd", "--output=json", "--no-pager",
                 "--quiet", since, until, (char *)NULL);
    _exit(127);
}

static json_t *read_lines(FILE *lines, double from_s, double to_s)
{
    json_t *events = json_array();
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, lines) > 0 && json_array_size(events) < EVENTS_MOST) {
        json_t *event = event_of(line);
        double time_s = json_number_value(json_object_get(event, "time"));

        if (event && time_s >= from_s && time_s < to_s)
            json_array_append(events, event);
        json_decref(event);
    }
    free(line);
    return events;
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

json_t *event_journal_read(double from_s, double to_s, struct err *e)
{
    int ends[2];
    json_t *events = NULL;
    FILE *lines;
    pid_t child;
    int status;

    if (pipe(ends) || (child = fork()) < 0) {
        (void)err_set(e, ERR_RETRY, "the journal cannot be asked: %s", strerror(errno));
        return NULL;
    }
    if (!child) {
        (void)close(ends[0]);
        be_journalctl(ends[1], from_s, to_s);
    }
    (void)close(ends[1]);
    lines = fdopen(ends[0], "r");
    if (lines)
        events = read_lines(lines, from_s, to_s);
    if (lines)
        (void)fclose(lines);
    status = status_of(child);
    if (!status)
        return events;
    json_decref(events);
    (void)err_set(e, ERR_ABSENT,
                  status == 127 ? "there is no journalctl on this machine"
                                : "journalctl cannot read the journal");
    return NULL;
}
