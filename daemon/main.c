/* main.c -- which verb runs. */
#include "aws/model.h"
#include "daemon/verb.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

const struct verb verbs[] = {
    {"check", "[--print-effective] [--strict]", "validate the spec without AWS",
     "billingd check --strict", verb_check},
    {"plan", "[-o json] [--detailed-exitcode]", "show what would change, field by field",
     "billingd plan --detailed-exitcode", verb_plan},
    {"apply", "[--yes] [--dry-run]", "make AWS as the spec says, and verify it",
     "billingd apply --yes", verb_apply},
    {"run", "[--once]", "stay and keep it so (the daemon)", "billingd run", verb_run},
    {"status", "[-o json]", "state of every resource and of the data flow", "billingd status",
     verb_status},
    {"iam-policy", "", "print the least-privilege IAM policy for this spec",
     "billingd iam-policy > policy.json", verb_iam_policy},
    {"schema", "", "print the JSON Schema of billing.yaml", "billingd schema > billing.schema.json",
     verb_schema},
    {"version", "", "print the version", "billingd version", verb_version},
    {0},
};

int verb_version(const struct options *options)
{
    (void)options;
    (void)printf("billingd %s\n", BILLINGD_VERSION);
    return EXIT_DONE;
}

/* Secrets are in memory: no core dumps, no ptrace by others. */
static void protect_process(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    struct options options;
    int code = options_parse(argc, argv, &options);

    if (code >= 0)
        return code;
    protect_process();
    log_set_level(options.log_level);
    for (const struct verb *verb = verbs; verb->name; verb++)
        if (!strcmp(verb->name, options.verb)) {
            code = verb->run(&options);
            aws_model_unload();
            return code;
        }
    return EXIT_BAD_USAGE;
}
