/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/waiter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/amqp/broker.h"
#include "common/base/clean.h"
#include "common/base/clock.h"
#include "common/settings/connect.h"
#include "common/job/job.h"
#include "common/base/memory.h"
#include "common/job/topology.h"

enum { CHANNEL = 1, PREFETCH = 100 };

struct waiter {
	struct broker *broker;
	char queue[TOPOLOGY_NAME_MAX];
};

static int bind_queue(struct waiter *w, const char *prefix, struct error *err)
{
	char exchange[TOPOLOGY_NAME_MAX];
	struct topology_item binding = {.kind = TOPOLOGY_BIND_QUEUE,
	                                .name = w->queue,
	                                .source = topology_replies(prefix, exchange),
	                                .routing_key = w->queue};
	return broker_declare(w->broker, CHANNEL, &binding, err);
}

struct waiter *waiter_open(const struct producer_settings *s, struct error *err)
{
	struct waiter *w = xcalloc(1, sizeof *w);
	char id[JOB_UUID_SIZE];
	topology_reply(s->connection.prefix, job_make_uuid7(clock_now_ms(), id), w->queue);
	w->broker = connect_broker(&s->connection, err);
	if (w->broker && broker_open_channel(w->broker, CHANNEL, false, err) == 0 &&
	    broker_declare_exclusive(w->broker, CHANNEL, w->queue, err) == 0 &&
	    bind_queue(w, s->connection.prefix, err) == 0 &&
	    broker_consume(w->broker, CHANNEL, w->queue, "waiter", PREFETCH, err) == 0)
		return w;
	error_wrap(err, "waiting for the result");
	waiter_close(w);
	return NULL;
}

void waiter_close(struct waiter *w)
{
	if (!w)
		return;
	broker_destroy(w->broker, true);
	free(w);
}

const char *waiter_reply_to(const struct waiter *w)
{
	return w->queue;
}

int waiter_fd(const struct waiter *w)
{
	return broker_fd(w->broker);
}

static int lost(struct error *err, const char *text)
{
	return error_set(err, ERROR_TRYAGAIN,
	                 "the connection was lost while waiting (%.300s): the job goes on", text);
}

int waiter_next(struct waiter *w, int wait_ms, json_t **answer, struct error *err)
{
	struct broker_event e;
	struct error cause = {0};
	*answer = NULL;
	if (broker_read(w->broker, wait_ms, &e, &cause) < 0)
		return lost(err, cause.text);
	if (e.kind == BROKER_CHANNEL_CLOSED || e.kind == BROKER_CONSUMER_GONE)
		return lost(err, e.text);
	if (e.kind != BROKER_DELIVERY)
		return 0;
	*answer = json_loadb(e.message->body, e.message->body_len, JSON_ALLOW_NUL, NULL);
	if (*answer && e.message->correlation_id)
		json_object_set_new(*answer, "correlation_id",
		                    json_string(e.message->correlation_id));
	message_destroy(e.message);
	if (broker_ack(w->broker, CHANNEL, e.tag, false, &cause) < 0) {
		json_decref(steal_ptr(*answer));
		return lost(err, cause.text);
	}
	return 0;
}

/* ---- showing ---- */

static const char *text_of(const json_t *answer, const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));
	return text ? text : "";
}

/* The same with the NULs that it may hold. */
static struct span words_of(const json_t *answer, const char *key)
{
	const json_t *value = json_object_get(answer, key);
	return (struct span){text_of(answer, key), json_string_length(value)};
}

/* In words for people, on stderr. */
static void tell(const char *before, struct span words)
{
	struct buf b = {0};
	clean_append_but(&b, before, strlen(before), "\t");
	clean_append_but(&b, words.at, words.len, "\t");
	fprintf(stderr, "%s\n", b.data ? b.data : "");
	buf_finish(&b);
}

static void show_progress(const json_t *answer)
{
	const json_t *percent = json_object_get(answer, "percent");
	if (percent)
		fprintf(stderr, "%lld %% ", (long long)json_integer_value(percent));
	tell("", words_of(answer, "note"));
}

static void show_retry(const json_t *answer)
{
	cleanup_free char *before =
	    xprintf("%s, again in %lld ms: ", text_of(answer, "verdict"),
	            (long long)json_integer_value(json_object_get(answer, "again_in_ms")));
	tell(before, words_of(answer, "error"));
}

static void print_bytes(const char *base64)
{
	struct buf bytes = {0};
	if (base64_decode(&bytes, span_of(base64)) && bytes.len > 0)
		fwrite(bytes.data, 1, bytes.len, stdout);
	buf_finish(&bytes);
}

static void show_result(const json_t *answer)
{
	const json_t *result = json_object_get(answer, "result");
	if (result) {
		cleanup_free char *text = json_dumps(result, JSON_ENCODE_ANY | JSON_COMPACT);
		clean_print_json(stdout, text ? text : "");
		putchar('\n');
	} else {
		print_bytes(text_of(answer, "result_b64"));
	}
	if (json_is_true(json_object_get(answer, "result_truncated")))
		fputs("the result was longer; raise the worker's result_max\n", stderr);
}

static void show_end(const json_t *answer, int *code)
{
	bool done = strcmp(text_of(answer, "verdict"), "ok") == 0;
	*code = done ? 0 : ERROR_FAILED;
	show_result(answer);
	if (done)
		return;
	cleanup_free char *before = xprintf("dead (%s): ", text_of(answer, "reason"));
	tell(before, words_of(answer, "error"));
}

bool waiter_show(const json_t *answer, int *code)
{
	const char *kind = text_of(answer, "kind");
	if (strcmp(kind, "log") == 0) {
		tell("", words_of(answer, "line"));
	} else if (strcmp(kind, "progress") == 0) {
		show_progress(answer);
	} else if (strcmp(kind, "retry") == 0) {
		show_retry(answer);
	} else if (strcmp(kind, "final") == 0) {
		show_end(answer, code);
		return true;
	}
	return false;
}
