#include "base/time_zone.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLE_S = 900 }; /* clocks are never changed twice within it */

/* ---- the database ---- */

static const char *directory(void)
{
    const char *named = getenv("TZDIR");

    return named && *named ? named : "/usr/share/zoneinfo";
}

/* Names only: nothing that could lead out of the directory. */
static bool is_name(const char *name)
{
    if (!isalpha((unsigned char)*name) || strlen(name) > 64 || strstr(name, "//"))
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("_+-/", *name))
            return false;
    return name[-1] != '/';
}

static bool is_utc(const char *name)
{
    return !strcmp(name, "UTC");
}

bool time_zone_exists(const char *name)
{
    char path[PATH_MAX], magic[4] = "";
    FILE *file;
    bool good;

    if (!is_name(name))
        return false;
    if (is_utc(name))
        return true;
    (void)snprintf(path, sizeof path, "%s/%s", directory(), name);
    file = fopen(path, "rb");
    if (!file)
        return false;
    good = fread(magic, 1, sizeof magic, file) == sizeof magic && !memcmp(magic, "TZif", 4);
    (void)fclose(file);
    return good;
}

char *time_zone_nearest(const char *name)
{
    cleanup_free char *path = mem_printf("%s/zone1970.tab", directory());
    FILE *file = fopen(path, "re");
    const char *const utc[] = {"UTC", NULL}; /* not in the list: it is nowhere */
    char line[512], zone[65], *nearest = mem_text(str_nearest(name, utc));

    /* "KR<tab>+3733+12658<tab>Asia/Seoul": each against the nearest so far. */
    while (file && fgets(line, sizeof line, file)) {
        const char *candidates[] = {nearest ? nearest : zone, zone, NULL};
        const char *better;

        if (*line == '#' || sscanf(line, "%*s %*s %64s", zone) != 1)
            continue;
        better = str_nearest(name, candidates);
        if (!better || better == nearest)
            continue;
        free(nearest);
        nearest = mem_text(zone);
    }
    if (file)
        (void)fclose(file);
    return nearest;
}

/* The first line of a file of the database, "" without one. */
static void read_line(const char *file_name, char line[static 64])
{
    char path[PATH_MAX];
    FILE *file;

    *line = '\0';
    (void)snprintf(path, sizeof path, "%s/%s", directory(), file_name);
    file = fopen(path, "r");
    if (!file)
        return;
    if (!fgets(line, 64, file))
        *line = '\0';
    (void)fclose(file);
}

const char *time_zone_version(void)
{
    static char version[16];
    char line[64];

    if (*version)
        return version;
    read_line("tzdata.zi", line);
    (void)sscanf(line, "# version %15[0-9a-z]", version);
    if (!*version) {
        read_line("+VERSION", line);
        (void)sscanf(line, "%15[0-9a-z]", version);
    }
    if (!*version)
        (void)snprintf(version, sizeof version, "unknown");
    return version;
}

/* ---- clocks ---- */

/* The process is single-threaded: its zone is borrowed for a moment and given back. */
struct borrowed {
    char before[256];
    bool had;
};

static struct borrowed borrow_zone(const char *name)
{
    struct borrowed borrowed = {.had = getenv("TZ") != NULL};
    char value[80];

    if (borrowed.had)
        (void)snprintf(borrowed.before, sizeof borrowed.before, "%s", getenv("TZ"));
    (void)snprintf(value, sizeof value, ":%s", name);
    (void)setenv("TZ", value, 1);
    tzset();
    return borrowed;
}

static void give_zone_back(const struct borrowed *borrowed)
{
    if (borrowed->had)
        (void)setenv("TZ", borrowed->before, 1);
    else
        (void)unsetenv("TZ");
    tzset();
}

/* In the borrowed zone. */
static int64_t offset_at(int64_t epoch_s)
{
    time_t moment = (time_t)epoch_s;
    struct tm local;

    return localtime_r(&moment, &local) ? local.tm_gmtoff : 0;
}

/* The first second after `low` at which the offset is another than there; it has changed by high.
 */
static int64_t find_change(int64_t low, int64_t high)
{
    int64_t before = offset_at(low);

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        if (offset_at(middle) == before)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static struct time_zone_span span_in(int64_t from_s, int64_t to_s)
{
    struct time_zone_span span = {offset_at(from_s), from_s};

    while (span.end_s < to_s) {
        int64_t next_s = to_s - span.end_s > SAMPLE_S ? span.end_s + SAMPLE_S : to_s;

        if (offset_at(next_s) != span.offset_s) {
            span.end_s = find_change(span.end_s, next_s);
            return span;
        }
        span.end_s = next_s;
    }
    return span;
}

struct time_zone_span time_zone_span(const char *name, int64_t from_s, int64_t to_s)
{
    struct time_zone_span span = {0, to_s};
    struct borrowed borrowed;

    if (is_utc(name))
        return span;
    borrowed = borrow_zone(name);
    span = span_in(from_s, to_s);
    give_zone_back(&borrowed);
    return span;
}

int64_t time_zone_offset(const char *name, int64_t at_s)
{
    return time_zone_span(name, at_s, at_s).offset_s;
}
