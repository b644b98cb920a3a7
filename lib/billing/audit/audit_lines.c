/* audit_lines.c -- lines that arrived and cannot be billed: a gap of its own hop, `parsed`. */
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/audit/audit_private.h"

/* What one of the lines is, by the view's own states. */
enum line { INVALID, BLANK, UNTIMED, UNREADABLE, LINES };

static const char *const line_words[LINES] = {
    [INVALID] = "invalid (no access log line of the view's form)",
    [BLANK] = "blank",
    [UNTIMED] = "untimed (nothing says when)",
    [UNREADABLE] = "unreadable (lines of objects that are no log events)",
};

static int64_t line_count(const struct audit_hour *hour, enum line line)
{
    const int64_t counts[LINES] = {hour->invalid, hour->blank, hour->untimed, hour->unreadable};

    return counts[line];
}

int64_t audit_lines_unparsed(const struct audit_hour *hour)
{
    int64_t sum = 0;

    for (enum line line = INVALID; line < LINES; line++)
        sum += line_count(hour, line);
    return sum;
}

/* The hours that have any, what they are, and the hour that has most of them. */
struct unparsed {
    size_t first, last, worst;
    int64_t lines[LINES], sum, delivered;
};

static struct unparsed count_lines(const struct audit *audit)
{
    struct unparsed unparsed = {.first = audit->last};

    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];
        int64_t lines = audit_lines_unparsed(hour);

        unparsed.delivered += hour->hops[AUDIT_DELIVERED] + hour->unreadable;
        if (!lines)
            continue;
        for (enum line line = INVALID; line < LINES; line++)
            unparsed.lines[line] += line_count(hour, line);
        if (unparsed.first == audit->last ||
            lines > audit_lines_unparsed(&audit->hours[unparsed.worst]))
            unparsed.worst = i;
        unparsed.first = unparsed.first < i ? unparsed.first : i;
        unparsed.last = i;
        unparsed.sum += lines;
    }
    return unparsed;
}

static char *explanation(const struct audit *audit, const struct unparsed *unparsed)
{
    const struct audit_hour *worst = &audit->hours[unparsed->worst];
    char hour[TIMESTAMP_ROOM];
    struct str text = {0};

    str_add(&text, "they arrived and nobody is billed for them: ");
    for (enum line line = INVALID, n = 0; line < LINES; line++)
        if (unparsed->lines[line])
            str_addf(&text, "%s%lld %s", n++ ? ", " : "", (long long)unparsed->lines[line],
                     line_words[line]);
    timestamp_minute(worst->hour_s, hour);
    str_addf(&text,
             "; most of them (%lld) arrived in the hour of %s. `billingd check` compares the log "
             "format with what the view reads; once the view reads them, `billingd rollup` bills "
             "them",
             (long long)audit_lines_unparsed(worst), hour);
    return str_take(&text);
}

json_t *audit_lines_gap(const struct audit *audit)
{
    struct unparsed unparsed = count_lines(audit);
    cleanup_free char *why = NULL;

    if (!unparsed.sum)
        return NULL;
    why = explanation(audit, &unparsed);
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:s}", "hop", "parsed",
                     "from", (json_int_t)audit->hours[unparsed.first].hour_s, "to",
                     (json_int_t)audit->hours[unparsed.last].hour_s + AUDIT_HOUR_S, "events",
                     (json_int_t)unparsed.sum, "of", (json_int_t)unparsed.delivered, "lines",
                     "invalid", (json_int_t)unparsed.lines[INVALID], "blank",
                     (json_int_t)unparsed.lines[BLANK], "untimed",
                     (json_int_t)unparsed.lines[UNTIMED], "unreadable",
                     (json_int_t)unparsed.lines[UNREADABLE], "explanation", why);
}
