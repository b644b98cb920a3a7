#include "daemon/verbs/options.h"

#include "base/mem.h"
#include "base/str.h"
#include "daemon/verbs/verb.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum long_only {
    OPTION_COLOR = 256,
    OPTION_LOG_LEVEL,
    OPTION_DETAILED,
    OPTION_STRICT,
    OPTION_EFFECTIVE,
    OPTION_DRY_RUN,
    OPTION_ONCE,
    OPTION_FROM_RAW,
    OPTION_AUTO,
    OPTION_CORRECT,
    OPTION_FIRST,
    OPTION_REBUILD,
    OPTION_ACCEPT_UNKNOWN,
    OPTION_VERBOSE,
    OPTION_CHECK,
    OPTION_DIFF,
    OPTION_SKIP_PASS_ROLE, /* the last one without a value */
    OPTION_MONTH,
    OPTION_SINCE,
    OPTION_FROM,
    OPTION_TO,
    OPTION_DAY,
    OPTION_PRICES,
    OPTION_PIPELINE,
    OPTION_LEGACY,
    OPTION_PUBLIC_KEY,
    OPTION_FOR,
    OPTION_SPLIT,
    OPTION_OUT,
    OPTION_REASON,
    OPTION_BAD_SPEC, /* the last one of a single verb */
    OPTION_JSON,     /* of all: -o json */
};

/* Which flags of a single verb were given: a bit each from OPTION_DETAILED on, and this one. */
#define GIVEN_YES ((uint64_t)1 << 63)

static const struct option long_options[] = {
    {"file", required_argument, NULL, 'f'},
    {"output", required_argument, NULL, 'o'},
    {"yes", no_argument, NULL, 'y'},
    {"verbose", no_argument, NULL, 'v'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"diff", no_argument, NULL, OPTION_DIFF},
    {"reason", required_argument, NULL, OPTION_REASON},
    {"help", no_argument, NULL, 'h'},
    {"color", required_argument, NULL, OPTION_COLOR},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"detailed-exitcode", no_argument, NULL, OPTION_DETAILED},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"print-effective", no_argument, NULL, OPTION_EFFECTIVE},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"once", no_argument, NULL, OPTION_ONCE},
    {"from-raw", no_argument, NULL, OPTION_FROM_RAW},
    {"auto", no_argument, NULL, OPTION_AUTO},
    {"correct", no_argument, NULL, OPTION_CORRECT},
    {"first", no_argument, NULL, OPTION_FIRST},
    {"rebuild", no_argument, NULL, OPTION_REBUILD},
    {"accept-unknown", no_argument, NULL, OPTION_ACCEPT_UNKNOWN},
    {"skip-pass-role-check", no_argument, NULL, OPTION_SKIP_PASS_ROLE},
    {"month", required_argument, NULL, OPTION_MONTH},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},
    {"day", required_argument, NULL, OPTION_DAY},
    {"prices", required_argument, NULL, OPTION_PRICES},
    {"pipeline", required_argument, NULL, OPTION_PIPELINE},
    {"legacy", required_argument, NULL, OPTION_LEGACY},
    {"public-key", required_argument, NULL, OPTION_PUBLIC_KEY},
    {"for", required_argument, NULL, OPTION_FOR},
    {"split", required_argument, NULL, OPTION_SPLIT},
    {"out", required_argument, NULL, OPTION_OUT},
    {"bad-spec", required_argument, NULL, OPTION_BAD_SPEC},
    {0},
};

static void print_help(const struct verb *verbs, FILE *out)
{
    (void)fputs("billingd keeps an API usage billing pipeline in AWS as billing.yaml says.\n\n"
                "Usage: billingd [-f SPEC] VERB [FLAGS]\n\nVerbs:\n",
                out);
    for (const struct verb *verb = verbs; verb->name; verb++)
        (void)fprintf(out, "  %-11s %s\n", verb->name, verb->summary);
    (void)fputs("\nFlags:\n"
                "  -f, --file SPEC          spec to read; default ./billing.yaml, then "
                "/etc/billingd/billing.yaml\n"
                "  -o, --output FORMAT      text or json; bill: table, csv, json or focus\n"
                "      --color WHEN         auto, always or never\n"
                "      --log-level LEVEL    error, warning, info or debug\n"
                "      --json               the same as -o json\n"
                "  -h, --help               this text; after a verb, its own\n\n"
                "Every flag with a value also has an environment variable: BILLINGD_FILE,\n"
                "BILLINGD_OUTPUT, BILLINGD_LOG_LEVEL, BILLINGD_MONTH and so on.\n"
                "Exit codes: 0 done, 1 failed, 2 differences, 3 warnings, 4 refused by a guard,\n"
                "5 evidence failed, 64 usage, 77 no permission, 78 bad configuration.\n",
                out);
}

