/* All interleavings of several processes and one S3 object, driving the rules of lease.h.
 *
 * A step is one of: time passes; a process sends what it wishes for; S3 carries out a request, at
 * once or long after its process has given it up, or refuses it as a conflict; a reply arrives, or
 * is lost; a process is killed and another starts in its place; one gives the lease up.  A process
 * that is stopped (SIGSTOP), or cut off from S3, is one that takes no step, or loses all replies.
 * States that differ only in how late it is, or in names, are one, so that all of them are visited:
 * there is no bound on the length of a run. */
#include "check.h"
#include "lease/lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 3, PERIOD_MS = 1000, BASE_MS = 1000000, DEAD = MOST };

enum op_kind { OP_NONE, OP_READ, OP_WRITE, OP_GIVE_UP };

/* A request, or a late one that nobody waits for. */
struct op {
    int kind;
    int etag; /* the condition; 0: that there is none */
    int owner;
    int64_t sequence;
    int done; /* S3 has carried it out */
    int refused;
    int seen_etag, seen_owner; /* what a read showed; -1: nobody */
    int64_t seen_sequence;
};

struct process {
    struct lease lease;
    int ended; /* it gives the lease up, and writes no more */
    struct op op;
};

struct world {
    struct process processes[MOST];
    struct op late;   /* one that S3 may still carry out */
    int64_t ghost_ms; /* until when one that was killed might have written */
    int etag, owner;  /* of the object; etag 0: there is none; owner -1: given up */
    int64_t sequence;
};

/* What is tried. */
struct trial {
    int count;               /* of processes */
    int64_t tick_ms[MOST];   /* how far each one's clock goes in a step of time */
    int64_t valid, patience; /* 0: as the product has them */
    int64_t margin_ms;       /* that must lie between two who may write */
    int blind;               /* S3 heeds no condition */
    int with_late, without_death;
};

static struct trial trial;
static long visited_count, leads_count, violations, stuck;

/* ---- names ---- */

static void name_etag(char *text, int etag)
{
    memset(text, 0, LEASE_ETAG);
    if (etag) { /* printf would take most of the time */
        text[0] = 'e';
        text[1] = (char)('0' + etag / 10);
        text[2] = (char)('0' + etag % 10);
    }
}

static int etag_of(const char *text)
{
    return *text ? (text[1] - '0') * 10 + text[2] - '0' : 0;
}

static void name_process(char *text, int owner)
{
    memset(text, 0, LEASE_ID);
    if (owner >= 0)
        (void)snprintf(text, LEASE_ID, "p%d", owner);
}

static void born(struct process *process, int index)
{
    char id[LEASE_ID];

    memset(process, 0, sizeof *process);
    name_process(id, index);
    lease_init(&process->lease, id, PERIOD_MS);
    if (trial.valid)
        process->lease.terms = (struct lease_terms){trial.valid, trial.patience};
    process->lease.due_ms = BASE_MS;
}

/* ---- states that are alike become the same ---- */

/* Of what is over for so long nothing follows. */
static int64_t clamp(int64_t ms, int64_t past_ms)
{
    return ms < BASE_MS - past_ms ? BASE_MS - past_ms : ms;
}

static int renumber(int *map, int *next, int etag)
{
    if (etag && !map[etag])
        map[etag] = ++*next;
    return map[etag];
}

static void settle_op(struct op *op, int *map, int *next)
{
    if (!op->kind)
        memset(op, 0, sizeof *op);
    op->etag = renumber(map, next, op->etag);
    op->seen_etag = renumber(map, next, op->seen_etag);
}

enum { ETAGS = 64 };

static void settle_etags(struct world *world)
{
    int map[ETAGS] = {0}, next = 0;

    world->etag = renumber(map, &next, world->etag);
    for (int i = 0; i < trial.count; i++) {
        struct process *p = &world->processes[i];

        name_etag(p->lease.etag, renumber(map, &next, etag_of(p->lease.etag)));
        settle_op(&p->op, map, &next);
    }
    settle_op(&world->late, map, &next);
}

/* Only whether a number is that of the process's last write matters. */
static int64_t age(const struct world *world, int owner, int64_t sequence)
{
    if (owner < 0 || owner == DEAD || !sequence)
        return 0;
    return sequence == world->processes[owner].lease.sequence ? 2 : 1;
}

static void settle_sequence(const struct world *world, struct op *op)
{
    op->sequence = age(world, op->owner, op->sequence);
    op->seen_sequence = age(world, op->seen_owner, op->seen_sequence);
}

