/* log.c -- events as lines of JSON on stderr. */
#include "base/log.h"

#include "base/log_output.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/secret.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
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

static bool write_line(enum log_level level, const char *event, json_t *details)
{
    json_auto_t *line = json_pack("{s:s, s:s}", "event", event, "level", level_name(level));
    cleanup_free char *whole = NULL, *text = NULL;
    cleanup_str struct str out = {0};
    struct printable stream = {0};

    if (details)
        (void)json_object_update(line, details);
    whole = json_dumps(line, JSON_COMPACT);
    if (!whole)
        return false;
    text = secret_hide(whole);
    if (getenv("JOURNAL_STREAM"))
        str_addf(&out, "<%d>", level);
    printable_add(&stream, &out, text, strlen(text));
    printable_end(&stream, &out);
    str_add_char(&out, '\n');
    return log_output_line(str_text(&out), out.len);
}

/* Lines get through again, as it seems: how many did not? */
static void tell_dropped(void)
{
    uint64_t dropped = log_dropped();
    json_auto_t *details = NULL;

    if (dropped == told)
        return;
    details = json_pack("{s:I, s:s}", "lines", (json_int_t)(dropped - told), "error",
                        "standard error did not take them");
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
    if (log_dropped() != told && !log_output_flush())
        tell_dropped();
    refused += !write_line(level, event, details);
}

void log_never_wait(void)
{
    log_output_never_wait();
}

bool log_flush(void)
{
    if (log_output_flush())
        return true;
    tell_dropped();
    return log_output_flush();
}

void log_drain(int patience_ms)
{
    log_output_drain(patience_ms);
}

uint64_t log_dropped(void)
{
    return refused + log_output_lost();
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