static const struct verb *find_verb(const struct verb *verbs, const char *name)
{
    for (; verbs->name; verbs++)
        if (!strcmp(verbs->name, name))
            return verbs;
    return NULL;
}

static void print_verb_help(const struct verb *verb)
{
    (void)printf("Usage: billingd [-f SPEC] %s%s%s %s\n\n%s.\n\nExample:\n  %s\n", verb->name,
                 verb->operand ? " " : "", verb->operand ? verb->operand : "", verb->arguments,
                 verb->summary, verb->example);
}

static int wrong(const char *what, const char *value, const char *choices)
{
    (void)fprintf(stderr, "billingd: %s '%s': choose %s\n", what, value, choices);
    return EXIT_BAD_USAGE;
}

/* In the order of enum output_format. */
static const char *const output_names[] = {"text", "json", "table", "csv", "focus"};

static int set_output(struct options *options, const char *value)
{
    for (size_t i = 0; i < sizeof output_names / sizeof *output_names; i++)
        if (!strcmp(value, output_names[i])) {
            options->output = (enum output_format)i;
            return -1;
        }
    return wrong("output", value, "text, json, table, csv or focus");
}

static int set_log_level(struct options *options, const char *value)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    static const enum log_level level_values[] = {LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

    for (size_t i = 0; i < 4; i++)
        if (!strcmp(value, levels[i])) {
            options->log_level = level_values[i];
            return -1;
        }
    return wrong("log level", value, "error, warning, info or debug");
}

static int set_value(struct options *options, int option, const char *value)
{
    const char **texts[] = {&options->month,    &options->since,   &options->from,
                            &options->to,       &options->day,     &options->prices,
                            &options->pipeline, &options->legacy,  &options->public_key,
                            &options->for_use,  &options->split,   &options->out,
                            &options->reason,   &options->bad_spec};

    if (option == 'f') {
        options->file = value;
    } else if (option == 'o') {
        return set_output(options, value);
    } else if (option == OPTION_COLOR) {
        if (!terminal_parse_color(value, &options->color))
            return wrong("color", value, "auto, always or never");
    } else if (option == OPTION_LOG_LEVEL) {
        return set_log_level(options, value);
    } else if (option >= OPTION_MONTH) {
        *texts[option - OPTION_MONTH] = value;
    }
    return -1;
}

static void set_flag(struct options *options, int option)
{
    bool *flags[] = {&options->detailed_exitcode,
                     &options->strict,
                     &options->print_effective,
                     &options->dry_run,
                     &options->once,
                     &options->from_raw,
                     &options->automatic,
                     &options->correct,
                     &options->first,
                     &options->rebuild,
                     &options->accept_unknown,
                     &options->verbose,
                     &options->check,
                     &options->diff,
                     &options->skip_pass_role_check};

    if (option == 'y')
        options->yes = true;
    else if (option == OPTION_JSON)
        options->output = OUTPUT_JSON;
    else if (option >= OPTION_DETAILED)
        *flags[option - OPTION_DETAILED] = true;
}

/* BILLINGD_LOG_LEVEL for --log-level. */
static const char *variable(const char *flag)
{
    char name[64] = "BILLINGD_";
    size_t n = strlen(name);

    for (; *flag && n + 1 < sizeof name; flag++)
        name[n++] = (char)(*flag == '-' ? '_' : toupper((unsigned char)*flag));
    name[n] = '\0';
    return getenv(name);
}

static int read_environment(struct options *options)
{
    for (const struct option *option = long_options; option->name; option++) {
        const char *value = option->has_arg ? variable(option->name) : NULL;
        int code = value && *value ? set_value(options, option->val, value) : -1;

        if (code >= 0)
            return code;
    }
    return -1;
}

static int take_operand(int argc, char **argv, struct options *options)
{
    int rest = optind + 1;

    if (options->verb->operand && rest < argc)
        options->operand = argv[rest++];
    if (rest < argc) {
        (void)fprintf(stderr, "billingd: '%s' is one argument too many\n", argv[rest]);
        return EXIT_BAD_USAGE;
    }
    return -1;
}

