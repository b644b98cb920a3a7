#include "daemon/options.h"

#include "base/mem.h"
#include "base/str.h"
#include "daemon/verb.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum long_only { OPTION_COLOR = 256, OPTION_LOG_LEVEL, OPTION_DETAILED, OPTION_STRICT,
                 OPTION_EFFECTIVE, OPTION_DRY_RUN, OPTION_ONCE };

static const struct option long_options[] = {
    {"file", required_argument, NULL, 'f'},
    {"output", required_argument, NULL, 'o'},
    {"yes", no_argument, NULL, 'y'},
    {"help", no_argument, NULL, 'h'},
    {"color", required_argument, NULL, OPTION_COLOR},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"detailed-exitcode", no_argument, NULL, OPTION_DETAILED},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"print-effective", no_argument, NULL, OPTION_EFFECTIVE},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"once", no_argument, NULL, OPTION_ONCE},
    {0},
};

static void print_help(FILE *out)
{
    (void)fputs("billingd keeps an API usage billing pipeline in AWS as billing.yaml says.\n\n"
                "Usage: billingd [-f SPEC] VERB [FLAGS]\n\nVerbs:\n",
                out);
    for (const struct verb *verb = verbs; verb->name; verb++)
        (void)fprintf(out, "  %-11s %s\n", verb->name, verb->summary);
    (void)fputs("\nFlags:\n"
                "  -f, --file SPEC          spec to read; default ./billing.yaml, then "
                "/etc/billingd/billing.yaml\n"
                "  -o, --output FORMAT      text or json\n"
                "      --color WHEN         auto, always or never\n"
                "      --log-level LEVEL    error, warning, info or debug\n"
                "  -h, --help               this text; after a verb, its own\n\n"
                "Every flag with a value also has an environment variable: BILLINGD_FILE,\n"
                "BILLINGD_OUTPUT, BILLINGD_COLOR, BILLINGD_LOG_LEVEL.\n"
                "Exit codes: 0 done, 1 failed, 2 differences, 3 warnings, 4 refused by a guard,\n"
                "5 evidence failed, 64 usage, 77 no permission, 78 bad configuration.\n",
                out);
}

static const struct verb *find_verb(const char *name)
{
    for (const struct verb *verb = verbs; verb->name; verb++)
        if (!strcmp(verb->name, name))
            return verb;
    return NULL;
}

static void print_verb_help(const struct verb *verb)
{
    (void)printf("Usage: billingd [-f SPEC] %s %s\n\n%s.\n\nExample:\n  %s\n", verb->name,
                 verb->arguments, verb->summary, verb->example);
}

static int wrong(const char *what, const char *value, const char *choices)
{
    (void)fprintf(stderr, "billingd: %s '%s': choose %s\n", what, value, choices);
    return EXIT_BAD_USAGE;
}

static int set_value(struct options *options, int option, const char *value)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    static const enum log_level level_values[] = {LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

    if (option == 'f') {
        options->file = value;
    } else if (option == 'o') {
        if (strcmp(value, "text") && strcmp(value, "json"))
            return wrong("output", value, "text or json");
        options->output = strcmp(value, "json") ? OUTPUT_TEXT : OUTPUT_JSON;
    } else if (option == OPTION_COLOR) {
        if (!terminal_parse_color(value, &options->color))
            return wrong("color", value, "auto, always or never");
    } else if (option == OPTION_LOG_LEVEL) {
        for (size_t i = 0; i < 4; i++)
            if (!strcmp(value, levels[i])) {
                options->log_level = level_values[i];
                return -1;
            }
        return wrong("log level", value, "error, warning, info or debug");
    }
    return -1;
}

static void set_flag(struct options *options, int option)
{
    bool *flags[] = {&options->detailed_exitcode, &options->strict, &options->print_effective,
                     &options->dry_run, &options->once};

    if (option == 'y')
        options->yes = true;
    else if (option >= OPTION_DETAILED)
        *flags[option - OPTION_DETAILED] = true;
}

static int read_environment(struct options *options)
{
    static const struct {
        const char *name;
        int option;
    } variables[] = {{"BILLINGD_FILE", 'f'},
                     {"BILLINGD_OUTPUT", 'o'},
                     {"BILLINGD_COLOR", OPTION_COLOR},
                     {"BILLINGD_LOG_LEVEL", OPTION_LOG_LEVEL}};

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i].name);
        int code = value && *value ? set_value(options, variables[i].option, value) : -1;

        if (code >= 0)
            return code;
    }
    return -1;
}

static int take_verb(int argc, char **argv, struct options *options)
{
    const char *names[32] = {NULL};
    size_t n = 0;

    if (optind >= argc) {
        print_help(stderr);
        return EXIT_BAD_USAGE;
    }
    options->verb = argv[optind];
    if (!find_verb(options->verb)) {
        const char *nearest;

        for (const struct verb *verb = verbs; verb->name; verb++)
            names[n++] = verb->name;
        nearest = str_nearest(options->verb, names);
        (void)fprintf(stderr, "billingd: no verb '%s'%s%s%s\n", options->verb,
                      nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
        return EXIT_BAD_USAGE;
    }
    if (optind + 1 < argc) {
        (void)fprintf(stderr, "billingd: '%s' is one argument too many\n", argv[optind + 1]);
        return EXIT_BAD_USAGE;
    }
    return -1;
}

int options_parse(int argc, char **argv, struct options *options)
{
    bool help = false;
    int option, code;

    *options = (struct options){.log_level = LOG_INFO};
    code = read_environment(options);
    if (code >= 0)
        return code;
    while ((option = getopt_long(argc, argv, "f:o:yh", long_options, NULL)) != -1) {
        if (option == '?')
            return EXIT_BAD_USAGE; /* getopt has said what is wrong */
        if (option == 'h')
            help = true;
        code = optarg ? set_value(options, option, optarg) : -1;
        if (code >= 0)
            return code;
        if (!optarg)
            set_flag(options, option);
    }
    if (help && optind >= argc) {
        print_help(stdout);
        return EXIT_DONE;
    }
    code = take_verb(argc, argv, options);
    if (code < 0 && help) {
        print_verb_help(find_verb(options->verb));
        return EXIT_DONE;
    }
    return code;
}

bool options_color(const struct options *options, FILE *out)
{
    return terminal_use_color(options->color, out);
}
