/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/job/codec.h"
#include "common/job/outbound.h"
#include "common/settings/connect.h"
#include "common/settings/input.h"
#include "common/amqp/link.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "producer/begin.h"
#include "producer/commands.h"
#include "producer/job_options.h"
#include "common/client/outcome.h"
#include "common/client/protect.h"
#include "common/client/waiter.h"
#include "producer/show_answer.h"

static const struct option_spec options[] = {
    {"id", 0, "ID", "the job's id (default: a new UUIDv7)"},
    JOB_OPTIONS,
    PROTECT_OPTIONS,
    {"wait", 0, "[=TIME]",
     "wait for the result: it is printed, and the exit code is the verdict (0 ok, 1 dead, 124 "
     "late)"},
    {"dry-run", 0, NULL, "print the document, send nothing"},
    {"json", 0, NULL, "print a line of JSON in place of the id"},
    {0},
};

enum { TICK_MS = 500, EXIT_LATE = 124 };

/* ---- the job ---- */

struct parcel {
	struct job job;
	struct buf document;
	const char *queue; /* borrowed */
	struct protect *protect;
};

static int make_id(const struct options *o, int64_t now_ms, char out[static JOB_ID_MAX + 1],
                   struct error *err)
{
	const char *id = options_get(o, "id");
	if (!id) {
		job_make_uuid7(now_ms, out);
		return 0;
	}
	if (!job_id_valid(span_of(id)))
		return error_set(err, ERROR_USAGE, "--id must be 1 to %d bytes of A-Za-z0-9._:-",
		                 JOB_ID_MAX);
	snprintf(out, JOB_ID_MAX + 1, "%s", id);
	return 0;
}

static int make_document(const struct session *s, struct parcel *p, struct error *err)
{
	struct codec_error codec;
	struct job checked;
	if (!codec_encode(&p->job, &p->document))
		abort();
	if (protect_document(p->protect, p->queue, &p->job, &p->document, err) < 0)
		return -1;
	if (!codec_decode((struct span){p->document.data, p->document.len},
	                  (size_t)s->settings.connection.max_body, CODEC_FIELDS_STRICT, &checked,
	                  &codec))
		return error_set(err, ERROR_DATA, "the job is not valid: %s", codec.reason);
	job_finish(&checked);
	return 0;
}

static int make_parcel(struct session *s, struct parcel *p, struct error *err)
{
	const struct options *o = &s->options;
	int64_t now_ms = clock_now_ms();
	char id[JOB_ID_MAX + 1];
	if (o->argument_count < 1 || o->argument_count > 2)
		return error_set(err, ERROR_USAGE,
		                 "send wants a TYPE and at most one JSON value, @FILE or -");
	const char *type = o->arguments[0];
	if (!job_type_valid(span_of(type)))
		return error_set(err, ERROR_USAGE,
		                 "type '%.100s' must be 1 to %d bytes of A-Za-z0-9._-", type,
		                 JOB_TYPE_MAX);
	if (make_id(o, now_ms, id, err) < 0)
		return -1;

	struct job template;
	struct buf text = {0};
	struct span args = {0};
	int rc = job_options_read(o, now_ms, &template, err);
	if (rc == 0)
		rc = input_json(o->argument_count == 2 ? o->arguments[1] : "null",
		                (size_t)s->settings.connection.max_body, &text, &args, err);
	if (rc == 0) {
		job_options_apply(&template, id, type, args, now_ms, &p->job);
		p->queue = job_options_queue(&s->settings, options_get(o, "queue"), type);
		rc = queue_name_valid(span_of(p->queue))
		         ? make_document(s, p, err)
		         : error_set(err, ERROR_USAGE,
		                     "queue name '%.100s' must be " QUEUE_NAME_FORM, p->queue);
	}
	job_finish(&template);
	buf_finish(&text);
	return rc;
}

/* ---- sending ---- */

static void print_sent(const struct session *s, const struct parcel *p)
{
	if (options_has(&s->options, "json"))
		printf("{\"id\":\"%s\",\"queue\":\"%s\",\"state\":\"confirmed\"}\n", p->job.id,
		       p->queue);
	else
		puts(p->job.id);
}

/* 1: it has its end, a good one. 0: go on. -1: a bad end. */
static int on_event(const struct link_event *e, const struct parcel *p, struct error *err)
{
	enum outcome outcome;
	if (outcome_of_event(e, &outcome))
		return outcome == OUTCOME_CONFIRMED ? 1 : outcome_error(outcome, e, err);
	if (e->kind == LINK_FAILED) {
		outcome_explain_failure(e, p->queue, err);
		return -1;
	}
	if (e->kind == LINK_DOWN)
		log_warn(LOG_SELF, "%s; trying again",
		         e->error ? e->error->text : "connection lost");
	if (e->kind == LINK_BLOCKED)
		log_warn(LOG_SELF, "the broker takes no publishes at present (%s); waiting",
		         e->text);
	return 0;
}