static void settle_sequences(struct world *world)
{
    world->sequence = age(world, world->owner, world->sequence);
    settle_sequence(world, &world->late);
    for (int i = 0; i < trial.count; i++)
        settle_sequence(world, &world->processes[i].op);
    for (int i = 0; i < trial.count; i++)
        world->processes[i].lease.sequence = 2;
}

/* Whether a write of the process may yet turn out to be in force. */
static int is_open(const struct world *world, int i)
{
    const struct process *p = &world->processes[i];

    return p->op.kind > OP_READ || (world->late.kind && world->late.owner == i) ||
           world->owner == i;
}

static void settle_times(struct world *world, int i)
{
    struct lease *lease = &world->processes[i].lease;

    lease->seen_ms = lease->known == LEASE_THEIRS ? clamp(lease->seen_ms, 2 * PERIOD_MS) : 0;
    lease->sent_ms = is_open(world, i) ? clamp(lease->sent_ms, 2 * PERIOD_MS) : 0;
    lease->until_ms = clamp(lease->until_ms, trial.margin_ms);
    lease->due_ms = BASE_MS; /* it may do what it wishes at any time, also sooner than it would */
    lease->failures = 0;
    lease->alive = false; /* only told */
}

static void settle(struct world *world)
{
    settle_etags(world);
    settle_sequences(world);
    for (int i = 0; i < trial.count; i++)
        settle_times(world, i);
    world->ghost_ms = clamp(world->ghost_ms, trial.margin_ms);
}

/* ---- states that were visited ---- */

static uint64_t *seen;
static size_t seen_room;

static uint64_t hash;

static void mix(int64_t value)
{
    hash = (hash ^ (uint64_t)value) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 29;
}

static void mix_op(const struct op *op)
{
    mix(op->kind | op->done << 2 | op->refused << 3 | (op->owner + 1) << 4 |
        (op->seen_owner + 1) << 8 | op->etag << 12 | op->seen_etag << 18);
    mix(op->sequence << 8 | op->seen_sequence);
}

static void mix_process(const struct process *p)
{
    const struct lease *lease = &p->lease;

    mix((int)lease->known | lease->failed << 4 | p->ended << 5 | etag_of(lease->etag) << 10 |
        (*lease->holder ? lease->holder[1] : 0) << 16);
    mix(lease->seen_ms);
    mix(lease->sent_ms);
    mix(lease->until_ms);
    mix_op(&p->op);
}

static uint64_t digest(const struct world *world)
{
    hash = 1;
    mix(world->etag | (world->owner + 1) << 8);
    mix(world->sequence);
    mix(world->ghost_ms);
    mix_op(&world->late);
    for (int i = 0; i < trial.count; i++)
        mix_process(&world->processes[i]);
    return hash ? hash : 1;
}

/* True when it was not seen before. */
static int remember(uint64_t own)
{
    size_t i = own % seen_room;

    while (seen[i] && seen[i] != own)
        i = (i + 1) % seen_room;
    if (seen[i] == own)
        return 0;
    seen[i] = own;
    return 1;
}

/* ---- steps ---- */

static void pass_time(struct world *world)
{
    for (int i = 0; i < trial.count; i++) {
        struct lease *lease = &world->processes[i].lease;

        lease->seen_ms -= trial.tick_ms[i];
        lease->sent_ms -= trial.tick_ms[i];
        lease->until_ms -= trial.tick_ms[i];
        lease->due_ms -= trial.tick_ms[i];
    }
    world->ghost_ms -= trial.tick_ms[0];
}

static int send(struct world *world, int i)
{
    struct process *p = &world->processes[i];
    enum lease_wish wish = lease_wish(&p->lease, BASE_MS);

    if (p->op.kind || p->ended || wish == LEASE_WAIT)
        return 0;
    p->op = (struct op){.kind = wish == LEASE_READ ? OP_READ : OP_WRITE, .owner = i};
    if (wish == LEASE_READ)
        return 1;
    p->op.etag = etag_of(p->lease.etag);
    p->op.sequence = lease_sends(&p->lease, BASE_MS);
    return 1;
}

static int give_up(struct world *world, int i)
{
    struct process *p = &world->processes[i];

    if (p->op.kind || p->ended || p->lease.known != LEASE_OURS || p->lease.failed)
        return 0;
    p->ended = 1;
    p->lease.until_ms = 0;
    p->op = (struct op){.kind = OP_GIVE_UP, .owner = i, .etag = etag_of(p->lease.etag)};
    p->op.sequence = lease_sends(&p->lease, BASE_MS);
    return 1;
}

