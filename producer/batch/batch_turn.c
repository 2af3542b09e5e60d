/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/batch_turn.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/clean.h"
#include "producer/batch/batch_report.h"
#include "producer/batch/batch_submit.h"

enum { TURN_MS = 100, RATE_TURN_MS = 5 };

/* ---- what the broker says ---- */

static void take_outcomes(struct batch *b)
{
	submit_handle(b->submit);
	if (receipts_flush(&b->receipts, &b->err) < 0)
		b->rc = -1;
}

/* ---- what the workers say ---- */

static void print_answer(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	clean_print_json(stdout, text ? text : "{}");
	putchar('\n');
	free(text);
}

static void take_answers(struct batch *b)
{
	for (;;) {
		json_t *answer;
		if (waiter_next(b->waiter, 0, &answer, &b->err) < 0) {
			b->rc = -1;
			return;
		}
		if (!answer)
			return;
		if (ends_take(&b->told, answer, b->input.ordinal)) {
			progress_clear(&b->progress);
			print_answer(answer);
		}
		json_decref(answer);
	}
}

static bool all_told(const struct batch *b)
{
	return !b->waiter || b->interrupts > 0 || b->told.told >= b->ends[OUTCOME_CONFIRMED];
}

/* ---- the run ---- */

static void read_input(struct batch *b)
{
	int64_t bytes = batch_input_read(&b->input, &b->err);
	if (bytes < 0)
		b->rc = -1;
	else
		b->state.bytes += (uint64_t)bytes;
}

static void take_signals(struct batch *b)
{
	struct signalfd_siginfo info;
	while (read(b->signals, &info, sizeof info) == sizeof info) {
		progress_clear(&b->progress);
		if (++b->interrupts == 1 && b->state.outstanding > 0)
			fprintf(stderr,
			        "interrupted: waiting for %" PRIu64
			        " confirms (once more: leave at once)\n",
			        b->state.outstanding);
	}
}

/* How long to wait if nothing happens. */
static int patience_ms(const struct batch *b)
{
	if (b->rate > 0)
		return RATE_TURN_MS;
	return list_empty(&b->packs.open) ? TURN_MS : BATCH_PACK_LINGER_MS;
}

static void turn(struct batch *b)
{
	bool wants_input = batch_submit_lines(b);
	batch_submit_ripe_packs(b);
	if (b->submit)
		submit_flush(b->submit);
	struct pollfd fds[] = {
	    {.fd = b->signals, .events = POLLIN},
	    {.fd = b->submit ? submit_fd(b->submit) : -1, .events = POLLIN},
	    {.fd = wants_input ? b->input.fd : -1, .events = POLLIN},
	    {.fd = b->waiter ? waiter_fd(b->waiter) : -1, .events = POLLIN},
	};
	poll(fds, 4, patience_ms(b));
	if (fds[0].revents)
		take_signals(b);
	if (fds[2].revents)
		read_input(b);
	if (b->submit)
		take_outcomes(b);
	if (b->waiter && b->rc == 0)
		take_answers(b);
	b->state.confirmed = b->ends[OUTCOME_CONFIRMED];
	b->state.failed = batch_failures(b);
	progress_update(&b->progress, &b->state);
}

/* Returns true if the broker has been away for so long that everything under way has timed out.
 * Reading on would only fail more lines. */
static bool deserted(const struct batch *b)
{
	return !b->dry && !b->state.connected && b->ends[OUTCOME_TIMED_OUT] > 0 &&
	       b->state.outstanding == 0;
}

void batch_work(struct batch *b)
{
	for (;;) {
		bool nothing_to_read = b->input.ended || b->interrupts > 0;
		if (b->rc < 0 || b->interrupts > 1 ||
		    (nothing_to_read && b->state.outstanding == 0 && all_told(b)))
			return;
		if (deserted(b)) {
			b->rc = error_set(&b->err, ERROR_UNAVAILABLE,
			                  "the broker stays unreachable; nothing more was read");
			return;
		}
		turn(b);
	}
}
