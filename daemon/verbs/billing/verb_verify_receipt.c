/* verb_verify_receipt.c -- is a customer's receipt what was signed?  A file and a key: no spec, no
 * AWS. */
#include "base/json.h"
#include "base/mem.h"
#include "base/text_width.h"
#include "billing/receipt/receipt_check.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/views/json_view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct file {
    int descriptor;
    const char *name;
};

static ptrdiff_t more(void *arg, void *room, size_t size, struct err *e)
{
    const struct file *file = arg;
    ssize_t got;

    do
        got = read(file->descriptor, room, size);
    while (got < 0 && errno == EINTR);
    return got < 0 ? err_set(e, ERR_RETRY, "%s: %s", file->name, strerror(errno)) : got;
}

static void print_json(const struct receipt_check *check, int result)
{
    json_auto_t *json =
        json_pack("{s:s, s:b, s:O, s:O}", "format_version", JSON_FORMAT_VERSION, "verified",
                  !result, "wrong", check->wrong, "notes", check->notes);

    if (!result)
        json_object_set(json, "receipt", check->facts);
    (void)json_view_print(json);
}

static void print_fact(const struct receipt_check *check, const char *label, const char *name)
{
    const char *value = json_text(check->facts, name);
    cleanup_free char *text = value ? text_width_exact(value) : NULL;

    if (text)
        (void)printf("%-10s%s\n", label, text);
}

static void print_total(const struct receipt_check *check)
{
    const char *total = json_text(check->facts, "total");
    const char *currency = json_text(check->facts, "currency");
    cleanup_free char *both = total ? mem_printf("%s %s", total, currency ? currency : "") : NULL;
    cleanup_free char *text = both ? text_width_exact(both) : NULL;

    if (text)
        (void)printf("%-10s%s\n", "total", text);
}

/* Whose it is, and what can be compared with others. */
static void print_facts(const struct receipt_check *check)
{
    const json_t *facts = check->facts;

    print_fact(check, "pipeline", "pipeline");
    print_fact(check, "month", "month");
    print_fact(check, "document", "number");
    print_fact(check, "customer", "customer");
    print_total(check);
    if (json_is_true(json_object_get(facts, "itemised")))
        (void)printf("requests  %" JSON_INTEGER_FORMAT " calls, %" JSON_INTEGER_FORMAT
                     " bytes, each with its id\n",
                     json_whole(facts, "calls"), json_whole(facts, "bytes"));
    print_fact(check, "closed as", "invoice");
    print_fact(check, "root", "root");
}

static void print_texts(const char *before, const json_t *texts)
{
    const json_t *text;
    size_t i;

    json_array_foreach(texts, i, text)
        (void)printf("%s%s\n", before, json_string_value(text));
}

static void print_text(const struct options *options, const struct receipt_check *check, int result)
{
    bool color = options_color(options, stdout);

    if (!result) {
        print_facts(check);
        print_texts("note      ", check->notes);
    }
    print_texts("WRONG     ", check->wrong);
    (void)printf("%s%s %s what was signed%s\n",
                 terminal_style(color, result ? STYLE_RED : STYLE_GREEN), options->operand,
                 result ? "is NOT" : "is", terminal_style(color, STYLE_PLAIN));
    if (!result)
        (void)printf("Whoever else has a receipt of %s must find the same root in it.\n",
                     json_text(check->facts, "invoice"));
}

static int check_file(const struct options *options, struct file *file,
                      const struct signature_key *key)
{
    struct receipt_check check;
    struct err e = {0};
    int result = receipt_check(more, file, key, &check, &e);

    if (result < 0)
        (void)fprintf(stderr, "billingd: %s\n", e.text);
    else if (options->output == OUTPUT_JSON)
        print_json(&check, result);
    else
        print_text(options, &check, result);
    receipt_check_fini(&check);
    return result < 0 ? EXIT_FAILED : result ? EXIT_EVIDENCE : EXIT_DONE;
}

int verb_verify_receipt(const struct options *options)
{
    struct file file = {STDIN_FILENO, options->operand};
    struct signature_key *key;
    struct err e = {0};
    int code;

    if (!options->public_key) {
        (void)fputs("billingd: verify-receipt needs --public-key FILE: a key that you have from "
                    "the seller by another way than the receipt\n",
                    stderr);
        return EXIT_BAD_USAGE;
    }
    key = signature_public_key(options->public_key, &e);
    if (!key) {
        (void)fprintf(stderr, "billingd: --public-key: %s\n", e.text);
        return EXIT_BAD_CONFIG;
    }
    if (strcmp(file.name, "-") != 0)
        file.descriptor = open(file.name, O_RDONLY | O_CLOEXEC);
    if (file.descriptor < 0)
        (void)fprintf(stderr, "billingd: %s: %s\n", file.name, strerror(errno));
    code = file.descriptor < 0 ? EXIT_FAILED : check_file(options, &file, key);
    if (file.descriptor > STDIN_FILENO)
        (void)close(file.descriptor);
    signature_key_free(key);
    return code;
}
