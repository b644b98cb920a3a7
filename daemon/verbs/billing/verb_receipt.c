/* verb_receipt.c -- one customer's receipt of a closed month, as a file: given only when it was
 * checked as the customer will check it. */
#include "base/mem.h"
#include "billing/bulk/unnamed_file.h"
#include "billing/receipt/receipt_check.h"
#include "billing/verify/receipt_give.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/views/standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct giving {
    struct number number;
    struct signature_key *key;
    /* What was given so far: beside its place, under another name; or without one. */
    FILE *file;
    char *path; /* to the file until it is whole; nameless: it needs no unlink */
    bool nameless;
    int error; /* errno of the file */
    struct receipt_check check;
    int result; /* of the check */
    struct err failed;
};

/* ---- the file ---- */

static int failure(void)
{
    return errno ? errno : EIO;
}

/* Without a name until it is whole, so that whatever ends the process leaves nothing; -1 where the
 * file system, or the machine without /proc, cannot. */
static int open_nameless(struct giving *giving, const char *out)
{
    const char *slash = strrchr(out, '/');
    cleanup_free char *folder = slash ? mem_text_n(out, (size_t)(slash - out) + 1) : mem_text(".");
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (descriptor < 0)
        return -1;
    giving->path = mem_printf("/proc/self/fd/%d", descriptor);
    giving->nameless = !access(giving->path, F_OK);
    if (giving->nameless)
        return descriptor;
    free(giving->path);
    (void)close(descriptor);
    return -1;
}

/* Where the file is to be, as its name there is made by a link. */
static int open_beside(struct giving *giving, const char *out)
{
    int descriptor = open_nameless(giving, out);

    if (descriptor >= 0)
        return descriptor;
    giving->path = mem_printf("%s.XXXXXX", out);
    descriptor = mkostemp(giving->path, O_CLOEXEC);
    if (descriptor < 0) {
        free(giving->path);
        giving->path = NULL;
    }
    return descriptor;
}

static int open_file(struct giving *giving, const char *out)
{
    int descriptor = out ? open_beside(giving, out) : unnamed_file(&giving->failed);

    giving->file = descriptor < 0 ? NULL : fdopen(descriptor, "w+");
    return giving->file ? 0 : failure();
}

static bool take(void *arg, const void *bytes, size_t length)
{
    struct giving *giving = arg;

    errno = 0;
    if (!giving->error && fwrite(bytes, 1, length, giving->file) != length)
        giving->error = failure();
    return !giving->error;
}

static ptrdiff_t more(void *arg, void *room, size_t size, struct err *e)
{
    struct giving *giving = arg;
    size_t got = fread(room, 1, size, giving->file);

    return !got && ferror(giving->file) ? err_set(e, ERR_RETRY, "the receipt cannot be read again")
                                        : (ptrdiff_t)got;
}

/* As the customer will: off the loop. */
static void check(void *arg)
{
    struct giving *giving = arg;

    errno = 0;
    if (giving->error || !giving->file)
        return;
    if (fflush(giving->file) || fsync(fileno(giving->file))) {
        giving->error = failure();
        return;
    }
    rewind(giving->file);
    giving->result = receipt_check(more, giving, giving->key, &giving->check, &giving->failed);
}

static void copy(void *arg)
{
    struct giving *giving = arg;
    char bytes[65536];
    size_t got;

    rewind(giving->file);
    while ((got = fread(bytes, 1, sizeof bytes, giving->file)) > 0)
        if (fwrite(bytes, 1, got, stdout) != got)
            return; /* told when standard output is closed */
    if (ferror(giving->file))
        giving->error = failure();
}

/* Never over another file. */
static int publish(struct flow *flow, struct giving *giving, const struct options *options)
{
    if (!options->out) {
        flow_work(flow, copy, giving);
        if (giving->error)
            (void)fprintf(stderr,
                          "billingd: receipt: it is cut off, since it cannot be read "
                          "again: %s\n",
                          strerror(giving->error));
        return giving->error ? EXIT_FAILED : EXIT_DONE;
    }
    if (!giving->path || fflush(giving->file) ||
        linkat(AT_FDCWD, giving->path, AT_FDCWD, options->out, AT_SYMLINK_FOLLOW)) {
        (void)fprintf(stderr, "billingd: %s: %s%s\n", options->out, strerror(errno),
                      errno == EEXIST ? ": a receipt is never written over; choose another name"
                                      : "");
        return EXIT_FAILED;
    }
    (void)printf("%s: the receipt of %s, checked\n", options->out, options->customer);
    return EXIT_DONE;
}

