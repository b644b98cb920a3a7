/* kind.h -- the whole contract between the engine and a kind of AWS resource.
 *
 * A kind is constant data: the fields a spec may declare, which AWS member each lives in, how two
 * values compare, and which calls read and repair them.  It does no I/O.  Where data is not enough,
 * a kind adds small pure functions from JSON to JSON.
 *
 * Field names are billing.yaml's and snake_case; what lies below a field of type DOCUMENT or LIST
 * has AWS's own member names and is checked against AWS's model. */
#ifndef RESOURCES_KIND_H
#define RESOURCES_KIND_H

#include "aws/codec/model_validate.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

/* What a spec holds, and how want and have compare. */
enum field_type {
    FIELD_TEXT, /* compared letter by letter */
    FIELD_INT,  /* a whole number; in a map of texts AWS keeps it as text ("30"), as the next two */
    FIELD_NUMBER, /* 0.5; 1 is 1.0 */
    FIELD_BOOL,
    FIELD_ARN,      /* text; a trailing ":*" does not matter */
    FIELD_LOCATION, /* text; a trailing "/" does not matter */
    FIELD_SQL,      /* text; compared by token: white space and comments do not matter */
    FIELD_LOWER,    /* text that AWS folds to lower case (Glue names, column types) */
    FIELD_MAP,      /* text -> text; only declared keys matter, others are kept */
    FIELD_DOCUMENT, /* object of AWS members; only declared members matter */
    FIELD_LIST,     /* list of objects of AWS members, in order; only declared members matter */
    FIELD_SET,      /* list of scalars, or of AWS's structures, whole; order does not matter */
    FIELD_RULES,    /* list of objects with an ID; merged into AWS's list by ID, others are kept */
    FIELD_JSON,     /* object that AWS keeps as JSON text; compared whole, by meaning */
    FIELD_POLICY,   /* IAM policy document, compared by meaning */
    FIELD_STATEMENTS, /* list of policy statements with a Sid; merged into a policy document by Sid
                       */
    FIELD_COLUMNS,    /* "name: type" mapping in order; wire form a list of {Name, Type} */
};

enum field_flag {
    FIELD_KEY = 1,      /* names the resource; required in a spec */
    FIELD_REQUIRED = 2, /* a spec must declare it */
    FIELD_FIXED = 4,    /* cannot change after creation: a difference blocks, never recreates */
    FIELD_REPORTED = 8, /* filled in by AWS; refused in a spec */
    FIELD_ALWAYS = 16,  /* read even when the spec does not declare it */
    FIELD_OWNER = 32,   /* a FIELD_MAP that carries our ownership mark */
    FIELD_LOCAL = 64,   /* steers billingd only; never sent, never compared */
    FIELD_TRUTHS = 128, /* a FIELD_MAP in which "TRUE" is "true" */
    FIELD_GROWS = 256,  /* a larger number deletes nothing, whatever `deletes` says */
    FIELD_NAMES = 512,  /* AWS takes it without what it names being there: that may come later */
    FIELD_LINE = 1024,  /* a line of the access log: only what billing reads of it costs usage */
};

/* What becomes of usage while a value is not the usual one. */
enum loss {
    LOSS_NONE,
    LOSS_DELAYED, /* it comes later, or nobody sees it for a while */
    LOSS_MISREAD, /* it arrives as something else: billed wrongly, or as somebody else's */
    LOSS_DROPPED, /* it never arrives */
};

struct call;
struct scope;

struct field {
    const char *name;
    const char *member; /* AWS member in the document its read yields; dots descend, "[]" is the
                           first item of a list.  NULL: not in AWS's reply */
    enum field_type type;
    unsigned flags;
    const char *otherwise;   /* default when the spec is silent; NULL: silence means "left alone" */
    const char *absent_is;   /* what AWS documents that a reply without the member means */
    const struct call *read; /* the call whose reply holds it; NULL: the kind's read */
    const struct call *fallback; /* asked only where that reply lacks the member; what it finds has
                                    it at the same place.  NULL: then it is unknown */
    const struct call *set;      /* repairs a difference; NULL: the kind's update */
    const char *created; /* the value AWS gives a new resource; wanting it needs no call then */
    const char *own;     /* RULES, STATEMENTS: IDs with this prefix are ours; those no longer
                            wanted are removed */
    const char *passes; /* a role handed to this service ("firehose.amazonaws.com"): iam:PassRole */
    /* Of a field the spec does not declare, beside a value AWS has that is not usual (none, where
     * usual is NULL): told as harm.  NULL: nothing to tell. */
    const char *harm;
    const char *usual;
    enum loss loss;      /* while AWS has another value than the wanted or usual one */
    const char *deletes; /* what AWS deletes once another value is written to what exists, told
                            before; NULL: nothing */
    /* The value under which what exists is kept ("": each): leaving it deletes nothing, but a
     * protected resource is not made to.  NULL: none does. */
    const char *keeps;
    const char *ruled_by; /* a member beside it that names who decides the value instead of us: a
                             difference is told then, not written against */
    const char *summary;  /* one line for `billingd schema` and the manual */
};

