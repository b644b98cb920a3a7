/* main.c -- the table of verbs, and which one runs. */
#include "aws/codec/model.h"
#include "base/json.h"
#include "base/secret/secret.h"
#include "daemon/help/help.h"
#include "daemon/machine.h"
#include "daemon/service/service.h"
#include "daemon/verbs/ask/ask_verbs.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/verbs/customer/customer_verbs.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/standard_streams.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS "[--month YYYY-MM] [--day DAY] [--since AGE|DAY] [--from DAY] [--to DAY] "

/* Whether the daemon is to stay up when its spec is wrong: -1 and told when the words are. */
static int stays(const struct options *options, bool *stay)
{
    const char *word = options->bad_spec;

    *stay = !options->once && (word ? !strcmp(word, "stay") : getenv("NOTIFY_SOCKET") != NULL);
    if (!word || !strcmp(word, "stay") || !strcmp(word, "exit"))
        return 0;
    (void)fprintf(stderr, "billingd: --bad-spec '%s': choose exit or stay\n", word);
    return -1;
}

static int run(const struct options *options)
{
    const char *path = options->file ? options->file : manifest_default_path();
    const struct service_orders orders = {.path = path ? path : "/etc/billingd/billing.yaml",
                                          .once = options->once,
                                          .skip_pass_role_check = options->skip_pass_role_check,
                                          .strict = options->strict};
    struct manifest *manifest = NULL;
    bool stay;
    int code;

    if (options->file && !strcmp(options->file, "-")) {
        (void)fputs("billingd: run reads its spec again when it is told to: name a file\n", stderr);
        return EXIT_BAD_USAGE;
    }
    if (stays(options, &stay))
        return EXIT_BAD_USAGE;
    service_hold_signals();
    if (!stay && !(manifest = spec_load_strictly(options, &code)))
        return code;
    return service_run(manifest, &orders);
}

static int version(const struct options *options)
{
    json_auto_t *json =
        json_pack("{s:s, s:s}", "format_version", JSON_FORMAT_VERSION, "version", BILLINGD_VERSION);

    if (options->output == OUTPUT_JSON)
        (void)json_view_print(json);
    else
        (void)printf("billingd %s\n", BILLINGD_VERSION);
    return EXIT_DONE;
}