static int await_end(struct link *l, const struct parcel *p, struct error *err)
{
	for (;;) {
		struct pollfd fd = {.fd = link_fd(l), .events = POLLIN};
		poll(&fd, 1, TICK_MS);
		link_watch(l);
		struct list events;
		list_init(&events);
		link_take(l, &events);
		int rc = 0;
		while (!list_empty(&events)) {
			struct link_event *e = list_item(events.next, struct link_event, link);
			list_remove(&e->link);
			if (rc == 0)
				rc = on_event(e, p, err);
			link_event_destroy(e);
		}
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
}

static int publish(struct session *s, struct parcel *p, const char *reply_to, struct error *err)
{
	char queue[TOPOLOGY_NAME_MAX];
	const char *queues[] = {topology_queue(s->settings.connection.prefix, p->queue, queue)};
	struct broker_options broker = connect_options(&s->settings.connection);
	const struct link_options o = {.broker = &broker,
	                               .role = "send",
	                               .require_queues = queues,
	                               .require_queue_count = 1,
	                               .give_up = true};
	struct outbound out =
	    outbound_job(s->settings.connection.prefix, p->queue, &p->job,
	                 (struct span){p->document.data, p->document.len}, clock_now_ms());
	out.message->reply_to = xstrdup(reply_to);
	out.message->correlation_id = reply_to ? xstrdup(p->job.id) : NULL;
	struct link *l = protect_message(p->protect, p->queue, out.message, err) < 0
	                     ? NULL
	                     : link_create(&o, err);
	if (!l) {
		message_destroy(out.message);
		return -1;
	}
	link_publish(l, 1, out.exchange, out.key, out.message, s->settings.confirm_timeout_ms);
	link_flush(l);
	int rc = await_end(l, p, err);
	link_destroy(l, 3000);
	return rc;
}

/* The queue of -q or of the routes is declared too, whether the config has it or not. */
static int declare_first(struct session *s, const struct parcel *p, struct error *err)
{
	if (!options_has(&s->options, "setup"))
		return 0;
	return queues_use(&producer_schema, &s->settings, p->queue, false, err) < 0
	           ? -1
	           : connect_setup(&producer_schema, &s->settings, err);
}

/* ---- waiting ---- */

/* *code: the verdict's, or EXIT_LATE. */
static int await_result(struct waiter *w, const struct parcel *p, int64_t wait_ms, int *code,
                        struct error *err)
{
	int64_t until_ms = wait_ms > 0 ? clock_monotonic_ms() + wait_ms : CLOCK_NEVER;
	for (;;) {
		json_t *answer;
		int64_t left_ms =
		    until_ms == CLOCK_NEVER ? TICK_MS : until_ms - clock_monotonic_ms();
		if (left_ms <= 0) {
			fprintf(stderr, "no result within the time; the job %s goes on\n",
			        p->job.id);
			*code = EXIT_LATE;
			return 0;
		}
		if (waiter_next(w, left_ms < TICK_MS ? (int)left_ms : TICK_MS, &answer, err) < 0)
			return error_wrap(err, "%s", p->job.id);
		bool final = answer && show_answer(answer, code);
		json_decref(answer);
		if (final)
			return 0;
	}
}

static int send_and_wait(struct session *s, struct parcel *p, int *code, struct error *err)
{
	const char *text = options_get(&s->options, "wait");
	int64_t wait_ms = 0;
	if (*text && (!clock_parse_duration(text, &wait_ms) || wait_ms <= 0))
		return error_set(err, ERROR_USAGE,
		                 "--wait=TIME wants a time such as 30s or 5m, not '%.60s'", text);
	struct waiter *w = waiter_open(&s->settings.connection, err);
	int rc = w && publish(s, p, waiter_reply_to(w), err) == 0
	             ? await_result(w, p, wait_ms, code, err)
	             : -1;
	waiter_close(w);
	return rc;
}

static int send_one(struct session *s, int *code, struct error *err)
{
	struct parcel p = {.protect = job_options_protect(&s->settings, &s->options)};
	int rc = make_parcel(s, &p, err);
	if (rc == 0 && options_has(&s->options, "dry-run"))
		printf("%s\n", p.document.data);
	else if (rc == 0 && (rc = declare_first(s, &p, err)) == 0 &&
	         options_has(&s->options, "wait"))
		rc = send_and_wait(s, &p, code, err);
	else if (rc == 0 && (rc = publish(s, &p, NULL, err)) == 0)
		print_sent(s, &p);
	job_finish(&p.job);
	buf_finish(&p.document);
	protect_destroy(p.protect);
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
