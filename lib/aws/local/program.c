/* program.c -- uv_spawn, the pipe of its output and the timer of its limit.
 *
 * It has ended when the process has exited and its output is read to the end.  What it leaves
 * running may hold the pipe open for good (an agent, say): what was printed until GRACE_MS after
 * the exit is its output then.  The memory stays until all handles are closed. */
#include "aws/local/program.h"

#include "base/mem.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { GRACE_MS = 1000 };

struct program {
    uv_process_t process;
    uv_pipe_t pipe;
    uv_timer_t timer;
    struct program_limits limits;
    struct program_end end;
    program_done_fn *done; /* NULL: cancelled, or told */
    void *arg;
    bool started, exited, drained;
    unsigned handles;
    char buffer[4096];
};

static void on_closed(uv_handle_t *handle)
{
    struct program *program = handle->data;

    if (--program->handles)
        return;
    explicit_bzero(program->buffer, sizeof program->buffer);
    if (program->end.output)
        explicit_bzero(program->end.output, program->end.length);
    free(program->end.output);
    free(program);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

/* The group, which the program leads: its children may be what hangs. */
static void kill_all(const struct program *program)
{
    if (program->started && !program->exited)
        (void)kill(-program->process.pid, SIGKILL);
}

static void finish(struct program *program)
{
    program_done_fn *done = program->done;

    program->done = NULL;
    close_handle((uv_handle_t *)&program->pipe);
    close_handle((uv_handle_t *)&program->timer);
    close_handle((uv_handle_t *)&program->process);
    if (done)
        done(program->arg, &program->end);
}

/* libuv reaps the process in its own handler; the handle must live until then. */
static void give_up(struct program *program)
{
    kill_all(program);
    program->drained = true;
    close_handle((uv_handle_t *)&program->pipe);
    (void)uv_timer_stop(&program->timer);
    if (program->exited)
        finish(program);
}

static void on_time(uv_timer_t *timer)
{
    struct program *program = timer->data;

    program->end.timed_out = !program->exited;
    give_up(program);
}

static void on_exited(uv_process_t *process, int64_t code, int number)
{
    struct program *program = process->data;

    program->exited = true;
    program->end.code = code;
    program->end.signal = number;
    if (program->drained)
        finish(program);
    else
        (void)uv_timer_start(&program->timer, on_time, GRACE_MS, 0);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct program *program = handle->data;

    (void)wanted;
    *buffer = uv_buf_init(program->buffer, sizeof program->buffer);
}

static void keep(struct program *program, const char *bytes, size_t n)
{
    struct program_end *end = &program->end;

    if (n > program->limits.bytes - end->length) {
        end->too_large = true;
        give_up(program);
        return;
    }
    memcpy(end->output + end->length, bytes, n);
    end->length += n;
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct program *program = stream->data;

    if (n > 0)
        keep(program, buffer->base, (size_t)n);
    if (n >= 0)
        return;
    program->drained = true;
    (void)uv_read_stop(stream);
    if (program->exited)
        finish(program);
}

static int spawn(struct program *program, const char *command)
{
    char *words[] = {"/bin/sh", "-c", (char *)command, NULL};
    uv_stdio_container_t streams[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&program->pipe},
        {.flags = UV_IGNORE}};
    const uv_process_options_t options = {.exit_cb = on_exited,
                                          .file = words[0],
                                          .args = words,
                                          .flags = UV_PROCESS_DETACHED, /* a group of its own */
                                          .stdio_count = 3,
                                          .stdio = streams};

    /* libcurl's sockets would be inherited: a connection to AWS that a helper keeps open. */
    (void)close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    return uv_spawn(program->pipe.loop, &program->process, &options);
}

struct program *program_start(uv_loop_t *loop, const char *command,
                              const struct program_limits *limits, struct program_caller caller,
                              int *status)
{
    struct program *program = mem_new(sizeof *program);

    program->limits = *limits;
    program->end.output = mem_new(limits->bytes + 1);
    program->done = caller.done;
    program->arg = caller.arg;
    program->handles = 3;
    (void)uv_pipe_init(loop, &program->pipe, 0);
    (void)uv_timer_init(loop, &program->timer);
    program->pipe.data = program->timer.data = program->process.data = program;
    *status = spawn(program, command);
    if (*status) { /* libuv has made the handle all the same */
        program->done = NULL;
        finish(program);
        return NULL;
    }
    program->started = true;
    (void)uv_timer_start(&program->timer, on_time, limits->time_ms, 0);
    (void)uv_read_start((uv_stream_t *)&program->pipe, on_room, on_output);
    return program;
}

void program_cancel(struct program *program)
{
    if (!program)
        return;
    program->done = NULL;
    give_up(program);
}
