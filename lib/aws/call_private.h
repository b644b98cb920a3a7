/* call_private.h -- the inside of a call, shared by call.c (its life) and call_attempt.c (an
 * attempt). */
#ifndef AWS_CALL_PRIVATE_H
#define AWS_CALL_PRIVATE_H

#include "aws/client_internal.h"
#include "aws/codec/codec.h"

/* ---- call.c ---- */

/* Goes to state; the timer stands at the call's deadline. */
void call_arm_deadline(struct aws_call *call, enum call_state state);
/* The call ends with an error of ours; it must not be touched after that. */
void call_finish_failed(struct aws_call *call, const char *code, const char *message,
                        enum err_kind kind);
/* For http_send; arg: the call. */
void call_on_reply(void *arg, const struct http_reply *http);

/* ---- call_attempt.c ---- */

/* Leaves the call sending, waiting for credentials, or finished: it must not be touched after
 * that. */
void call_attempt_begin(struct aws_call *call);
/* True when AWS's refusal told a region, a time or the end of the credentials that we did not know:
 * begin again at once.  Each happens once in a call. */
bool call_attempt_learn(struct aws_call *call, const struct aws_raw_reply *raw);
/* Frees the copy that was signed and its URL. */
void call_attempt_forget(struct aws_call *call);

#endif
