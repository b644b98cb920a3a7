/* secret.h -- what must never be told, wherever it was put by mistake.
 *
 * Secret are the values of environment variables that say so by their names, private keys, what was
 * learned (keys out of files and from STS), and what stands before the @ of a URL. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

/* Whether an environment variable of that name holds a secret: *SECRET*, *PASSWORD*, *TOKEN*,
 * *_ACCESS_KEY and their like; not the name of a file that does (*_FILE). */
bool secret_is_name(const char *variable);
/* What secret the text holds, in words ("the value of AWS_SECRET_ACCESS_KEY", "a private key"): new
 * text, NULL when it holds none. */
char *secret_in(const char *text);
/* From now on value is one; copied.  The last few are remembered. */
void secret_learn(const char *value);
/* Overwrites what was learned. */
void secret_forget(void);
/* The text with *** for every secret in it, also for the beginning of one that was cut, and for
 * what looks like a secret access key (40 characters) or session token of AWS; new text. */
char *secret_hide(const char *text);

#endif
