/* What this machine has: files that may be anything, programs that may do anything. */
#include "aws/local/background.h"
#include "aws/local/program.h"
#include "aws/local/secret_file.h"
#include "base/mem.h"
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/billingd-local-XXXXXX";

static char *in(const char *name)
{
    return mem_printf("%s/%s", folder, name);
}

static void put(const char *path, const char *text)
{
    FILE *stream = fopen(path, "we");

    CHECK(stream && fputs(text, stream) >= 0);
    if (stream)
        (void)fclose(stream);
}

static void check_read(const char *path, int status, const char *text, const char *why)
{
    struct secret_file have;

    CHECK_INT(secret_file_read(path, 8, &have), status);
    CHECK_TEXT(have.text, text);
    CHECK_INT(have.length, text ? strlen(text) : 0);
    CHECK(why ? strstr(have.why, why) != NULL : !*have.why);
    secret_file_fini(&have);
}

static void test_reading(void)
{
    cleanup_free char *file = in("file"), *fifo = in("fifo"), *link = in("link"),
                      *gone = in("gone");

    put(file, "12345678");
    CHECK(mkfifo(fifo, 0600) == 0 && symlink(fifo, link) == 0);
    check_read(file, 1, "12345678", NULL);
    put(file, "123456789");
    check_read(file, -1, NULL, "larger than");
    check_read(fifo, -1, NULL, "no regular file"); /* and nobody waits for a writer */
    check_read(link, -1, NULL, "no regular file");
    check_read("/dev/zero", -1, NULL, "no regular file");
    check_read("/dev/null", 1, "", NULL);
    check_read(folder, -1, NULL, "directory");
    check_read(gone, 0, NULL, NULL);
    (void)unlink(file);
    (void)unlink(fifo);
    (void)unlink(link);
}

static void test_writing(void)
{
    cleanup_free char *file = in("token"), *nowhere = in("no/token");
    struct stat info;
    char why[SECRET_FILE_WHY] = "";

    put(file, "old");
    CHECK_INT(chmod(file, 0644), 0);
    CHECK_INT(secret_file_write(file, "new", why), 0);
    check_read(file, 1, "new", NULL);
    CHECK(stat(file, &info) == 0 && (info.st_mode & 0777) == 0600);
    CHECK_INT(secret_file_write(nowhere, "new", why), -1);
    CHECK(strstr(why, "No such file"));
    (void)unlink(file);
}

/* ---- work in the background ---- */

static int worked, told, released;

static void work(void *job)
{
    (void)job;
    worked++;
}

static void done(void *arg, void *job)
{
    (void)arg;
    CHECK(job == &worked);
    told++;
}

static void release(void *job)
{
    (void)job;
    released++;
}

static void test_background(void)
{
    const struct background_work one = {work, done, release, &worked, NULL};
    uv_loop_t loop;

    (void)uv_loop_init(&loop);
    (void)background_start(&loop, &one);
    background_cancel(background_start(&loop, &one));
    background_cancel(NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(worked, 2);
    CHECK_INT(told, 1);
    CHECK_INT(released, 2);
    CHECK_INT(uv_loop_close(&loop), 0);
}

/* ---- programs ---- */

static struct program_end ended;
static int ends;

static void on_end(void *arg, const struct program_end *end)
{
    free(ended.output);
    ended = *end;
    ended.output = mem_text_n(end->output, end->length);
    ends++;
    (void)arg;
}

static void run(const char *command, const struct program_limits *limits)
{
    uv_loop_t loop;
    int status = 0;

    ends = 0;
    (void)uv_loop_init(&loop);
    CHECK(program_start(&loop, command, limits, (struct program_caller){on_end, NULL}, &status));
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(ends, 1);
    CHECK_INT(uv_loop_close(&loop), 0);
}

static void test_programs(void)
{
    const struct program_limits limits = {20000, 64}, short_time = {50, 64};

    run("printf 'a b'; echo secret >&2", &limits);
    CHECK_TEXT(ended.output, "a b");
    CHECK(!ended.code && !ended.signal && !ended.timed_out && !ended.too_large);
    run("exit 7", &limits);
    CHECK_INT(ended.code, 7);
    run("kill -9 $$", &limits);
    CHECK_INT(ended.signal, SIGKILL);
    run("yes", &limits);
    CHECK(ended.too_large && !ended.timed_out);
    run("sleep 100 & sleep 100", &short_time); /* the whole group */
    CHECK(ended.timed_out);
    run("cat", &limits); /* its input is empty */
    CHECK_TEXT(ended.output, "");
    run("printf x; sleep 5 &", &limits); /* who stays behind holds the pipe, not us */
    CHECK_TEXT(ended.output, "x");
    CHECK(!ended.timed_out);
}

static void test_cancelled_program(void)
{
    const struct program_limits limits = {20000, 64};
    uv_loop_t loop;
    int status = 0;

    ends = 0;
    (void)uv_loop_init(&loop);
    program_cancel(
        program_start(&loop, "sleep 100", &limits, (struct program_caller){on_end, NULL}, &status));
    program_cancel(NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(ends, 0);
    CHECK_INT(uv_loop_close(&loop), 0);
    free(ended.output);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    test_reading();
    test_writing();
    test_background();
    test_programs();
    test_cancelled_program();
    (void)rmdir(folder);
    return check_done();
}