/* A number that no ETag has. */
static int new_etag(const struct world *world)
{
    int etag = world->etag;

    for (int i = 0; i < trial.count; i++) {
        const struct process *p = &world->processes[i];
        int others[] = {etag_of(p->lease.etag), p->op.etag, p->op.seen_etag, world->late.etag};

        for (int j = 0; j < 4; j++)
            etag = others[j] > etag ? others[j] : etag;
    }
    return etag + 1;
}

static int carry_out(struct world *world, struct op *op, int conflict)
{
    if (!op->kind || op->done || (conflict && op->kind == OP_READ))
        return 0;
    op->done = 1;
    if (op->kind == OP_READ) {
        op->seen_etag = world->etag;
        op->seen_owner = world->owner;
        op->seen_sequence = world->sequence;
        return 1;
    }
    op->refused = conflict || (op->etag != world->etag && !trial.blind);
    if (op->refused)
        return 1;
    world->etag = op->seen_etag = new_etag(world);
    world->owner = op->kind == OP_GIVE_UP ? -1 : op->owner;
    world->sequence = op->sequence;
    return 1;
}

static void hear_read(struct process *p, const struct op *op)
{
    char etag[LEASE_ETAG], holder[LEASE_ID];
    struct lease_seen what = {.has_bucket = true, .period_ms = PERIOD_MS};

    name_etag(etag, op->seen_etag);
    name_process(holder, op->seen_owner);
    what.etag = op->seen_etag ? etag : NULL;
    what.holder = op->seen_etag && op->seen_owner >= 0 ? holder : NULL;
    what.sequence = op->seen_sequence;
    lease_read(&p->lease, &what, BASE_MS);
}

/* Another number stands for one that is dead. */
static void bury(struct world *world, int i)
{
    world->owner = world->owner == i ? DEAD : world->owner;
    if (world->late.kind && world->late.owner == i)
        world->late.owner = DEAD;
    for (int j = 0; j < trial.count; j++) {
        struct process *p = &world->processes[j];
        char dead[LEASE_ID], own[LEASE_ID];

        name_process(dead, DEAD);
        name_process(own, i);
        if (!strcmp(p->lease.holder, own))
            memcpy(p->lease.holder, dead, sizeof dead);
        p->op.owner = p->op.kind && p->op.owner == i ? DEAD : p->op.owner;
        p->op.seen_owner = p->op.seen_etag && p->op.seen_owner == i ? DEAD : p->op.seen_owner;
    }
}

/* Another process starts in its place. */
static void replace(struct world *world, int i)
{
    bury(world, i);
    born(&world->processes[i], i);
}

static int reply(struct world *world, int i)
{
    struct process *p = &world->processes[i];
    struct op op = p->op;
    char etag[LEASE_ETAG];

    if (!op.kind || !op.done)
        return 0;
    memset(&p->op, 0, sizeof p->op);
    name_etag(etag, op.seen_etag);
    if (op.kind == OP_READ)
        hear_read(p, &op);
    else if (op.kind == OP_GIVE_UP)
        replace(world, i); /* who ended so writes nothing */
    else if (op.refused)
        lease_refused(&p->lease, BASE_MS);
    else
        lease_written(&p->lease, etag, BASE_MS);
    return 1;
}

static void leave_late(struct world *world, struct process *p)
{
    if (trial.with_late && p->op.kind > OP_READ && !p->op.done)
        world->late = p->op; /* of two, the newer one */
    memset(&p->op, 0, sizeof p->op);
}

static int lose(struct world *world, int i)
{
    struct process *p = &world->processes[i];

    if (!p->op.kind)
        return 0;
    leave_late(world, p);
    lease_failed(&p->lease, BASE_MS);
    if (p->ended) /* it has gone */
        replace(world, i);
    return 1;
}

static int die(struct world *world, int i)
{
    struct process *p = &world->processes[i];

    if (trial.without_death)
        return 0;
    leave_late(world, p);
    if (p->lease.until_ms > world->ghost_ms)
        world->ghost_ms = p->lease.until_ms;
    replace(world, i);
    return 1;
}

static int carry_out_late(struct world *world, int i)
{
    if (i || !carry_out(world, &world->late, 0))
        return 0;
    memset(&world->late, 0, sizeof world->late);
    return 1;
}

