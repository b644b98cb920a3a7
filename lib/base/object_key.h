/* object_key.h -- which characters of an S3 key, or of the prefix of one, stay what they are
 * wherever a key is written. */
#ifndef BASE_OBJECT_KEY_H
#define BASE_OBJECT_KEY_H

/* What is wrong with a key, prefix or s3:// location, for people; NULL: nothing.  S3 takes more
 * than that; but keys stand in policies, in SQL and in ARNs, where * and ? are wildcards, $ begins
 * a variable and a quote ends a text.  Expressions of Firehose, !{...}, are not judged.  Sources:
 * "Naming Amazon S3 objects", S3 user guide; "IAM JSON policy elements: Resource". */
const char *object_key_problem(const char *key);

#endif