/* Reasons that many rows share. */
#define WHY_ECHO "Echo of what was asked for; another one makes the reply invalid."
#define WHY_TIME "A time stamp; changes nothing that is delivered or billed."
#define WHY_TEXT "Text for people."

enum member_is {
    MEMBER_IGNORED, /* whatever it is, usage arrives the same: see why */
    MEMBER_TOLD,    /* a value that is not usual is told */
    MEMBER_DRIFT,   /* it is a difference: ended by `reset`, else told with `end` */
};

/* A member of a reply that is no field.  A row holds for all that lies below its path, but where a
 * longer path says otherwise. */
struct member {
    /* Below what the call's take and find find; with `lift`, below the lifted; "/": of the whole
     * reply.  "[]" is each item of a list, "*" any text. */
    const char *path;
    enum member_is is;
    enum loss loss;
    const char *usual;       /* values that do no harm, by "|"; NULL: only when there is none */
    const char *absent;      /* what AWS means where the member is missing, but not what holds it */
    const char *why;         /* one sentence: what it does to usage, or why that is nothing */
    const char *end;         /* drift without reset: what a person can do */
    const char *reset;       /* drift: the parameter of the kind's update that takes the usual value
                                (ends in ".": the path is appended), "": the update as it is */
    const struct call *read; /* NULL: the kind's read */
    /* True when this value (NULL: none) of the document harms; NULL: each that is not usual. */
    bool (*harms)(const struct scope *, const json_t *document, const json_t *value);
    const struct member *more; /* in place of the {0} at the end: the table goes on there */
};

/* An error that is not real yet: wait and send again, up to window_s seconds. */
struct settle {
    const char *code;
    const char *text; /* part of the message; NULL: any */
    int window_s;
    const char *what; /* "IAM role to propagate" */
};

/* All a kind's functions may look at. Everything is borrowed. */
struct scope {
    const struct kind *kind;
    const json_t *desired;  /* field -> wanted value, references resolved */
    const json_t *observed; /* field -> value in AWS; NULL while the resource is absent */
    const json_t *document; /* the resource as AWS returned it; NULL while absent */
    const json_t *replies;  /* operation -> whole reply of this pass */
    const json_t *facts;    /* account, region, partition, caller_arn, pipeline */
    const json_t *ignored;  /* paths that are neither compared nor written; NULL: none */
    const json_t *beside;   /* what members.h found beside the fields; NULL: nothing */
    bool was_protected;     /* its mark said so when the pass first looked */
};

struct wide_read;

