/* secret.h -- what must never be told, wherever it was put by mistake.
 *
 * Secret are the values of environment variables that say so by their names, private keys, what was
 * learned (keys out of files and from STS), what stands before the @ of a URL (a variable's, and
 * in any text), what a header or an
 * answer of AWS calls a token, a secret key or a signature, and what looks like a secret access key
 * (40 characters) or session token of AWS.
 *
 * Of those that are known, 12 bytes in a row are found (of long ones 15, of short ones all), be
 * they escaped as in JSON, XML, URLs or YAML, broken over lines, or in base64 or hexadecimal, which
 * are undone once: what is encoded within them is not found. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

/* Whether an environment variable of that name holds a secret: *SECRET*, *PASSWORD*, *TOKEN*,
 * *CREDENTIAL*, *_ACCESS_KEY and their like; not the name of a file that does (*_FILE). */
bool secret_is_name(const char *variable);
/* What secret the text holds as a whole, in words ("the value of AWS_SECRET_ACCESS_KEY", "a private
 * key"): new text, NULL when it holds none. */
char *secret_in(const char *text);
/* From now on value is one; copied.  The last 512 are remembered: for keys and tokens that end by
 * themselves. */
void secret_learn(const char *value);
/* The same for those that do not end: no number of the others takes their place. */
void secret_learn_lasting(const char *value);
/* Overwrites what was learned. */
void secret_forget(void);
/* The text with *** for every secret in it; new text. */
char *secret_hide(const char *text);
/* The same only for those that are known, whatever looks like one: for data. */
char *secret_hide_known(const char *text);

#endif
