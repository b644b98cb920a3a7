/* log.c -- events as lines of JSON on stderr. */
#include "base/log.h"

#include "base/mem.h"
#include "base/secret.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum log_level threshold = LOG_INFO;

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

static void write_line(enum log_level level, const char *event, json_t *details)
{
    json_auto_t *line = json_pack("{s:s, s:s}", "event", event, "level", level_name(level));
    cleanup_free char *whole = NULL, *text = NULL;

    if (details)
        (void)json_object_update(line, details);
    whole = json_dumps(line, JSON_COMPACT);
    if (!whole)
        return;
    text = secret_hide(whole);
    if (getenv("JOURNAL_STREAM"))
        (void)fprintf(stderr, "<%d>%s\n", level, text);
    else
        (void)fprintf(stderr, "%s\n", text);
}

static void log_packed(enum log_level level, const char *event, const char *format, va_list args)
{
    json_error_t error;
    json_auto_t *details = NULL;

    if (level > threshold)
        return;
    if (format && !(details = json_vpack_ex(&error, 0, format, args)))
        details = json_pack("{s:s}", "log_error", error.text);
    write_line(level, event, details);
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
