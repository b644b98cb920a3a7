/* call.h -- one call from its parameters to its end: aws_client_send starts it, this ends it early.
 */
#ifndef AWS_CALL_H
#define AWS_CALL_H

#include "aws/credentials/identity.h"
#include "aws/fence.h"

struct aws_client;
struct aws_call;

/* Starts a call in the loop's next turn; for client.c, which others use. */
struct aws_call *aws_call_start(struct aws_client *client, const struct identity_request *request,
                                aws_done_fn *done, void *arg);
/* Right after aws_call_start: it is sent only while the fence stands open, which outlives it. */
void aws_call_fence(struct aws_call *call, const struct aws_fence *fence);
/* done is not called any more. NULL is harmless. */
void aws_call_cancel(struct aws_call *call);

#endif