static int take_verb(int argc, char **argv, const struct verb *verbs, struct options *options)
{
    const char *names[32] = {NULL};
    size_t n = 0;

    if (optind >= argc) {
        print_help(verbs, stderr);
        return EXIT_BAD_USAGE;
    }
    options->verb = find_verb(verbs, argv[optind]);
    if (!options->verb) {
        const char *nearest;

        for (const struct verb *verb = verbs; verb->name && n + 1 < sizeof names / sizeof *names;
             verb++)
            names[n++] = verb->name;
        nearest = str_nearest(argv[optind], names);
        (void)fprintf(stderr, "billingd: no verb '%s'%s%s%s\n", argv[optind],
                      nearest ? "; did you mean '" : "", nearest ? nearest : "",
                      nearest ? "'?" : "");
        return EXIT_BAD_USAGE;
    }
    return take_operand(argc, argv, options);
}

/* Whether the verb's help names the flag: "[--month YYYY-MM]" names month. */
static bool verb_knows(const struct verb *verb, const char *flag)
{
    size_t n = strlen(flag);

    for (const char *at = verb->arguments; (at = strstr(at, "--")); at += 2)
        if (!strncmp(at + 2, flag, n) && strchr(" ]|", at[2 + n]))
            return true;
    return false;
}

/* A flag that would be ignored is a misunderstanding: told, before anything is billed by it. */
static int check_flag(const struct options *options, int option)
{
    const struct verb *verb = options->verb;

    for (const struct option *known = long_options; known->name; known++)
        if (known->val == option && !verb_knows(verb, known->name)) {
            (void)fprintf(stderr, "billingd: %s has no flag --%s\n", verb->name, known->name);
            return EXIT_BAD_USAGE;
        }
    return -1;
}

/* The flags in the order given; `given` collects those of a single verb. */
static int read_flags(int argc, char **argv, struct options *options, bool *help, uint64_t *given)
{
    int option, code;

    while ((option = getopt_long(argc, argv, "f:o:yvh", long_options, NULL)) != -1) {
        if (option == '?')
            return EXIT_BAD_USAGE; /* getopt has said what is wrong */
        if (option == 'h')
            *help = true;
        if (option == 'v')
            option = OPTION_VERBOSE;
        code = optarg ? set_value(options, option, optarg) : -1;
        if (code >= 0)
            return code;
        if (!optarg)
            set_flag(options, option);
        if (option >= OPTION_DETAILED && option <= OPTION_BAD_SPEC)
            *given |= (uint64_t)1 << (option - OPTION_DETAILED);
        else if (option == 'y')
            *given |= GIVEN_YES;
    }
    return -1;
}

static int check_use(const struct options *options, uint64_t given)
{
    const struct verb *verb = options->verb;
    int code = -1;

    for (int option = OPTION_DETAILED; option <= OPTION_BAD_SPEC && code < 0; option++)
        if (given & (uint64_t)1 << (option - OPTION_DETAILED))
            code = check_flag(options, option == OPTION_VERBOSE ? 'v' : option);
    if (code < 0 && (given & GIVEN_YES))
        code = check_flag(options, 'y');
    /* One in brackets may be left out. */
    if (code < 0 && verb->operand && *verb->operand != '[' && !options->operand) {
        (void)fprintf(stderr, "billingd: %s needs %s, like: %s\n", verb->name, verb->operand,
                      verb->example);
        return EXIT_BAD_USAGE;
    }
    if (code < 0 && options->output > OUTPUT_JSON && !verb->prints_bills)
        return wrong("output", output_names[options->output], "text or json for this verb");
    return code;
}

int options_parse(int argc, char **argv, const struct verb *verbs, struct options *options)
{
    bool help = false;
    uint64_t given = 0;
    int code;

    *options = (struct options){.log_level = LOG_INFO};
    code = read_environment(options);
    if (code < 0)
        code = read_flags(argc, argv, options, &help, &given);
    if (code >= 0)
        return code;
    if (help && optind >= argc) {
        print_help(verbs, stdout);
        return EXIT_DONE;
    }
    code = take_verb(argc, argv, verbs, options);
    if (code < 0 && help) {
        print_verb_help(options->verb);
        return EXIT_DONE;
    }
    return code < 0 ? check_use(options, given) : code;
}

bool options_color(const struct options *options, FILE *out)
{
    return terminal_use_color(options->color, out);
}
