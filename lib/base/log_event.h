/* log_event.h -- every event of the log, with its MESSAGE_ID for the journal: the one table.
 *
 * An id never changes and is never used again.  A new one: `systemd-id128 new`.  docs/operations.md
 * and systemd/billingd.catalog have the same list (tests/system/test_journal.py). */
#ifndef BASE_LOG_EVENT_H
#define BASE_LOG_EVENT_H

#include <string.h>

struct log_event {
    const char *name, *id;
};

static const struct log_event log_events[] = {
    {"started", "edb4a8d1893a44b5b923df9e114b688a"},
    {"stopping", "38f218c626324527861af2002b9c0160"},
    {"reloaded", "f25860f2bd174421a812ff8342ce58dc"},
    {"reload_waits", "b96f999f6f12426eac3b46eb9d26f1f7"},
    {"listening", "19c25b7df1e64a3b834a598e93f6773a"},
    {"listen", "85308bf0c1ba4bdab9b046530e063baf"},
    {"web_exposed", "e8e5b1e57e1c420ba1db0b116a57dbdc"},
    {"aws_configuration", "7c21b2f3b0b449cfa668970c206c5456"},
    {"retry_mode", "9f53b3dca2b64b378dce25d55f5a9d08"},
    {"rejected", "1eda67aba51a4e47bbc694ed99239629"},
    {"start_failed", "1c7d6ce58fbb489f9507e89f2955aae4"},
    {"audit_gap", "2f21e398c62f41178c17c51fb2091f2c"},
    {"audit_complete", "cc2e148533724fab98b1ec6cd2ca652e"},
    {"rollup", "5fe6bc4a87624eb0844be491a865b13a"},
    {"partitions_registered", "a6c6ef79f88c494abc95f6346a1bc1bb"},
    {"rollup_not_believed", "56aad5124d8f428a9c5918c2def0ab5a"},
    {"clock_skew", "18a7ddff710c47fda095b8c0cd92c817"},
    {"calls_wait", "8002ef4690a6414e9b6ba93cbe11ca11"},
    {"credentials_refresh_failed", "47aee3aedcfa42fe9a08cd1234ad97e8"},
    {"credentials_ended", "6c3b338382654502b25e7c04ab893e2e"},
    {"sso_token_not_renewed", "bbbdb6368c844900b426b0a658ba3cc8"},
    {"sso_token_not_kept", "949b04efd2ed4fdf8fa3de38ac216e09"},
    {"upkeep", "762f2a0b7d3d4e96ab8d453afcedd9e0"},
    {"backfilled", "ff615e69bf894156b6e8610c3a71fe93"},
    {"backfill_lost", "e83a81aa33fe4e89bd44c97dbff7f741"},
    {"backfill_budget", "ef64435a283a42d2a721a269f2db47b9"},
    {"backfill_waits", "fa4f373750ec46e189b9ad97a507f706"},
    {"damaged_object", "c9434fe4eea34b7188a3645551fb3bf8"},
    {"drift", "5c71e209e168402da6dd73f629b8f002"},
    {"created", "0bc64924d8b8479090e85089c1d7659a"},
    {"repaired", "04b96089d70e44ee8a212add66059a4e"},
    {"deleted", "33fd7254ce9c434c9d4f5b8ba752493d"},
    {"recovered", "7c3fd16289d0481c842e808f430ca103"},
    {"settling", "e9a975b4b5fa45b980d732b050d6d7f3"},
    {"retry", "2fb1c515e3e04b7c9b5060e41be0e05d"},
    {"note", "91d1dfcb12af4537b89e7b20c20994ef"},
    {"warning", "6960e3c5a55b4de3a58c05e4ff7d7783"},
    {"observed", "bd2e3746f6a8411a804d2ce26fe1a456"},
    {"leads", "b92b97c7ddff4273aa2de30ff18221e2"},
    {"standby", "34830bc80d944a6c911b2088d9b06990"},
    {"leader_unknown", "d7a3de41489a426bb3cc06be6baafd9f"},
    {"conflict", "5c0076b3c8e5442ba7c06cead408ebd7"},
    {"conflict_ended", "3f78fa0e1f3f44aa800e835d7da057c1"},
    {"paused", "630c28e2031e4e4ba2af5e5d151ca4c5"},
    {"pause_ended", "d6be0bd30deb404b91eb859bbf8a636e"},
    {"pause_refused", "2e6aea8355c64b70bf0be29cb680213a"},
    {"resumed", "eb22e85ed33c4b8eab438a5a7ff4b89f"},
    {"held", "c0ec06ca5fd748518e33e8c3ace8bf39"},
    {"blocked", "aa39c7606d084d9789e2c7aa0b8e0940"},
    {"denied", "60b302bd7f184e628d65ab985f648e89"},
    {"failed", "1d62661ca9af408f9216439ecf578cf8"},
    {"drifted", "2c5bee0c09754f46aac9a41f6a741408"},
    {"refused", "cc23dafc7e984738b595f8cbc0124ae2"},
    {"spec_error", "092fb289fa1a4ee087b804320cabfdbd"},
    {"spec_warning", "933b72e4ef15411c8fd7cb7bcbbe1986"},
    {"spec_rejected", "2dd5bf52bfe24a75a2f8bdbec5025a5e"},
    {"reload_failed", "4914e92c095342c3827afca74a3d24db"},
    {"log_lines_dropped", "ba9ba6b7efd54c47803959fbc3f5065e"},
    {"gave_up", "056ec245942e4e70abd733dead3a6168"},
    {"stalled", "5053b85b77aa48caad7c160c8e7ae387"},
    {"loop", "b8a8ad392042464eac68c28ba951da3c"},
    {"attempt", "2a6767ba476347968eab2ff383215f04"},
    {"bucket_region", "9e3c5769af01436a9cb4429abaf6fc1c"},
    {"config_section_ignored", "c5a68ca522bb4e7f8c471db4a2c7d177"},
    {"write_refused", "f3e6860a985f484a8f4e600ed72b410b"},
    {"wrote", "98e5d891ea814fc7b5d5b03738d5e3b6"},
    {"credentials", "2e3b4e8081da4bdc8529ab10a5bebe38"},
    {"long_round", "8a640a2653c7447299143675b8c06594"},
    {"longest_round", "d75ccca4e248479f983cbc25dc07829b"},
    {0},
};

/* The MESSAGE_ID of an event; NULL: it has none. */
static inline const char *log_event_id(const char *name)
{
    const struct log_event *event = log_events;

    while (event->name && strcmp(event->name, name) != 0)
        event++;
    return event->id;
}

#endif
