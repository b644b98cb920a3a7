#include "daemon/page/page_words.h"

#include "base/mem.h"
#include "base/timestamp.h"

#include <ctype.h>
#include <string.h>

struct word {
    const char *name, *class, *word;
};

static json_t *find(const struct word *words, const char *name)
{
    while (words->name && (!name || strcmp(words->name, name) != 0))
        words++;
    return json_pack("{s:s, s:s}", "class", words->class, "word", words->word);
}

json_t *page_words_state(const char *state)
{
    static const struct word words[] = {
        {"none", "none", "Not watched"}, {"in_sync", "ok", "In sync"},
        {"silent", "none", "No calls"},  {"settling", "busy", "Settling"},
        {"differs", "warn", "Differs"},  {"observed", "warn", "Only observed"},
        {"held", "warn", "Held"},        {"blocked", "bad", "Blocked"},
        {"denied", "bad", "Denied"},     {"failed", "bad", "Failed"},
        {NULL, "unknown", "Unknown"},
    };

    return find(words, state);
}

json_t *page_words_station(const char *station, const char *state)
{
    static const char *const words[][3] = {
        {"rollups", "silent", "Nothing yet"},      {"rollups", "in_sync", "Current"},
        {"rollups", "differs", "To be built"},     {"rollups", "failed", "Days lost"},
        {"rollups", "observed", "Not built here"}, {"bill", "observed", "Incomplete"},
        {"bill", "in_sync", "Complete"},           {"bill", "differs", "Incomplete"},
        {"bill", "failed", "Usage missing"}};
    json_t *found = page_words_state(state);

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(station, words[i][0]) && !strcmp(state, words[i][1]))
            json_object_set_new(found, "word", json_string(words[i][2]));
    return found;
}

json_t *page_words_day(const char *state, bool builds)
{
    static const struct word idle[] = {
        {"missing", "warn", "Missing: not built here"},
        {"outdated", "warn", "Outdated: not built here"},
        {"late", "warn", "Late events: not built here"},
        {NULL, NULL, NULL},
    };
    static const struct word words[] = {
        {"current", "ok", "Rolled up"},       {"empty", "ok", "Nothing delivered"},
        {"kept", "ok", "Kept as it is"},      {"open", "busy", "Open"},
        {"missing", "warn", "To be built"},   {"outdated", "warn", "To be built again"},
        {"late", "warn", "Late events"},      {"lost", "bad", "Lost"},
        {"hidden", "bad", "Out of reach"},    {"ahead", "none", "Ahead"},
        {"none", "none", "Before the start"}, {NULL, "unknown", "Unknown"},
    };

    for (const struct word *word = idle; !builds && word->name; word++)
        if (!strcmp(word->name, state))
            return find(word, state);
    return find(words, state);
}

json_t *page_words_month(const char *state)
{
    static const struct word words[] = {
        {"open", "busy", "Open"},         {"draft", "warn", "Over, not closed"},
        {"overdue", "bad", "Overdue"},    {"closed", "ok", "Closed"},
        {"corrected", "ok", "Corrected"}, {"left", "none", "Left open for good"},
        {NULL, "unknown", "Unknown"},
    };

    return find(words, state);
}

const char *page_words_loss(const char *loss)
{
    static const char *const words[][2] = {{"delayed", "Events come late"},
                                           {"misread", "Events are misread"},
                                           {"dropped", "Events are lost"}};

    for (size_t i = 0; loss && i < sizeof words / sizeof *words; i++)
        if (!strcmp(loss, words[i][0]))
            return words[i][1];
    return NULL;
}

int64_t page_words_seconds(const json_t *moment)
{
    double seconds = 0;

    if (json_is_string(moment))
        (void)timestamp_parse(json_string_value(moment), &seconds);
    return (int64_t)seconds;
}

/* "3 min" */
static char *span(int64_t seconds)
{
    if (seconds < 60)
        return mem_printf("%d s", (int)seconds);
    if (seconds < 3600)
        return mem_printf("%d min", (int)(seconds / 60));
    if (seconds < 2 * 86400)
        return mem_printf("%d h", (int)(seconds / 3600));
    return mem_printf("%lld days", (long long)(seconds / 86400));
}

json_t *page_words_time(const json_t *moment, int64_t now_s)
{
    int64_t at_s = page_words_seconds(moment);
    cleanup_free char *length = NULL, *text = NULL;

    if (!at_s)
        return NULL;
    length = span(at_s > now_s ? at_s - now_s : now_s - at_s);
    text = at_s > now_s ? mem_printf("in %s", length) : mem_printf("%s ago", length);
    return json_pack("{s:O, s:s}", "iso", moment, "text", now_s == at_s ? "now" : text);
}

char *page_words_count(const json_t *number)
{
    cleanup_free char *digits = NULL;
    char text[40] = "";
    size_t length, at = 0;

    if (!json_is_integer(number))
        return mem_text("unknown");
    digits = mem_printf("%lld", (long long)json_integer_value(number));
    length = strlen(digits);
    for (size_t i = 0; i < length && at + 2 < sizeof text; i++) {
        if (i && digits[i - 1] != '-' && (length - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    return mem_text(text);
}

char *page_words_short(const json_t *number)
{
    static const char units[] = " kMGT";
    double value = (double)json_integer_value(number);
    size_t unit = 0;

    if (!json_is_integer(number))
        return mem_text("?");
    for (; value >= 1000 && unit + 2 < sizeof units; unit++)
        value /= 1000;
    if (!unit)
        return mem_printf("%d", (int)value);
    return mem_printf(value < 10 ? "%.1f %c" : "%.0f %c", value, units[unit]);
}

char *page_words_title(const char *name)
{
    char *title = mem_text(name);

    for (char *at = title; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    *title = (char)toupper((unsigned char)*title);
    return title;
}