enum { STEPS = 9 };

static int step(struct world *world, int which, int i)
{
    switch (which) {
    case 0:
        return send(world, i);
    case 1:
        return carry_out(world, &world->processes[i].op, 0);
    case 2:
        return carry_out(world, &world->processes[i].op, 1);
    case 3:
        return reply(world, i);
    case 4:
        return lose(world, i);
    case 5:
        return die(world, i);
    case 6:
        return give_up(world, i);
    case 7:
        return carry_out_late(world, i);
    default:
        if (i)
            return 0;
        pass_time(world);
        return 1;
    }
}

/* ---- what must hold ---- */

static int leads(const struct world *world, int i)
{
    return !world->processes[i].ended && lease_left_ms(&world->processes[i].lease, BASE_MS) > 0;
}

static void judge(const struct world *world)
{
    for (int i = 0; i < trial.count; i++) {
        if (!leads(world, i))
            continue;
        leads_count++;
        for (int j = 0; j < trial.count; j++) {
            int64_t until_ms = world->processes[j].ended ? 0 : world->processes[j].lease.until_ms;

            if (j != i && until_ms + trial.margin_ms > BASE_MS)
                violations++;
        }
        violations += world->ghost_ms + trial.margin_ms > BASE_MS;
    }
}

/* From wherever it is, who is left alone with S3 leads within two periods, and a little. */
static void judge_progress(struct world world)
{
    const int64_t most_ms = 2 * PERIOD_MS + 2 * trial.tick_ms[0] + PERIOD_MS;
    struct process *p = &world.processes[0];

    if (p->ended)
        return;
    memset(&p->op, 0, sizeof p->op);
    for (int64_t ms = 0; ms <= most_ms; ms += trial.tick_ms[0]) {
        for (int i = 0; i < 4; i++)
            if (send(&world, 0)) {
                (void)carry_out(&world, &p->op, 0);
                (void)reply(&world, 0);
            }
        if (leads(&world, 0))
            return;
        pass_time(&world);
    }
    stuck++;
}

/* ---- all of them ---- */

static struct world *waiting;
static size_t waiting_count, waiting_room;

static void push(const struct world *world)
{
    if (waiting_count == waiting_room) {
        waiting_room = waiting_room ? waiting_room * 2 : 1024;
        waiting = realloc(waiting, waiting_room * sizeof *waiting);
        if (!waiting)
            abort();
    }
    waiting[waiting_count++] = *world;
}

static void meet(struct world *world)
{
    uint64_t own;

    settle(world);
    own = digest(world);
    if (!remember(own))
        return;
    visited_count++;
    judge(world);
    if (own % 8 == 0)
        judge_progress(*world);
    push(world);
}

static void start(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->owner = -1;
    world->ghost_ms = 0;
    for (int i = 0; i < trial.count; i++)
        born(&world->processes[i], i);
}

/* Visits every state; with a limit, that many, and stops at a violation. */
static void explore(const struct trial *wanted, long limit)
{
    struct world world;

    trial = *wanted;
    visited_count = leads_count = violations = stuck = 0;
    memset(seen, 0, seen_room * sizeof *seen);
    waiting_count = 0;
    start(&world);
    meet(&world);
    while (waiting_count && (!limit || (visited_count < limit && !violations))) {
        struct world from = waiting[--waiting_count];

        for (int which = 0; which < STEPS; which++)
            for (int i = 0; i < trial.count; i++) {
                struct world to = from;

                if (step(&to, which, i))
                    meet(&to);
            }
    }
}

/* Every state; a part of them where the sanitizers make it slow. */
#ifdef __SANITIZE_ADDRESS__
enum { LIMIT = 300000 };
#else
enum { LIMIT = 0 };
#endif

static void report(const char *what)
{
    printf("%s: %ld states, %ld with one who may write, %zu left\n", what, visited_count,
           leads_count, waiting_count);
}

static void test_two(void)
{
    explore(
        &(struct trial){
            .count = 2, .tick_ms = {500, 500}, .margin_ms = PERIOD_MS / 2, .with_late = 1},
        LIMIT);
    report("two processes");
    CHECK_INT(violations, 0);
    CHECK_INT(stuck, 0);
    CHECK(leads_count > 1000);
    CHECK(LIMIT || !waiting_count);
}

