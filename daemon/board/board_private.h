/* board_private.h -- what a board is made of: written by board.c, read by board_document.c. */
#ifndef DAEMON_BOARD_BOARD_PRIVATE_H
#define DAEMON_BOARD_BOARD_PRIVATE_H

#include "daemon/board/board.h"
#include "daemon/board/board_station.h"

struct board_resource {
    char *address, *pipeline;
    const struct kind *kind;
    enum board_station station;
    enum board_state state, known; /* known: as it was last seen */
    enum plan_action action;
    enum loss loss;
    json_t *differences;            /* [{"field", "want", "have", "loss", "why", "held"}] or NULL */
    int64_t changed_ms, checked_ms; /* wall clock; 0: not since the start */
};

struct board_pipeline {
    char *name;
    size_t first, count;    /* its resources */
    bool bills;             /* has a `billing` section */
    bool refused;           /* nothing of it was read in the last pass */
    bool idle;              /* its days are built by another daemon, or by nobody */
    char *zone;             /* of its days */
    json_t *days;           /* [{"day", "state"}], NULL: unknown */
    json_t *audit;          /* as told, NULL: unknown */
    int64_t days_ms;        /* when they were seen last; 0: never */
    struct day days_closed; /* the last day that was closed then */
    int64_t audit_ms;       /* the same */
    json_t *documents;      /* as last read (board_months); NULL: never */
    int64_t documents_ms;   /* when that was; 0: never */
    bool documents_failed;  /* they could not be read since */
    int64_t due_s;    /* a month is to be closed so many seconds after its end; -1: nobody closes */
    size_t open_gaps; /* older than the audit's hours */
};

struct board {
    struct board_resource *resources;
    size_t *before; /* where each is in the board before, from 1; 0: nowhere (board_take) */
    size_t resource_count;
    struct board_pipeline *pipelines;
    size_t pipeline_count;
    int64_t looked_ms; /* end of the last pass; 0: none */
    int interval_s;
};

#endif
