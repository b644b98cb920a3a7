/* config.h -- the AWS environment variables and the shared config and credentials files.
 *
 * Rules: AWS SDKs and Tools Reference Guide, "Shared config and credentials files", and the parser
 * and file location cases in tests/vectors/credentials.  The environment is read when asked for,
 * the files once, by aws_config_load. */
#ifndef AWS_CREDENTIALS_CONFIG_H
#define AWS_CREDENTIALS_CONFIG_H

#include "base/err.h"

#include <stdbool.h>

struct aws_config;

/* The shared files as they were read, so that reading them can be done off the loop. */
struct aws_config_files;

enum aws_config_kind {
    AWS_CONFIG_FILE,      /* [profile NAME], [default], [services NAME], [sso-session NAME] */
    AWS_CREDENTIALS_FILE, /* [NAME] */
};

enum aws_config_section { AWS_SECTION_PROFILE, AWS_SECTION_SERVICES, AWS_SECTION_SSO_SESSION };

/* One setting and where it stands. */
struct aws_config_entry {
    char *key;  /* lower case */
    char *text; /* continuation lines joined with "\n"; may be a secret */
    const char *file;
    int line;
    struct aws_config_entry *next;
};

/* Reads both files; one that does not exist counts as empty.  NULL and *e (ERR_INVALID, "FILE:LINE:
 * problem") when one cannot be read, or the selected profile not parsed.  A file that is a FIFO or
 * a device is refused, so that nothing waits for it (secret_file.h). */
struct aws_config *aws_config_load(struct err *e);
/* The same in three steps: where the files may be (looks at the environment), their reading (in any
 * thread), what they say.  Freeing them overwrites secrets. */
struct aws_config_files *aws_config_files_new(void);
void aws_config_files_read(struct aws_config_files *files);
struct aws_config *aws_config_parse(const struct aws_config_files *files, struct err *e);
void aws_config_files_free(struct aws_config_files *files);
/* Without any file. */
struct aws_config *aws_config_new(void);
/* Overwrites secrets. NULL is harmless. */
void aws_config_free(struct aws_config *config);
/* Where a file may be; the first one that exists is read.  $AWS_CONFIG_FILE or
 * $AWS_SHARED_CREDENTIALS_FILE alone; else, below $CREDENTIALS_DIRECTORY (systemd's
 * LoadCredential), aws_config and aws-config, or aws_credentials, aws-credentials and aws; then
 * $HOME/.aws.  At most AWS_CONFIG_PLACES new texts, then NULL. */
enum { AWS_CONFIG_PLACES = 4 };
void aws_config_places(enum aws_config_kind kind, char *places[static AWS_CONFIG_PLACES + 1]);
/* An environment variable, NULL when unset or blank. */
const char *aws_config_variable(const char *name);
/* $AWS_PROFILE, or "default". */
const char *aws_config_profile(void);

bool aws_config_has(const struct aws_config *config, enum aws_config_section section,
                    const char *name);
/* -1 and *e (ERR_INVALID, "FILE:LINE: problem") when the section of that name holds what cannot be
 * parsed.  aws_config_load has done so for the selected profile; what is wrong in sections that
 * nobody uses does not matter. */
int aws_config_check(const struct aws_config *config, enum aws_config_section section,
                     const char *name, struct err *e);
/* A setting of a section, NULL when missing. */
const struct aws_config_entry *aws_config_find(const struct aws_config *config,
                                               enum aws_config_section section, const char *name,
                                               const char *key);
/* A setting of a profile that is not blank; NULL when there is none. */
const struct aws_config_entry *aws_config_entry(const struct aws_config *config,
                                                const char *profile, const char *key);
/* "FILE:LINE: key: problem".  Always returns -1. */
int aws_config_wrong(const struct aws_config_entry *entry, const char *problem, struct err *e);
/* A setting of the selected profile, as text; NULL when missing or empty. */
const char *aws_config_text(const struct aws_config *config, const char *key);
/* A nested setting ("endpoint_url" below "s3 ="); new text, NULL when missing. */
char *aws_config_nested(const struct aws_config_entry *entry, const char *key);
/* Calls visit for every section with a name that every tool knows; tests and listings. */
void aws_config_each(const struct aws_config *config,
                     void (*visit)(void *arg, enum aws_config_section section, const char *name,
                                   const struct aws_config_entry *first),
                     void *arg);

/* What an environment variable says, else a key of the selected profile; either may be NULL. */
struct aws_config_setting {
    const char *variable, *key;
};
/* "true" or "false", else false.  Fails with ERR_INVALID, naming the variable or file and line, on
 * anything else. */
int aws_config_flag(const struct aws_config *config, struct aws_config_setting setting, bool *flag,
                    struct err *e);
/* One of words, which end with NULL, in whatever case, blanks around it apart, as the SDKs for Go,
 * Java and Rust read theirs: its index, -1 when it is not set.  Fails likewise. */
int aws_config_choice(const struct aws_config *config, struct aws_config_setting setting,
                      const char *const *words, int *index, struct err *e);
/* The index of text in words, likewise; -1 when it is none of them. */
int aws_config_word(const char *text, const char *const *words);
/* A whole number from 1 to most, likewise; *number is left alone when it is not set. */
int aws_config_number(const struct aws_config *config, struct aws_config_setting setting, int most,
                      int *number, struct err *e);
/* $AWS_REGION, $AWS_DEFAULT_REGION, or the profile's region; NULL when there is none. */
const char *aws_config_region(const struct aws_config *config);
/* The configured endpoint of a service, by its config id ("CLOUDWATCH_LOGS"): *url is new text,
 * NULL for none; *origin (new text) names the variable or "file:line" it came from. Order (SDK
 * reference, "Service-specific endpoints"): AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the profile's
 * services section, the profile's endpoint_url; AWS_IGNORE_CONFIGURED_ENDPOINT_URLS and
 * ignore_configured_endpoint_urls switch them off. */
int aws_config_endpoint(const struct aws_config *config, const char *config_id, char **url,
                        char **origin, struct err *e);

#endif