/* Too many to visit all: long runs by chance, the same each time. */
static void test_three(void)
{
    static const int often[32] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 3,
                                  3, 3, 3, 3, 3, 3, 3, 2, 4, 4, 5, 6, 7, 8, 8, 8};
    uint64_t chance = 20251130;

    trial = (struct trial){
        .count = 3, .tick_ms = {500, 500, 500}, .margin_ms = PERIOD_MS / 2, .with_late = 1};
    leads_count = violations = stuck = 0;
    for (int run = 0; run < 2000; run++) {
        struct world world;

        start(&world);
        for (int i = 0; i < 400; i++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            if (!step(&world, often[chance >> 59], (int)(chance >> 32 & 0xffff) % 3))
                continue;
            settle(&world);
            judge(&world);
        }
        judge_progress(world);
    }
    CHECK_INT(violations, 0);
    CHECK_INT(stuck, 0);
    report("three processes");
    CHECK(leads_count > 10000);
}

/* One clock a quarter faster than the other, which is more than any clock is. */
static void test_clocks(void)
{
    explore(&(struct trial){.count = 2, .tick_ms = {400, 500}, .without_death = 1}, 0);
    report("clocks of different speed");
    CHECK_INT(violations, 0);
    CHECK_INT(stuck, 0);
    CHECK_INT((long)waiting_count, 0);
}

/* The search finds what is wrong: rules that are none, an S3 that heeds no condition. */
static void test_it_can_say_no(void)
{
    static const struct trial wrong[] = {
        {.count = 2, .tick_ms = {500, 500}, .valid = 1500, .patience = 1000},
        {.count = 2, .tick_ms = {500, 500}, .valid = 2500, .patience = 2000},
        {.count = 2, .tick_ms = {500, 500}, .valid = 2000, .patience = 2000, .margin_ms = 500},
        {.count = 2, .tick_ms = {500, 500}, .blind = 1},
        {.count = 2, .tick_ms = {250, 500}, .without_death = 1}, /* twice as fast */
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        explore(&wrong[i], 4000000);
        report("wrong");
        CHECK(violations > 0);
    }
}

/* ---- when ---- */

static void read_theirs(struct lease *lease, const char *etag, int64_t now_ms)
{
    lease_read(lease,
               &(struct lease_seen){.has_bucket = true,
                                    .etag = etag,
                                    .holder = "other",
                                    .sequence = 7,
                                    .period_ms = 3 * PERIOD_MS},
               now_ms);
}

static void test_who_leads_writes_once_a_period(void)
{
    struct lease lease;

    lease_init(&lease, "us", PERIOD_MS);
    CHECK(lease_wish(&lease, 5) == LEASE_READ);
    lease_read(&lease, &(struct lease_seen){.has_bucket = true}, 5);
    CHECK(lease_wish(&lease, 5) == LEASE_WRITE && !*lease.etag);
    CHECK_INT(lease_sends(&lease, 10), 1);
    lease_written(&lease, "a", 200);
    CHECK_INT(lease_left_ms(&lease, 200), 1310); /* from the sending on */
    CHECK(lease_wish(&lease, 1009) == LEASE_WAIT && lease_wish(&lease, 1010) == LEASE_WRITE);
    CHECK_INT(lease_left_ms(&lease, 1509), 1);
    CHECK_INT(lease_left_ms(&lease, 1510), 0);
    lease.next_period_ms = 3 * PERIOD_MS;
    (void)lease_sends(&lease, 1010);
    lease_refused(&lease, 1020); /* a conflict: it reads what is, and nothing is lost meanwhile */
    CHECK_INT(lease_left_ms(&lease, 1020), 490);
    CHECK(lease_wish(&lease, 1020) == LEASE_WAIT && lease_wish(&lease, 1395) == LEASE_READ);
    lease_read(&lease,
               &(struct lease_seen){.has_bucket = true,
                                    .etag = "b",
                                    .holder = "us",
                                    .sequence = 2,
                                    .period_ms = 3 * PERIOD_MS},
               1200);
    CHECK_INT(lease_left_ms(&lease, 1200), 1010 + 4500 - 1200);
    lease_read(&lease, &(struct lease_seen){.has_bucket = false}, 1300);
    CHECK_INT(lease_left_ms(&lease, 1300), 0);
    CHECK(lease_wish(&lease, 1300) == LEASE_WAIT);
    lease_hurry(&lease, 1301);
    CHECK(lease_wish(&lease, 1301) == LEASE_READ);
}

