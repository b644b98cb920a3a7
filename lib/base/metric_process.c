/* metric_process.c -- the process_* metrics every Prometheus client library exports
 * (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). */
#include "base/metric.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void add(struct str *out, const char *name, const char *type, const char *help,
                const char *value)
{
    str_addf(out, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %s\n", name, help, name,
             type, name, value);
}

static void add_gauge(struct str *out, const char *name, const char *help, unsigned long long value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%llu", value);
    add(out, name, "gauge", help, text);
}

static void add_cpu(struct str *out)
{
    struct rusage usage;
    char text[32];

    if (getrusage(RUSAGE_SELF, &usage))
        return;
    (void)snprintf(text, sizeof(text), "%.3f",
                   (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    add(out, "cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
        text);
}

static void add_memory(struct str *out)
{
    unsigned long long virtual_pages, resident_pages;
    unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "re");
    int fields;

    if (!file)
        return;
    fields = fscanf(file, "%llu %llu", &virtual_pages, &resident_pages);
    (void)fclose(file);
    if (fields != 2)
        return;
    add_gauge(out, "resident_memory_bytes", "Resident memory size in bytes.",
              resident_pages * page);
    add_gauge(out, "virtual_memory_bytes", "Virtual memory size in bytes.", virtual_pages * page);
}

static void add_files(struct str *out)
{
    DIR *directory = opendir("/proc/self/fd");
    struct rlimit limit;
    unsigned open = 0;

    if (!getrlimit(RLIMIT_NOFILE, &limit))
        add_gauge(out, "max_fds", "Maximum number of open file descriptors.", limit.rlim_cur);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));)
        open += entry->d_name[0] != '.';
    (void)closedir(directory);
    /* One of them was the directory itself. */
    add_gauge(out, "open_fds", "Number of open file descriptors.", open - 1);
}

void metric_process_write(int64_t started_ms, struct str *out)
{
    char text[32];

    add_cpu(out);
    add_memory(out);
    add_files(out);
    (void)snprintf(text, sizeof(text), "%lld.%03d", (long long)(started_ms / 1000),
                   (int)(started_ms % 1000));
    add(out, "start_time_seconds", "gauge",
        "Start time of the process since unix epoch in seconds.", text);
}
