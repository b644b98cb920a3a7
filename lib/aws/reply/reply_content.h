/* reply_content.h -- what single operations' replies must agree with, where no word of the table
 * says it.  Each returns NULL, or what is wrong with the reply in memory of its own, to stand
 * behind "the reply to ...". */
#ifndef AWS_REPLY_REPLY_CONTENT_H
#define AWS_REPLY_REPLY_CONTENT_H

#include <jansson.h>
#include <stdbool.h>

/* A policy document: JSON, perhaps percent-encoded (IAM), with a list of statements or a single
 * one.  New reference, or NULL when the text is none. */
json_t *reply_content_policy(const char *text);

/* GetBucketPolicy: S3 takes no policy that names other buckets alone. */
char *reply_content_bucket_policy(const json_t *params, const json_t *result);
/* ListObjectsV2: keys below the prefix, and as many as it says. */
char *reply_content_object_list(const json_t *params, const json_t *result);
/* GetCallerIdentity: an account of twelve digits, the same as in the ARN. */
char *reply_content_caller(const json_t *params, const json_t *result);

/* The account of an ARN (static room), or the text itself when it is an account; NULL for all
 * else, also for ARNs without an account. */
bool reply_content_account(const char *text, char account[static 13]);

#endif
