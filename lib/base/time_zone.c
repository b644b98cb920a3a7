#include "base/time_zone.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <limits.h>
#include <pthread.h>
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
    file = fopen(path, "rbe");
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
    file = fopen(path, "re");
    if (!file)
        return;
    if (!fgets(line, 64, file))
        *line = '\0';
    (void)fclose(file);
}

static char version[16];

static void read_version(void)
{
    char line[64];

    read_line("tzdata.zi", line);
    (void)sscanf(line, "# version %15[0-9a-z]", version);
    if (!*version) {
        read_line("+VERSION", line);
        (void)sscanf(line, "%15[0-9a-z]", version);
    }
    if (!*version)
        (void)snprintf(version, sizeof version, "unknown");
}

const char *time_zone_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, read_version);
    return version;
}

/* ---- clocks ---- */

/* The process's zone is borrowed for a moment and given back, by one thread at a time.  Its place
 * in the environment is a text of ours that is changed where it stands: setenv would move what
 * other threads are reading (libcurl's resolver, base/secret).  It ends with a 0 at any moment, and
 * is nobody's variable while no zone is set. */
static pthread_mutex_t borrowing = PTHREAD_MUTEX_INITIALIZER;
static char entry[PATH_MAX + 8] = "TZ=";
static char *const value = entry + 3;
enum { VALUE_ROOM = sizeof entry - 3 };

static void set_zone(const char *zone)
{
    size_t length = strnlen(zone, VALUE_ROOM - 1);

    memcpy(value, zone, length);
    memset(value + length, 0, VALUE_ROOM - length);
    tzset();
}

/* What was set before, new text; NULL: nothing. */
static char *borrow_zone(const char *name)
{
    cleanup_free char *wanted = mem_printf(":%s", name);
    const char *set = getenv("TZ");
    char *before = set ? mem_text(set) : NULL;

    *entry = 'T';
    if (getenv("TZ") != value)
        (void)putenv(entry);
    set_zone(wanted);
    return before;
}

static void give_zone_back(char *before)
{
    if (!before)
        *entry = '\0';
    set_zone(before ? before : "");
    free(before);
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
    char *before;

    if (is_utc(name))
        return span;
    (void)pthread_mutex_lock(&borrowing);
    before = borrow_zone(name);
    span = span_in(from_s, to_s);
    give_zone_back(before);
    (void)pthread_mutex_unlock(&borrowing);
    return span;
}

int64_t time_zone_offset(const char *name, int64_t at_s)
{
    return time_zone_span(name, at_s, at_s).offset_s;
}
