/* verb_look.c -- has the daemon look now, at everything, and tells what came of it.
 *
 * The daemon tells its process at its own address; the look itself is asked for with SIGUSR1, which
 * only who may signal it can send: reading an address is no right to make it work. */
#include "base/json.h"
#include "base/mem.h"
#include "daemon/verbs/ask/ask_verbs.h"
#include "daemon/verbs/daemon_ask.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/progress_while.h"
#include "daemon/views/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOOK_PATH "/api/v1/look"
enum { POLL_MS = 100, SILENT_MOST = 50 };

static int fail(const struct err *e)
{
    (void)fprintf(stderr, "billingd: %s\n", e->text);
    return e->kind == ERR_DENIED ? EXIT_DENIED : EXIT_FAILED;
}

/* Field 22 of /proc/PID/stat; 0: there is no such process here, or it is no billingd.  Whoever
 * listens at the address names the process, so it must not be any. */
static long long start_ticks(long long pid)
{
    cleanup_free char *path = mem_printf("/proc/%lld/stat", pid);
    FILE *file = fopen(path, "re");
    char line[1024] = "";
    const char *rest;
    long long ticks = 0;

    if (!file)
        return 0;
    if (!fgets(line, sizeof line, file))
        *line = '\0';
    (void)fclose(file);
    rest = strstr(line, " (billingd) ") ? strrchr(line, ')') : NULL;
    for (int field = 2; rest && field < 22; field++)
        rest = strchr(rest + 1, ' ');
    if (rest)
        (void)sscanf(rest, "%lld", &ticks);
    return ticks;
}

/* 0, or -1 and *e: it cannot be told. */
static int tell(const json_t *told, const char *listen, struct err *e)
{
    long long pid = json_integer_value(json_object_get(told, "pid"));
    long long ticks = json_integer_value(json_object_get(told, "start_ticks"));

    if (pid <= 1 || !ticks || start_ticks(pid) != ticks)
        return err_set(
            e, ERR_RETRY,
            "the daemon at %s is no process of this machine or container: send it SIGUSR1 "
            "where it runs",
            listen);
    if (!kill((pid_t)pid, SIGUSR1))
        return 0;
    return err_set(
        e, errno == EPERM ? ERR_DENIED : ERR_RETRY,
        "the daemon (process %lld) cannot be told to look: %s; as root: systemctl kill -s "
        "SIGUSR1 billingd",
        pid, strerror(errno));
}

static void pause_a_little(void)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

    (void)nanosleep(&pause, NULL);
}

static json_int_t number(const json_t *told, const char *member)
{
    return json_integer_value(json_object_get(told, member));
}

/* What it says once it has done the look that was asked for after `asked` of them; NULL and *e. */
static json_t *wait_for(const char *listen, json_int_t asked, struct err *e)
{
    for (int silent = 0; silent < SILENT_MOST;) {
        struct err failed = {0};
        json_t *told = daemon_ask(listen, LOOK_PATH, &failed);

        if (told && number(told, "asked") > asked && number(told, "done") > asked)
            return told;
        if (told && !json_is_true(json_object_get(told, "has_spec"))) {
            json_decref(told);
            (void)err_set(e, ERR_INVALID, "the daemon has no spec to look with: its file is wrong");
            return NULL;
        }
        silent = told ? 0 : silent + 1;
        json_decref(told);
        pause_a_little();
    }
    (void)err_set(e, ERR_RETRY, "the daemon at %s has stopped answering", listen);
    return NULL;
}

static int print(const struct options *options, const json_t *told)
{
    const json_t *reasons = json_object_get(told, "reasons"), *reason;
    bool differs = json_object_size(json_object_get(told, "differs")) > 0;
    size_t i;

    if (options->output == OUTPUT_JSON) {
        (void)json_view_print_told(told);
    } else {
        (void)printf("%s\n", json_text(told, "summary"));
        json_array_foreach((json_t *)reasons, i, reason)
            (void)printf("not ready: %s\n", json_string_value(reason));
    }
    if (json_array_size(reasons))
        return EXIT_FAILED;
    return differs && options->detailed_exitcode ? EXIT_DIFFERENT : EXIT_DONE;
}

static int look(const struct options *options, const char *listen)
{
    struct err e = {0};
    struct progress_while *shown =
        progress_while_start("the daemon", "looks at everything", options_color(options, stderr));
    json_auto_t *before = daemon_ask(listen, LOOK_PATH, &e), *after = NULL;

    if (before && !tell(before, listen, &e))
        after = wait_for(listen, number(before, "asked"), &e);
    progress_while_end(shown);
    return after ? print(options, after) : fail(&e);
}

int verb_look(const struct options *options)
{
    int code;
    struct manifest *manifest = spec_load_strictly(options, &code);

    if (!manifest)
        return code;
    if (manifest->listen) {
        code = look(options, manifest->listen);
    } else {
        (void)fputs("billingd: the spec has `listen: off`: the daemon cannot be asked; send it "
                    "SIGUSR1 instead\n",
                    stderr);
        code = EXIT_FAILED;
    }
    manifest_free(manifest);
    return code;
}
