/* ask_verbs.h -- the commands that ask the running daemon, one file each; each returns an
 * exit_code.
 */
#ifndef DAEMON_VERBS_ASK_ASK_VERBS_H
#define DAEMON_VERBS_ASK_ASK_VERBS_H

struct options;

int verb_look(const struct options *options);
int verb_events(const struct options *options);
int verb_explain(const struct options *options);

#endif
