/* verb_verify.c -- recomputes a closed month and holds it against its archive. */
#include "base/json.h"
#include "base/mem.h"
#include "base/text_width.h"
#include "billing/verify/verify.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/views/json_view.h"

#include <string.h>

struct request {
    struct day month;
    struct signature_key *key; /* NULL: that of the spec */
};

static void on_progress(void *arg, const char *what)
{
    billing_runner_say(arg, "%s", what);
}

static void print_json(const struct billing_turn *turn, const struct verify *verify)
{
    json_auto_t *json =
        json_pack("{s:s, s:s, s:s, s:b, s:I, s:O, s:O, s:O, s:O, s:O*}", "format_version",
                  JSON_FORMAT_VERSION, "pipeline", turn->billing->pipeline, "month",
                  turn->options->operand, "verified", !json_array_size(verify->differences),
                  "corrections", (json_int_t)verify->corrections, "differences",
                  verify->differences, "checked", verify->checked, "notes", verify->notes, "later",
                  verify->later, "manifest", verify->manifest);

    (void)json_view_print(json);
}

static void print_texts(const char *before, const json_t *texts)
{
    const json_t *text;
    size_t i;

    json_array_foreach(texts, i, text)
        (void)printf("%s%s\n", before, json_string_value(text));
}

static void print_later(const struct verify *verify)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(verify->later, "days"), i, row)
        (void)printf("later     %s: %" JSON_INTEGER_FORMAT " calls, %" JSON_INTEGER_FORMAT
                     " bytes\n",
                     json_text(row, "day"), json_integer_value(json_object_get(row, "calls")),
                     json_integer_value(json_object_get(row, "bytes")));
    json_array_foreach(json_object_get(verify->later, "customers"), i, row) {
        cleanup_free char *name = text_width_exact(json_text(row, "customer"));

        (void)printf("later     %s: %s not billed yet\n", name, json_text(row, "total"));
    }
    print_texts("waiting   ", json_object_get(verify->later, "waiting"));
}

static void print_text(const struct billing_turn *turn, const struct verify *verify)
{
    bool color = options_color(turn->options, stdout);
    size_t wrong = json_array_size(verify->differences);

    print_texts("good      ", verify->checked);
    print_texts("note      ", verify->notes);
    print_later(verify);
    print_texts("DIFFERENT ", verify->differences);
    if (wrong)
        (void)printf("%s%s is NOT what was signed: %zu difference%s%s\n",
                     terminal_style(color, STYLE_RED), turn->options->operand, wrong,
                     wrong == 1 ? "" : "s", terminal_style(color, STYLE_PLAIN));
    else
        (void)printf("%s%s is what was signed%s\n", terminal_style(color, STYLE_GREEN),
                     turn->options->operand, terminal_style(color, STYLE_PLAIN));
    if (json_array_size(json_object_get(verify->later, "days")))
        (void)printf("What arrived later becomes a correction: billingd close %s --correct\n",
                     turn->options->operand);
}

/* Off the loop: everybody may have later arrivals. */
struct printing {
    const struct billing_turn *turn;
    const struct verify *verify;
};

static void print_all(void *arg)
{
    const struct printing *printing = arg;

    if (printing->turn->options->output == OUTPUT_JSON)
        print_json(printing->turn, printing->verify);
    else
        print_text(printing->turn, printing->verify);
}

static int verify_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    const struct request *request = turn->arg;
    struct signature_key *own =
        request->key ? NULL : signature_trusted_key(turn->billing->settings.signing_key, e);
    struct verify verify = {
        .billing = turn->billing,
        .month = request->month,
        .key = request->key ? request->key : own,
        .from_raw = turn->options->from_raw,
        .progress = on_progress,
        .arg = turn,
    };
    int code = EXIT_BAD_CONFIG;

    if (verify.key) {
        code = verify_month(flow, &verify, e) ? -1 : EXIT_DONE;
        billing_runner_quiet(turn);
        if (code == EXIT_DONE)
            flow_work(flow, print_all, &(struct printing){turn, &verify});
        if (code == EXIT_DONE && json_array_size(verify.differences))
            code = EXIT_EVIDENCE;
    }
    verify_fini(&verify);
    signature_key_free(own);
    return code;
}

int verb_verify(const struct options *options)
{
    struct request request = {0};
    struct err e = {0};
    int code;

    if (calendar_parse_month(options->operand, &request.month, &e)) {
        (void)fprintf(stderr, "billingd: verify: %s\n", e.text);
        return EXIT_BAD_USAGE;
    }
    if (options->public_key) {
        request.key = signature_public_key(options->public_key, &e);
        if (!request.key) {
            (void)fprintf(stderr, "billingd: --public-key: %s\n", e.text);
            return EXIT_BAD_CONFIG;
        }
    }
    code = billing_runner_run(options, false, verify_turn, &request);
    signature_key_free(request.key);
    return code;
}
