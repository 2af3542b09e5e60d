/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes outbounds over a connection of its own and tells each owner the outcome, exactly once.
 * It has no loop and calls back from submit_handle and submit_close only, so that one thread can
 * poll submit_fd beside other descriptors and have any number of publishes under way.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/list.h"
#include "common/client/outcome.h"
#include "common/job/outbound.h"
#include "common/settings/connection_settings.h"

struct submit;

/* Changes of the connection. `told` hears of each. */
enum submit_change {
	SUBMIT_UP,        /* the connection stands; publishes go out. why is NULL */
	SUBMIT_DOWN,      /* the connection was lost, and another one will be opened */
	SUBMIT_BLOCKED,   /* the broker takes no publishes for now; why holds its reason */
	SUBMIT_UNBLOCKED, /* the broker takes publishes again. why is NULL */
	SUBMIT_FAILED,    /* no connection will be opened any more; only submit_close may follow */
};
typedef void submit_told_fn(void *data, enum submit_change change, const struct error *why);

struct submit_options {
	const struct connection_settings *connection; /* borrowed during submit_open */
	const char *role;     /* for log lines and the connection's name; copied */
	const char *queue;    /* the name of a queue that must exist, copied; NULL for none */
	bool give_up;         /* SUBMIT_FAILED if no broker can be reached at the start */
	submit_told_fn *told; /* must not be NULL */
	void *data;           /* for told */
};

/* Embedded by whoever publishes. Set `ended` and leave `link` alone. */
struct submit_owner {
	/* Called once for each publish. err is NULL for OUTCOME_CONFIRMED. The owner may be freed
	 * here. */
	void (*ended)(struct submit_owner *owner, enum outcome outcome, const struct error *err);
	struct list link;
};

/* Starts to connect and returns at once. Returns NULL if no thread or descriptor can be had. */
struct submit *submit_open(const struct submit_options *o, struct error *err);
/*
 * Writes what is queued, closes the connection within about wait_ms and frees s. Every publish that
 * is still under way ends with OUTCOME_ABANDONED, also one whose confirm came but was not handled
 * yet. An owner that is told so must not publish again. Does nothing for NULL.
 */
void submit_close(struct submit *s, int64_t wait_ms);

/*
 * Publishes *out and takes its message. The publish ends with OUTCOME_TIMED_OUT if the broker has
 * not answered within timeout_ms. An owner has one publish under way at most, and lives until it
 * ended. Several publishes without a message_id must not be under way at once, because the broker
 * names only that when it returns one.
 */
void submit_publish(struct submit *s, struct outbound *out, struct submit_owner *owner,
                    int64_t timeout_ms);
/* Hands all publishes to the connection. Call it once after a batch of submit_publish. */
void submit_flush(struct submit *s);
/* Returns how many publishes are under way. */
size_t submit_count(const struct submit *s);

/* Returns a descriptor that is readable while there is something to handle. Poll it, never read
 * it. */
int submit_fd(const struct submit *s);
/* Tells the owners and `told` what has happened. Never waits. Call it when submit_fd is readable,
 * and once a second in any case. */
void submit_handle(struct submit *s);