static void close_file(struct giving *giving)
{
    if (giving->file)
        (void)fclose(giving->file);
    if (giving->path && !giving->nameless)
        (void)unlink(giving->path);
    free(giving->path);
    receipt_check_fini(&giving->check);
}

/* ---- the verb ---- */

static int tell_wrong(const struct giving *giving, struct err *e)
{
    const char *first = json_string_value(json_array_get(giving->check.wrong, 0));

    if (giving->failed.kind)
        return err_set(e, giving->failed.kind, "%s", giving->failed.text);
    if (giving->error)
        return err_set(e, ERR_RETRY, "the receipt cannot be written: %s", strerror(giving->error));
    return giving->result ? err_set(e, ERR_EVIDENCE, "what the archive holds makes no receipt: %s",
                                    first ? first : "?")
                          : 0;
}

static int give(struct flow *flow, struct billing_turn *turn, struct giving *giving, struct err *e)
{
    const struct receipt_give order = {turn->billing, giving->number, turn->options->customer,
                                       giving->key,   take,           giving};

    giving->error = open_file(giving, turn->options->out);
    if (!giving->error && receipt_give(flow, &order, e) && !giving->error)
        return -1;
    if (!giving->error)
        flow_work(flow, check, giving);
    return tell_wrong(giving, e);
}

static struct signature_key *trusted_key(const struct billing_turn *turn, struct err *e)
{
    const char *path = turn->options->public_key;

    return signature_trusted_key(path ? path : turn->billing->settings.signing_key, e);
}

static int receipt_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct giving giving = {.number = *(struct number *)turn->arg};
    int code = EXIT_BAD_CONFIG;

    giving.key = trusted_key(turn, e);
    if (giving.key) {
        billing_runner_say(turn, "putting the receipt together");
        code = give(flow, turn, &giving, e) ? -1 : EXIT_DONE;
        billing_runner_quiet(turn);
        if (code == EXIT_DONE)
            code = publish(flow, &giving, turn->options);
        if (code < 0 && e->kind == ERR_EVIDENCE) {
            (void)fprintf(stderr, "billingd: %s\n", e->text);
            err_clear(e);
            code = EXIT_EVIDENCE;
        }
    }
    close_file(&giving);
    signature_key_free(giving.key);
    return code;
}

/* "2025-10", or "2025-10-c1" for a correction. */
static int read_month(const char *text, struct number *number)
{
    struct err e = {0};
    const char *correction = text ? strstr(text, "-c") : NULL;
    cleanup_free char *month =
        text ? mem_text_n(text, correction ? (size_t)(correction - text) : strlen(text)) : NULL;
    char again[32] = "";

    if (!text) {
        (void)fputs("billingd: receipt needs --month, like: billingd receipt --customer acme "
                    "--month 2025-10\n",
                    stderr);
        return -1;
    }
    if (correction) {
        number->correction = (unsigned)strtoul(correction + 2, NULL, 10);
        (void)snprintf(again, sizeof again, "-c%u", number->correction);
        if (!number->correction || strcmp(again, correction) != 0)
            (void)err_set(&e, ERR_INVALID, "%s is no correction like 2025-10-c1", text);
    }
    if (!e.kind && !calendar_parse_month(month, &number->month, &e))
        return 0;
    (void)fprintf(stderr, "billingd: --month: %s\n", e.text);
    return -1;
}

int verb_receipt(const struct options *options)
{
    struct number number = {0};

    if (!options->customer) {
        (void)fputs("billingd: receipt needs --customer, like: billingd receipt --customer acme "
                    "--month 2025-10\n",
                    stderr);
        return EXIT_BAD_USAGE;
    }
    if (read_month(options->month, &number))
        return EXIT_BAD_USAGE;
    if (!options->out)
        standard_streams_exact();
    return billing_runner_run(options, false, receipt_turn, &number);
}