struct call {
    const char *op; /* AWS operation */
    /* Parameters: words separated by blanks.  "Member=field" sends the wanted, else the observed
     * value, or nothing when there is neither; "Member=!field" only the wanted one, where AWS keeps
     * what is not sent or does not take both; "Member=+field" what AWS has with what is wanted laid
     * over it; "Member=@fact"; "Member='text'".  Dots in Member descend, "[]" is a list of one.
     * "*", or "Member.*": every field without a `set` of its own, by the name of the member that
     * it is read from, if the call takes that there and no other word sends it. */
    const char *send;
    const char *overlay; /* writes that replace a whole document: the parameter that starts as what
                            AWS has (the members it accepts), before send is laid over it; "": all
                            parameters */
    const char *always;  /* reads: paths of the reply that AWS always sends, by blanks; "[]" is each
                            item of a list; "path+": not empty.  A reply without is none, and is
                            asked for again.  What `take` names is always there, and need not be
                            here */
    const char *take; /* reads: reply member holding the resource, or the list to look in; NULL: the
                         reply */
    const char *find; /* reads: "Member=field" pairs an item of that list must match */
    const char
        *page; /* reads: "request token=reply token", perhaps "?flag" that says there is more */
    const char
        *absent; /* reads: error codes that mean "there is none"; "Code:part of message" also */
    const char *already; /* writes: error codes that mean "nothing left to do" */
    const char *token; /* creates of what AWS would make twice: "Member=id": the parameter by which
                          it knows a request again, and where its reply says what it made, which
                          is a field, too */
    bool (*quiet)(const struct scope *); /* creates: whether AWS accepts it also where there is one
                                            already; NULL: it does not */
    const char *lift; /* reads with parse: paths of the reply whose members the document has at
                         its top, by blanks, the longest first */
    const struct wide_read *wide; /* reads: another one that may answer it; NULL: none */
    bool account_wide; /* reads: settings that are not ours to keep; what is refused is told as
                          unknown, and everything else goes on */
    bool unique;       /* reads with find: exactly one item must match, else blocked */
    const char *what;  /* reads with unique: what it looks for, for people: "HTTP API" */
    bool shared;       /* writes: others write the same document; read again right before */
    int chunk;         /* reads: send at most this many items of the one list parameter at a time */
    const struct settle *settle;            /* ends with {0}; NULL: none */
    json_t *(*build)(const struct scope *); /* instead of send; reads: sent when all others are
                                               done, NULL: not needed */
    bool last;   /* writes: AWS refuses it until the resource has what its other calls put there */
    bool merges; /* writes with build: AWS keeps what is not sent.  Else build is taken to make a
                    whole document, which is read once more right before the write */
    void (*amend)(const struct scope *, json_t *params); /* after send: what words cannot say */
    json_t *(*parse)(const struct scope *,
                     const json_t *reply); /* reads: reply -> resource document */
    const char *action;   /* IAM actions needed, where not service:op; several by blanks */
    const char *resource; /* IAM resource, where not the kind's arn; "*" or templates by blanks */
    const char *also; /* IAM actions AWS asks of the caller besides, on any resource; by blanks */
    const char *why;  /* one line for people: what is lost or won by a write, what it means when a
                         read is refused; NULL: obvious */
};

/* What a wide read has for one that is asked for. */
struct wide_found {
    const struct scope *scope; /* kind, desired and facts */
    const json_t *params;      /* of the read that is asked for */
    const json_t *items;       /* one for each of its keys; empty: none is there */
};

/* A read whose reply also answers others: of a list, of a batch, or of the same thing.  It only
 * spares calls: where it fails, leaves out, or leaves a doubt, each resource is read by its own
 * read, and nothing is written on its word alone. */
struct wide_read {
    const char *service; /* NULL: the kind's */
    struct call call;    /* op, send, page, action, resource, why */
    const char *list;    /* where the items lie in its reply; NULL: the reply is the only one */
    const char *key;     /* member of an item that tells which one it is */
    const char *by;      /* parameter of the read asked for that has that key, or a list of such;
                            "@arn": the resource's ARN */
    bool fold;           /* the key, in lower case */
    const char *gather;  /* parameter that lists the keys wanted; NULL: all there are */
    int most;            /* with gather: keys in one call */
    const char *after;   /* with gather: the operation whose replies make more of them wanted */
    bool within;         /* the list is of what holds them: where that is absent, they are */
    bool in_region;      /* answers only where S3 did not have to be asked in another region */
    bool tells_absence;  /* it has all that there are, or says that what it reads is gone: with its
                            own read that has it not either, that is two looks */
    int least;           /* reads that it must spare to be sent; 0: one */
    /* The reply of the read asked for, as AWS would have sent it; NULL: not to be told from here.
     */
    json_t *(*answer)(const struct wide_found *);
};

/* The part a kind plays on the way of usage from an API to a bill, with the fields that say how.
 * Most kinds play none. */
enum kind_part {
    PART_NONE,
    PART_FORWARDER,  /* sends the events of `log_group` to `destination`, an ARN */
    PART_DELIVERY,   /* writes them to `bucket`, an ARN, below `prefix`, failed ones below
                        `error_prefix`; complains in `error_log_group` and `error_log_stream` */
    PART_LOG_STREAM, /* takes lines: `name` in `log_group` */
    PART_TABLE,      /* reads the objects at `location` by `serde`: `name` in `database` */
    PART_VIEW,       /* reads tables by `sql`: `name` in `database` */
    PART_QUERIES,    /* runs queries, results at `results` */
};

/* A state that is neither ready nor pending, and what it means, with what ends it. */
struct kind_state {
    const char *word, *meaning;
};

