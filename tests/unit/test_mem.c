/* Memory that cannot be had ends the process, and it says so: our own, and jansson's, which would
 * otherwise leave out what it has no room for. */
#include "base/json.h"
#include "base/mem.h"
#include "check.h"

#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than there can be; not known to the compiler, which would warn. */
static volatile size_t much = SIZE_MAX / 4;

static void ask(void)
{
    (void)mem_new(much);
}

static void ask_for_jansson(void)
{
    json_malloc_t get;
    json_free_t give_back;

    json_use_checked_memory();
    json_get_alloc_funcs(&get, &give_back);
    give_back(get(much));
}

/* What a process that calls it says on standard error before it ends; "" when it ends well. */
static void end_of(void (*call)(void), char *said, size_t room)
{
    int ends[2], status = 0;
    size_t length = 0;
    ssize_t more;
    pid_t child;

    CHECK_INT(pipe(ends), 0);
    if ((child = fork()) == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        call();
        _exit(0);
    }
    (void)close(ends[1]);
    while ((more = read(ends[0], said + length, room - 1 - length)) > 0)
        length += (size_t)more;
    said[length] = '\0';
    (void)close(ends[0]);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == MEM_EXIT) || strstr(said, "Sanitizer"));
}

static void check_end(void (*call)(void))
{
    char said[4000];

    end_of(call, said, sizeof said);
    /* A sanitizer has its own words. */
    CHECK(!strcmp(said, "billingd: out of memory\n") || strstr(said, "Sanitizer"));
}

int main(void)
{
    check_end(ask);
    check_end(ask_for_jansson);
    return check_done();
}
