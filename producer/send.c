/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/job/outbound.h"
#include "common/settings/connect.h"
#include "common/base/memory.h"
#include "producer/session/session.h"
#include "producer/commands.h"
#include "producer/draft.h"
#include "producer/session/job_options.h"
#include "common/client/single.h"
#include "common/client/waiter.h"
#include "producer/show_answer.h"

static const struct option_spec options[] = {
    {"id", 0, "ID", "the job's id (default: a new UUIDv7)"},
    JOB_OPTIONS,
    PROTECT_OPTIONS,
    {"wait", 0, "[=TIME]",
     "wait for the result and print it; the exit code is the verdict (0 ok, 1 dead, 124 late)"},
    {"dry-run", 0, NULL, "print the document, but send nothing"},
    {"json", 0, NULL, "print a line of JSON instead of the id"},
    {0},
};

enum { TICK_MS = 500, EXIT_LATE = 124 };

/* ---- sending ---- */

static void print_sent(const struct session *s, const struct draft *d)
{
	if (options_has(&s->options, "json"))
		printf("{\"id\":\"%s\",\"queue\":\"%s\",\"state\":\"confirmed\"}\n", d->job.id,
		       d->queue);
	else
		puts(d->job.id);
}

static int publish(struct session *s, struct draft *d, const char *reply_to, struct error *err)
{
	struct outbound out =
	    outbound_job(s->settings.connection.prefix, d->queue, &d->job,
	                 (struct span){d->document.data, d->document.len}, clock_now_ms());
	out.message->reply_to = xstrdup(reply_to);
	out.message->correlation_id = reply_to ? xstrdup(d->job.id) : NULL;
	struct single *single = protect_message(d->protect, d->queue, out.message, err) < 0
	                            ? NULL
	                            : single_open(&s->settings.connection, "send", d->queue, err);
	if (!single) {
		message_destroy(out.message);
		return -1;
	}
	enum outcome o = single_publish(single, &out, s->settings.confirm_timeout_ms, err);
	single_close(single);
	return o == OUTCOME_CONFIRMED ? 0 : -1;
}

/* Declares the queue of -q or of the routes too, whether the config has it or not. */
static int declare_first(struct session *s, const struct draft *d, struct error *err)
{
	if (!options_has(&s->options, "setup"))
		return 0;
	return queues_use(&producer_schema, &s->settings, d->queue, false, err) < 0
	           ? -1
	           : connect_setup(&producer_schema, &s->settings, err);
}

/* ---- waiting ---- */

/* Sets *code to the exit code of the verdict, or to EXIT_LATE. */
static int await_result(struct waiter *w, const struct draft *d, int64_t wait_ms, int *code,
                        struct error *err)
{
	int64_t until_ms = wait_ms > 0 ? clock_monotonic_ms() + wait_ms : CLOCK_NEVER;
	for (;;) {
		json_t *answer;
		int64_t left_ms =
		    until_ms == CLOCK_NEVER ? TICK_MS : until_ms - clock_monotonic_ms();
		if (left_ms <= 0) {
			fprintf(stderr, "there is no result within the time; the job %s goes on\n",
			        d->job.id);
			*code = EXIT_LATE;
			return 0;
		}
		if (waiter_next(w, left_ms < TICK_MS ? (int)left_ms : TICK_MS, &answer, err) < 0)
			return error_wrap(err, "%s", d->job.id);
		bool final = answer && show_answer(answer, code);
		json_decref(answer);
		if (final)
			return 0;
	}
}

static int send_and_wait(struct session *s, struct draft *d, int *code, struct error *err)
{
	const char *text = options_get(&s->options, "wait");
	int64_t wait_ms = 0;
	if (*text && (!clock_parse_duration(text, &wait_ms) || wait_ms <= 0))
		return error_set(err, ERROR_USAGE,
		                 "--wait=TIME wants a time such as 30s or 5m, not '%.60s'", text);
	struct waiter *w = waiter_open(&s->settings.connection, err);
	int rc = w && publish(s, d, waiter_reply_to(w), err) == 0
	             ? await_result(w, d, wait_ms, code, err)
	             : -1;
	waiter_close(w);
	return rc;
}

static int send_one(struct session *s, int *code, struct error *err)
{
	struct draft d = {.protect = job_options_protect(&s->settings, &s->options)};
	int rc = draft_make(&d, s, err);
	if (rc == 0 && options_has(&s->options, "dry-run"))
		printf("%s\n", d.document.data);
	else if (rc == 0 && (rc = declare_first(s, &d, err)) == 0 &&
	         options_has(&s->options, "wait"))
		rc = send_and_wait(s, &d, code, err);
	else if (rc == 0 && (rc = publish(s, &d, NULL, err)) == 0)
		print_sent(s, &d);
	draft_finish(&d);
	protect_destroy(d.protect);
	return rc;
}

static int run(int argc, char **argv)
{
	struct session s;
	struct error err = {0};
	int code, own_code = 0;
	if (session_begin(&s, &send_command, argc, argv, &code))
		return code;
	code = session_end(&s, send_one(&s, &own_code, &err), &err);
	return code ? code : own_code;
}

const struct command_spec send_command = {
    .name = "send",
    .usage = "send TYPE [JSON|@FILE|-] [options]",
    .summary = "publish one job and print its id once the broker has it",
    .examples = "  warren-producer send mail.welcome '{\"to\":\"ada@example.org\"}' -q mail\n"
                "  warren-producer send report @args.json --delay 10m --retries 3\n"
                "  echo '[1,2,3]' | warren-producer send sum - --wait=30s\n",
    .options = options,
    .run = run,
};