struct kind {
    const char *name;    /* `kind:` in a spec; lives in NAME.c as NAME_kind: alarm is libc's */
    const char *title;   /* "S3 bucket" */
    const char *service; /* model name */
    const char *arn;     /* template: "arn:{partition}:s3:::{name}"; NULL: has none */
    const char *summary; /* one line for the manual and the schema */
    const struct field *fields; /* ends with {0} */
    /* What its replies hold beside the fields; ends with {0}.  A member that AWS's model makes a
     * timestamp, and one that `find` compares with a key, need no row. */
    const struct member *members;
    const struct call *read;   /* existence, and the default source of fields */
    const struct call *create; /* NULL: cannot be created; absence blocks */
    const struct call *update; /* default repair of a field without set; NULL: see set */
    const struct call *remove; /* NULL: never deleted by billingd */
    /* For all of its calls, beside what each says: */
    const char *gone;            /* error codes that mean that the resource itself is not there:
                                    absent to a read, already to remove */
    const char *shut_out;        /* `why` of reads: what it means that one is refused */
    const struct settle *settle; /* of writes; ends with {0} */
    /* States in the observed field `status`: `ready` is as it should be, `pending` ends by itself,
     * and every other word, known or new, blocks with its meaning and what the document says at
     * `failure` ({Type, Details}, or text).  NULL: it has no states. */
    const char *ready, *pending, *failure;
    const struct kind_state *states; /* what AWS documents of others; ends with {0} */
    bool holds_data;                 /* never deleted, whatever a spec says */
    /* More than a model can tell: calls problem(arg, field path, text) for each; NULL: nothing
     * more. */
    void (*check)(const struct scope *, aws_problem_fn *problem, void *arg);
    /* A reason why nothing may be written, or NULL; new text.  Looks at replies and observed. */
    char *(*refuse)(const struct scope *);
    /* Why AWS refused a write that waiting cannot help, from what was read: what is in the way and
     * what ends it; new text, NULL: AWS's own words must do. */
    char *(*explain)(const struct scope *, const char *code, const char *message);
    /* Things worth telling that are nobody's drift, also of what is not there yet: appends text to
     * notes. */
    void (*note)(const struct scope *, json_t *notes);
    /* ${name.attribute}: a value other resources may refer to, besides arn and every declared
     * field; new text, NULL: none. */
    char *(*attribute)(const struct scope *, const char *name);
    enum kind_part part;
    /* What it does to usage that it is not there, and why, in a pipeline that usage came through:
     * nothing is lost by one that was never made. */
    enum loss absent_loss;
    const char *absent_harm;
    /* The field that shows, once it is as wanted (FIELD_OWNER: once it has our mark), that usage
     * comes, or came, through the pipeline; NULL: it shows nothing. */
    const char *passed;
    bool for_billing; /* rollups and bills use it: they wait until it is in place */
    bool opens;       /* usage flows once it is there, so it is written when all that it rests on is
                         whole, and not only there */
};

/* A field that has nothing special: many in a kind read better one a line. */
#define FIELD(field, in, of, how, text)                                                            \
    {                                                                                              \
        .name = (field), .member = (in), .type = (of), .flags = (how), .summary = (text)           \
    }
/* Most kinds have this field. */
#define FIELD_TAGS(in, reads, sets)                                                                \
    {                                                                                              \
        .name = "tags", .member = (in), .type = FIELD_MAP, .flags = FIELD_OWNER, .read = (reads),  \
        .set = (sets), .summary = "Tags; others are left alone."                                   \
    }

/* Beside the mark `billingd`, where a resource is protected: "true"; "false" where somebody lifted
 * that. */
#define KIND_PROTECTED "billingd:protect"

/* The field of that name, or NULL. */
const struct field *kind_field(const struct kind *kind, const char *name);
/* The row itself, else where its table goes on; NULL: that was the end.  All rows of a kind:
 * for (m = kind_member(kind->members); m; m = kind_member(m + 1)). */
const struct member *kind_member(const struct member *row);
/* Whether a pass reads the document that holds the field: what is declared is compared, what other
 * calls need is found, and before anything is removed (remove) its mark is looked at. */
bool kind_reads(const struct field *field, const json_t *desired, bool remove);
/* Whether the write replaces a document that holds what others put there too: their part is taken
 * from what was read. */
bool kind_call_replaces(const struct kind *kind, const struct call *call);
/* The map that carries our marks; NULL: the kind has none. */
const struct field *kind_owner(const struct kind *kind);
/* Whether `ensure: absent` may delete one that carries our mark. */
bool kind_is_removable(const struct kind *kind);

#endif
