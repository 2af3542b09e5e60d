/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/*
 * Reads and writes the lines that a long-lived process (<-) and the worker (->) say to each other.
 * docs/handlers.md, "process", explains them. Pure.
 *
 *   <- {"ready":4}                            it takes 4 jobs; without this line, one
 *   <- {"ready":100,"in_turn":true}           it runs them one after the other, in their order
 *   -> {"id":ID,"type":T,"attempt":2,"max_attempts":5,"deadline":"...","queue":Q,"job":{...}}
 *      with "body_b64":"..." in place of "job" for a raw queue
 *   <- {"ok":ID,"result":...}
 *   <- {"retry":ID,"after_ms":N,"error":"..."}
 *   <- {"snooze":ID,"after_ms":N}
 *   <- {"dead":ID,"error":"..."}
 *   <- {"progress":ID,"percent":40,"note":"..."}
 *   -> {"cancel":ID,"why":"timeout"}
 *
 * Any reply may carry "usage":{"cpu_user_us":N,"cpu_system_us":N,"max_rss_kib":N}, the cost of the
 * job, when the process knows.
 */
/* clang-format on */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/job/job.h"
#include "worker/handlers/handler.h"

enum reply_kind { REPLY_READY, REPLY_OK, REPLY_RETRY, REPLY_SNOOZE, REPLY_DEAD, REPLY_PROGRESS };

struct reply {
	enum reply_kind kind;
	char id[JOB_ID_MAX + 1]; /* "" for READY */
	int64_t number;          /* READY: how many jobs it takes; PROGRESS: percent, or -1 */
	bool in_turn;            /* READY */
	int64_t after_ms;        /* -1 when not said */
	struct span result;      /* OK: the value as it was written, borrowed from the line */
	struct buf text;         /* error or note, unescaped; owned */
	int64_t cpu_user_us, cpu_system_us, max_rss_kib; /* -1 when not said */
};

/* Reads a line that the process has written, passing over unknown members. Returns false with
 * static text in *why when the line is no reply. *r has to be finished in both cases. */
bool protocol_read(struct span line, struct reply *r, const char **why);
void protocol_reply_finish(struct reply *r);

/* These append one line each. */
void protocol_write_request(struct buf *out, const struct run_request *q);
void protocol_write_cancel(struct buf *out, const char *id, const char *why);