static void test_who_does_not_reads_once_a_period(void)
{
    struct lease lease;

    lease_init(&lease, "us", PERIOD_MS);
    read_theirs(&lease, "a", 0);
    CHECK(!lease_is_led(&lease, 0)); /* it may have been dead for years */
    CHECK(lease_wish(&lease, 999) == LEASE_WAIT && lease_wish(&lease, 1000) == LEASE_READ);
    read_theirs(&lease, "b", 1000);
    CHECK(lease_is_led(&lease, 1000));
    lease_failed(&lease, 1500);
    CHECK(lease_is_led(&lease, 6999) && !lease_is_led(&lease, 7000)); /* its period counts */
    read_theirs(&lease, "b", 6500);
    CHECK(lease_wish(&lease, 6999) == LEASE_WAIT && lease_wish(&lease, 7000) == LEASE_WRITE);
    CHECK_TEXT(lease.etag, "b");
    lease_read_foreign(&lease, 7000);
    CHECK(lease_wish(&lease, 7999) == LEASE_WAIT && lease_wish(&lease, 8000) == LEASE_READ);
}

/* One who waits for a leader that is gone, at any moments: what it reads of it until it tries, each
 * reply taking some time, some looks failing.  Those that S3 answers are three at most, and four
 * where some failed: what comes on top of them are looks that it left without an answer. */
static void test_few_looks_until_it_takes_over(void)
{
    uint64_t chance = 1;

    for (int run = 0; run < 20000; run++) {
        struct lease lease;
        int64_t now_ms = 0, heard_ms = 0;
        int answered = 0, failed = 0;

        lease_init(&lease, "us", 3 * PERIOD_MS);
        for (enum lease_wish wish; (wish = lease_wish(&lease, now_ms)) != LEASE_WRITE;) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            now_ms = wish == LEASE_WAIT ? lease.due_ms : now_ms + (int64_t)(chance >> 53);
            if (wish == LEASE_WAIT)
                continue;
            if (failed < run % 8 && chance >> 20 & 1) {
                lease_failed(&lease, now_ms);
                failed++;
                continue;
            }
            read_theirs(&lease, "a", heard_ms = now_ms);
            answered++;
        }
        CHECK(answered >= 2 && answered <= 3 + (failed > 0));
        CHECK(now_ms - lease.seen_ms >= 2 * 3 * PERIOD_MS);
        CHECK(now_ms - heard_ms <= 3 * PERIOD_MS); /* it has just heard that nothing is new */
    }
}

static void test_failures_are_patient(void)
{
    struct lease lease;
    int64_t now_ms = 0;

    lease_init(&lease, "us", 60000);
    for (int i = 0; i < 20; i++) {
        CHECK(lease_wish(&lease, now_ms) == LEASE_READ);
        lease_failed(&lease, now_ms);
        CHECK(lease.due_ms - now_ms >= 5000 && lease.due_ms - now_ms <= 60000);
        now_ms = lease.due_ms;
    }
    CHECK(now_ms > 15 * 60000);
}

/* However long the next try is away, who leads no more wakes up to say so. */
static void test_nobody_sleeps_past_the_end(void)
{
    struct lease lease;
    int64_t now_ms = 60000;

    lease_init(&lease, "us", 60000);
    lease_read(&lease, &(struct lease_seen){.has_bucket = true}, 0);
    (void)lease_sends(&lease, 0);
    lease_written(&lease, "a", 10);
    CHECK_INT(lease_rest_ms(&lease, 10), 60000 - 10);
    for (lease_failed(&lease, now_ms); lease.due_ms < 90000; lease_failed(&lease, now_ms))
        now_ms = lease.due_ms;
    CHECK(lease.due_ms > 90000 && lease_wish(&lease, now_ms) == LEASE_WAIT);
    CHECK_INT(lease_rest_ms(&lease, now_ms), 90000 - now_ms);
    CHECK_INT(lease_left_ms(&lease, now_ms + lease_rest_ms(&lease, now_ms)), 0);
    CHECK_INT(lease_rest_ms(&lease, 90000), lease.due_ms - 90000);
}

int main(void)
{
    seen_room = 1u << 23;
    seen = calloc(seen_room, sizeof *seen);
    if (!seen)
        abort();
    test_who_leads_writes_once_a_period();
    test_who_does_not_reads_once_a_period();
    test_few_looks_until_it_takes_over();
    test_failures_are_patient();
    test_nobody_sleeps_past_the_end();
    test_two();
    test_three();
    test_clocks();
    test_it_can_say_no();
    free(seen);
    free(waiting);
    return check_done();
}
