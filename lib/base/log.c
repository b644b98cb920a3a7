/* log.c -- events as lines of JSON on stderr, or as records of the journal when that is there. */
#include "base/log.h"

#include "base/log_event.h"
#include "base/log_journal.h"
#include "base/log_output.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/secret/secret.h"
#include "base/str.h"

#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum log_level threshold = LOG_INFO;
static uint64_t refused, told; /* lines that had no place; dropped ones that a line told of */

static log_observe_fn *observer;
static void *observer_arg;

void log_observe(log_observe_fn *fn, void *arg)
{
    observer = fn;
    observer_arg = arg;
}

void log_set_level(enum log_level level)
{
    threshold = level;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_ERROR:
        return "error";
    case LOG_WARNING:
        return "warning";
    case LOG_INFO:
        return "info";
    case LOG_DEBUG:
        return "debug";
    }
    return "";
}

/* ---- the journal ---- */

static bool in_journal(void)
{
    static bool asked;

    if (!asked && log_journal_is_stderr())
        (void)log_journal_open(LOG_JOURNAL_SOCKET);
    asked = true;
    return log_journal_is_open();
}

/* A detail as text without secrets and bytes that act; new text. */
static char *detail_text(const json_t *value)
{
    cleanup_free char *whole = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    cleanup_free char *shown = secret_hide(json_is_string(value) ? json_string_value(value)
                                           : whole               ? whole
                                                                 : "");
    struct printable stream = {0};
    struct str out = {0};

    printable_add(&stream, &out, shown, strlen(shown));
    printable_end(&stream, &out);
    return str_take(&out);
}

/* Why it is so, whatever the event calls that. */
static bool is_reason(const char *key)
{
    return !strcmp(key, "error") || !strcmp(key, "why") || !strcmp(key, "explanation") ||
           !strcmp(key, "problem");
}

static void add_detail(struct str *record, const char *key, const char *value)
{
    char name[64] = "BILLINGD_";
    size_t length = strlen(name);

    for (; *key && length < sizeof name - 1; key++)
        name[length++] = isalnum((unsigned char)*key) ? (char)toupper((unsigned char)*key) : '_';
    log_journal_field(record, name, value);
}

/* A resource's address begins with its pipeline. */
static void add_pipeline(struct str *record, const json_t *details)
{
    const char *resource = json_string_value(json_object_get(details, "resource"));
    cleanup_free char *pipeline = resource ? mem_text_n(resource, strcspn(resource, "/")) : NULL;

    if (pipeline && !json_object_get(details, "pipeline"))
        log_journal_field(record, "BILLINGD_PIPELINE", pipeline);
}

/* "drift shop/access_logs field=retention_days want=90 have=7", "refused shop: no credentials":
 * for people, on one line. */
static char *message_text(const char *event, const json_t *details)
{
    cleanup_str struct str reasons = {0};
    struct str plain = {0};
    json_t *about = json_object_get(details, "resource"), *value;
    cleanup_free char *subject = NULL;
    const char *key;

    if (!json_is_string(about))
        about = json_object_get(details, "pipeline");
    if (json_is_string(about))
        subject = detail_text(about);
    str_addf(&plain, subject ? "%s %s" : "%s", event, subject);
    json_object_foreach((json_t *)details, key, value) {
        cleanup_free char *text = detail_text(value);

        if (is_reason(key))
            str_addf(&reasons, ": %s", text);
        else if (!subject || strcmp(text, subject) != 0)
            str_addf(&plain, " %s=%s", key, text);
    }
    str_add(&plain, str_text(&reasons));
    for (size_t i = 0; i < plain.len; i++)
        if (plain.data[i] == '\n')
            plain.data[i] = ' ';
    return str_take(&plain);
}

/* As log_journal_send. */
static int write_record(enum log_level level, const char *event, const json_t *details)
{
    cleanup_free char *message = message_text(event, details);
    cleanup_str struct str record = {0};
    const char *id = log_event_id(event), *key;
    char priority[16];
    bool reason = false;
    json_t *value;

    (void)snprintf(priority, sizeof priority, "%d", level);
    log_journal_field(&record, "MESSAGE", message);
    log_journal_field(&record, "PRIORITY", priority);
    log_journal_field(&record, "SYSLOG_IDENTIFIER", "billingd");
    if (id)
        log_journal_field(&record, "MESSAGE_ID", id);
    log_journal_field(&record, "BILLINGD_EVENT", event);
    add_pipeline(&record, details);
    json_object_foreach((json_t *)details, key, value) {
        cleanup_free char *text = detail_text(value);
        bool first = !reason && is_reason(key);

        add_detail(&record, first ? "reason" : key, text);
        reason = reason || first;
    }
    return log_journal_send(&record);
}

/* ---- standard error ---- */

static bool write_line(enum log_level level, const char *event, json_t *details)
{
    json_auto_t *line = json_pack("{s:s, s:s}", "event", event, "level", level_name(level));
    cleanup_free char *whole = NULL, *text = NULL;
    cleanup_str struct str out = {0};
    struct printable stream = {0};
    int taken;

    if (in_journal() && (taken = write_record(level, event, details)) >= 0)
        return !taken;
    if (details)
        (void)json_object_update(line, details);
    whole = json_dumps(line, JSON_COMPACT);
    if (!whole)
        return false;
    text = secret_hide(whole);
    if (log_journal_is_stderr())
        str_addf(&out, "<%d>", level);
    printable_add(&stream, &out, text, strlen(text));
    printable_end(&stream, &out);
    str_add_char(&out, '\n');
    return log_output_line(str_text(&out), out.len);
}

/* True: some wait. */
static bool flush(void)
{
    bool records = log_journal_flush(), lines = log_output_flush();

    return records || lines;
}

/* Lines get through again, as it seems: how many did not? */
static void tell_dropped(void)
{
    uint64_t dropped = log_dropped();
    json_auto_t *details = NULL;

    if (dropped == told)
        return;
    details = json_pack("{s:I, s:s}", "lines", (json_int_t)(dropped - told), "error",
                        in_journal() ? "the journal did not take them"
                                     : "standard error did not take them");
    if (write_line(LOG_WARNING, "log_lines_dropped", details))
        told = dropped;
}

static void log_packed(enum log_level level, const char *event, const char *format, va_list args)
{
    json_error_t error;
    json_auto_t *details = NULL;

    bool observed = observer && level <= LOG_INFO;

    if (level > threshold && !observed)
        return;
    if (format && !(details = json_vpack_ex(&error, 0, format, args)))
        details = json_pack("{s:s}", "log_error", error.text);
    if (observed)
        observer(observer_arg, level, event, details);
    if (level > threshold)
        return;
    if (log_dropped() != told && !flush())
        tell_dropped();
    refused += !write_line(level, event, details);
}

void log_never_wait(void)
{
    log_output_never_wait();
    log_journal_never_wait();
}

bool log_flush(void)
{
    if (flush())
        return true;
    tell_dropped();
    return flush();
}

void log_drain(int patience_ms)
{
    log_journal_drain(patience_ms);
    log_output_drain(patience_ms);
}

bool log_goes_to_journal(void)
{
    return in_journal();
}

uint64_t log_dropped(void)
{
    return refused + log_output_lost() + log_journal_lost();
}

#define LOG_FUNCTION(name, level)                                                                  \
    void name(const char *event, const char *format, ...)                                          \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        log_packed(level, event, format, args);                                                    \
        va_end(args);                                                                              \
    }

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warning, LOG_WARNING)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)