static const struct verb verbs[] = {
    {"check", "[--print-effective] [--strict] [-o json]", "validate the spec without AWS",
     "billingd check --strict", verb_check, NULL, false},
    {"plan", "[--verbose] [--out PLANFILE] [-o json] [--detailed-exitcode] [--strict]",
     "show what would change, field by field", "billingd plan --out reviewed.plan", verb_plan, NULL,
     false},
    {"import",
     "[--stage NAME] [--env FILE] [--prices FILE] [--pipeline NAME] [--template FILE] "
     "[--out FILE] [-o json]",
     "write the spec of a pipeline that is there already",
     "billingd import ddn-api --out billing.yaml", verb_import, "[START]", false},
    {"apply",
     "[--yes] [--dry-run] [--detailed-exitcode] [--max-changes N] [--skip-pass-role-check] "
     "[--strict]",
     "make AWS as the spec says, and verify it", "billingd apply --yes", verb_apply, "[PLANFILE]",
     false},
    {"run", "[--once] [--skip-pass-role-check] [--bad-spec exit|stay] [--strict]",
     "stay and keep it so (the daemon)", "billingd run", run, NULL, false},
    {"status", "[-o json] [--detailed-exitcode] [--strict]",
     "state of every resource and of the data flow", "billingd status", verb_status, NULL, false},
    {"pause", "[--reason TEXT] [--for DURATION] [--strict] [-o json]",
     "leave a resource or pipeline alone for a while; without ADDRESS, list what is",
     "billingd pause ddn-api/bucket --reason \"moving it\" --for 4h", verb_pause, "[ADDRESS]",
     false},
    {"resume", "[--strict] [-o json]", "end a pause", "billingd resume ddn-api/bucket", verb_pause,
     "ADDRESS", false},
    {"explain", "[--strict] [-o json]",
     "one resource or field: want, have, who set it, what comes next, since when",
     "billingd explain ddn-api/access_logs.retention_days", verb_explain, "ADDRESS", false},
    {"look", "[--detailed-exitcode] [--strict] [-o json]",
     "have the daemon look now, and tell what came of it", "billingd look", verb_look, NULL, false},
    {"events", "[--since AGE|TIME] [--strict] [-o json]", "what billingd found and changed",
     "billingd events --since 7d", verb_events, NULL, false},
    {"rollup",
     DAYS "[--rebuild] [--pipeline NAME] [--dry-run] [--detailed-exitcode] [--strict] [-o json]",
     "build the daily rollups that are missing, outdated or late", "billingd rollup --since 7d",
     verb_rollup, NULL, false},
    {"bill",
     "--month YYYY-MM [--by day|route|status] [--customer ID] [--from-raw] [--preview] "
     "[--prices FILE] [--pipeline NAME] [--dry-run] [--strict] "
     "[-o text|table|csv|json|focus|focus-1.4|lines|html|ubl]",
     "the bill of a month, per customer", "billingd bill --month 2025-10", verb_bill, NULL, true},
    {"requests",
     "--customer ID [--month YYYY-MM] [--day DAY] [--route ROUTE] [--status STATUS] "
     "[--pipeline NAME] [--dry-run] [--strict] [-o text|csv|json|jsonl]",
     "the calls behind a customer's line of a bill, one by one",
     "billingd requests --customer alice --month 2025-10 --status 5xx -o csv", verb_requests, NULL,
     true},
    {"reconcile",
     "--customer ID --month YYYY-MM --their FILE [--format csv|jsonl|log] [--column NAME] "
     "[--pattern RE] [--pipeline NAME] [--strict] [-o text|csv|json|jsonl]",
     "a customer's own list of request ids beside the calls that their line bills",
     "billingd reconcile --customer alice --month 2025-10 --their ids.csv", verb_reconcile, NULL,
     true},
    {"audit", DAYS "[--pipeline NAME] [--strict] [-o text|table|csv|json]",
     "count events at every hop, and name what went missing", "billingd audit --month 2025-10",
     verb_audit, NULL, true},
    {"backfill",
     DAYS "[--auto] [--legacy PREFIX] [--pipeline NAME] [--dry-run] [--strict] [-o json]",
     "re-read from the log group what is missing in the bucket", "billingd backfill --auto",
     verb_backfill, NULL, false},
    {"close",
     "[--due] [--correct] [--first] [--accept-unknown] [--pipeline NAME] [--yes] [--dry-run] "
     "[--strict] [-o json]",
     "archive and sign the bill of a month, for good", "billingd close 2025-10", verb_close,
     "[YYYY-MM]", false},
    {"verify", "[--public-key FILE] [--from-raw] [--pipeline NAME] [--strict] [-o json]",
     "recompute a closed month and compare it with its archive", "billingd verify 2025-10",
     verb_verify, "YYYY-MM", false},
    {"receipt",
     "--customer ID --month YYYY-MM [--out FILE] [--public-key FILE] [--pipeline NAME] "
     "[--strict]",
     "one customer's document of a closed month, and what proves it, in one file",
     "billingd receipt --customer acme --month 2025-10 --out receipt.json", verb_receipt, NULL,
     false},
    {"verify-receipt", "--public-key FILE [-o json]",
     "check a customer's receipt, without the spec and without AWS",
     "billingd verify-receipt receipt.json --public-key billing-public.pem", verb_verify_receipt,
     "FILE", false},
    {"whatif",
     "--prices FILE [--month YYYY-MM] [--from YYYY-MM] [--to YYYY-MM] [--pipeline NAME] [--strict] "
     "[-o text|table|csv|json]",
     "re-rate history with other prices",
     "billingd whatif --prices new.yaml --from 2025-07 --to 2025-10", verb_whatif, NULL, true},
    {"shadow",
     "--compare FILE [--month YYYY-MM] [--columns MAP] [--pipeline NAME] [--strict] "
     "[-o text|table|csv|json]",
     "run another billing query beside ours, and say why they differ",
     "billingd shadow --compare present.sql --month 2025-10", verb_shadow, NULL, true},
    {"cost", "[--month YYYY-MM] [--pipeline NAME] [--strict] [-o json]",
     "what the pipeline itself costs in a month, in AWS's units and as money",
     "billingd cost --month 2025-10", verb_cost, NULL, false},
    {"fmt", "[--check] [--diff]", "lay the spec out in the usual way; comments stay",
     "billingd fmt --diff", verb_fmt, "[FILE]", false},
    {"iam-policy",
     "[--for plan|apply|run|bill|close|cost] [--split N] [--boundary] [--without-boundary] "
     "[--strict]",
     "print the least-privilege IAM policy for this spec",
     "billingd iam-policy --for run --split 2 > policies.json", verb_iam_policy, NULL, false},
    {"whoami", "[--strict] [-o json]",
     "as whom billingd acts: source of the credentials, account, end", "billingd whoami",
     verb_whoami, NULL, false},
    {"schema", "", "print the JSON Schema of billing.yaml, or of a template",
     "billingd schema > billing.schema.json", verb_schema, "[template]", false},
    {"help", "[-o json]", "explain all verbs, or one", "billingd help close", help_verb, "[VERB]",
     false},
    {"version", "[-o json]", "print the version", "billingd version", version, NULL, false},
    {"complete", "", NULL, "billingd complete addresses", help_complete, "addresses|pipelines",
     false},
    {0},
};

/* --help, --version, or nothing at all. */
static int about(const struct options *options)
{
    if (options->version && !options->help)
        return version(options);
    if (options->verb)
        help_print_verb(options->verb, stdout);
    else
        help_print(verbs, options->help ? stdout : stderr);
    return options->help ? EXIT_DONE : EXIT_BAD_USAGE;
}

static int run_verb(int argc, char **argv)
{
    struct options options;
    int code = options_parse(argc, argv, verbs, &options);

    if (code >= 0)
        return code;
    log_set_level(options.log_level);
    if (options.version || options.help || !options.verb)
        return about(&options);
    if (options.output == OUTPUT_CSV || options.output == OUTPUT_FOCUS ||
        options.output == OUTPUT_JSONL || options.output >= OUTPUT_UBL)
        standard_streams_exact();
    code = options.verb->run(&options);
    aws_model_unload();
    secret_forget();
    return code;
}

int main(int argc, char **argv)
{
    json_use_checked_memory();
    standard_streams_open();
    machine_protect();
    /* What a thread of the pool frees the next one takes: an arena for each would hold its peak. */
    (void)mallopt(M_ARENA_MAX, 1);
    /* Else the C library puts off joining small pieces that were freed, until it joins those of a
     * whole pass in one go: tens of milliseconds of whatever asks for memory then. */
    (void)mallopt(M_MXFAST, 0);
    return standard_streams_close(machine_suffices() ? run_verb(argc, argv) : EXIT_FAILED);
}
