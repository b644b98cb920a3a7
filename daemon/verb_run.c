#include "daemon/verb.h"
int verb_run(const struct options *options) { (void)options; return 1; }
int verb_status(const struct options *options) { (void)options; return 1; }
int verb_iam_policy(const struct options *options) { (void)options; return 1; }
