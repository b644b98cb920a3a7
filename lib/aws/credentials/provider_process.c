/* provider_process.c -- credential_process: a program of the profile that prints keys.
 *
 * What it prints: AWS CLI User Guide, "Sourcing credentials with an external process".  Its time is
 * shorter than that of a call which waits for it, so that the reason is told. */
#include "aws/credentials/provider.h"

#include "aws/credentials/document.h"
#include "aws/credentials/fetch.h"
#include "aws/local/program.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

enum { TIME_MS = 50000, OUTPUT_LIMIT = 64 << 10 };

int aws_provider_process(const struct aws_config *config, const char *profile,
                         struct aws_origin *origin, struct err *e)
{
    const struct aws_config_entry *entry = aws_config_entry(config, profile, "credential_process");

    (void)e;
    if (!entry)
        return 0;
    origin->kind = AWS_ORIGIN_PROCESS;
    origin->setting = mem_printf("%s:%d: credential_process", entry->file, entry->line);
    origin->secret = mem_text(entry->text);
    return 1;
}

static void take_output(struct fetch *fetch, const struct program_end *end)
{
    static const struct document_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                                "Expiration"};
    const char *who = fetch->origin->setting;
    struct aws_credentials keys = {0};
    struct err e = {0};
    json_auto_t *document = document_parse(who, end->output, end->length, &e);

    if (document && json_whole(document, "Version") != 1)
        (void)err_set(&e, ERR_INVALID, "%s: its output must say \"Version\": 1", who);
    else if (document && !document_keys(who, document, &names, &keys, &e))
        (void)document_check_end(who, &keys, &e);
    if (e.kind == ERR_NONE) {
        fetch_keys(fetch, &keys);
        return;
    }
    aws_credentials_fini(&keys);
    fetch_fail_with(fetch, &e);
}

static void on_end(void *arg, const struct program_end *end)
{
    struct fetch *fetch = arg;
    const char *who = fetch->origin->setting;

    fetch->program = NULL;
    if (end->timed_out)
        fetch_fail(fetch, ERR_RETRY, "%s: did not end within %d s and was killed", who,
                   TIME_MS / 1000);
    else if (end->too_large)
        fetch_fail(fetch, ERR_RETRY, "%s: printed more than %d KiB", who, OUTPUT_LIMIT >> 10);
    else if (end->signal)
        fetch_fail(fetch, ERR_RETRY, "%s: ended by signal %d (%s)", who, end->signal,
                   strsignal(end->signal));
    else if (end->code)
        fetch_fail(fetch, ERR_RETRY,
                   "%s: exit code %lld; its standard error is not shown: run it by hand", who,
                   (long long)end->code);
    else
        take_output(fetch, end);
}

void provider_process_begin(struct fetch *fetch)
{
    const struct program_limits limits = {TIME_MS, OUTPUT_LIMIT};
    int status;

    fetch->program = program_start(fetch->set->loop, fetch->origin->secret, &limits,
                                   (struct program_caller){on_end, fetch}, &status);
    if (!fetch->program)
        fetch_fail(fetch, ERR_RETRY, "%s: cannot be started: %s", fetch->origin->setting,
                   uv_strerror(status));
}
