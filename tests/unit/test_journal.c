/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker without a broker: deliveries are handed to it, and a listener of the test hears what
 * becomes of their jobs.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/job/headers.h"
#include "common/settings/queue_settings.h"
#include "worker/flow/arrival.h"
#include "worker/attempt/dispatch.h"
#include "worker/flow/give_back.h"
#include "worker/guardian/guardian.h"
#include "worker/journal/journal.h"
#include "worker/links.h"
#include "worker/loop.h"
#include "worker/state/publish.h"
#include "worker/state/queue.h"
#include "worker/flow/scheduling.h"
#include "worker/state/task.h"

enum { HEARD_MAX = 16, GENERATION = 7 };

static enum news_kind heard[HEARD_MAX];
static size_t heard_count;
static struct task *last_task;
static const char *last_words;

static void hear(struct worker *w, const struct news *n)
{
	(void)w;
	ck_assert_uint_lt(heard_count, HEARD_MAX);
	heard[heard_count++] = n->kind;
	last_task = n->task;
	last_words = n->words;
}

static const struct listener ears = {.name = "ears", .hear = hear};
extern const struct listener log_listener, totals_listener;
static const struct listener *const listeners[] = {&log_listener, &totals_listener, &ears, NULL};

static struct worker_settings settings;
static struct worker w;
static uv_prepare_t before_poll;

static void on_before_poll(uv_prepare_t *handle)
{
	(void)handle;
	dispatch_flush(w.dispatch);
}

static void nothing(void *data)
{
	(void)data;
}

/* The link never gets a connection: what is settled and published stays in its hands. */
static void begin(void)
{
	struct error err = {0};
	int fd, pid;
	log_configure(LOG_NOTHING, LOG_TEXT);
	heard_count = 0;
	settings_init(&worker_schema, &settings);
	free(settings.connection.urls[0]);
	settings.connection.urls[0] = xstrdup("amqp://127.0.0.1:1");
	ck_assert_int_eq(queues_use(&worker_schema, &settings, "mail", true, &err), 0);
	ck_assert_int_eq(worker_add_handler(&settings, "true=exec:/bin/true", &err), 0);
	ck_assert_int_eq(guardian_fork(&fd, &pid, &err), 0);
	settings.slots = 2;
	state_init(&w, &settings, listeners);
	w.links.generation = GENERATION;
	w.links.publishing.up = true;
	uv_loop_init(&w.loop);
	w.guardian = guardian_open(&w.loop, fd, pid, nothing, NULL);
	w.dispatch = dispatch_create();
	ck_assert_msg(dispatch_open(w.dispatch, &w.loop, w.guardian, &settings, &err) == 0, "%s",
	              err.text);
	queue_make_all(&w);
	ck_assert_int_eq(links_open(&w, &err), 0);
	uv_prepare_init(&w.loop, &before_poll);
	uv_prepare_start(&before_poll, on_before_poll);
}

static void end(void)
{
	guardian_stop(w.guardian);
	guardian_wait(w.guardian, GUARDIAN_CLOSE_MS);
	links_end(&w, true);
	dispatch_stop(w.dispatch);
	arrival_forget_all(&w);
	uv_close((uv_handle_t *)&before_poll, NULL);
	ck_assert(loop_finish(&w.loop, LOOP_FINISH_MS));
	dispatch_destroy(w.dispatch);
	guardian_destroy(w.guardian);
	queue_finish_all(&w);
	redelivery_destroy(w.tasks.known);
	settings_finish(&worker_schema, &settings);
}

static void deliver_message(struct message *m, const char *document, bool redelivered)
{
	static uint64_t tag = 0;
	tag++;
	struct link_event e = {.kind = LINK_DELIVERY,
	                       .generation = w.links.generation,
	                       .tag = tag,
	                       .redelivered = redelivered,
	                       .message = m};
	message_set_body(e.message, document, strlen(document));
	e.message->message_id = xstrdup("id");
	arrival_accept(&w, &e);
}

static void deliver(const char *document, bool redelivered)
{
	deliver_message(message_create(), document, redelivered);
}

static void confirm(struct task *t)
{
	const struct link_event e = {.kind = LINK_CONFIRMED,
	                             .token = (uint64_t)(uintptr_t)&t->republish};
	publish_ended(&w, &e);
}

static void expect(const enum news_kind *kinds, size_t count)
{
	ck_assert_uint_eq(heard_count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(heard[i] == kinds[i], "news %zu is %d", i, heard[i]);
}

#define EXPECT(...)                                                                                \
	expect((const enum news_kind[]){__VA_ARGS__},                                              \
	       sizeof((const enum news_kind[]){__VA_ARGS__}) / sizeof(enum news_kind))

START_TEST(a_listener_hears_the_way_of_a_job_that_is_done)
{
	begin();
	deliver("{\"type\":\"true\"}", false);
	scheduling_start_waiting(&w);
	while (!task_none_in_hand(&w))
		uv_run(&w.loop, UV_RUN_ONCE);
	EXPECT(NEWS_TAKEN, NEWS_STARTED, NEWS_ENDED);
	ck_assert_uint_eq(w.totals.taken, 1);
	ck_assert_uint_eq(w.totals.ok, 1);
	end();
}
END_TEST

static const char expired[] = "{\"type\":\"true\",\"expires_at\":\"2020-01-01T00:00:00Z\"}";

START_TEST(a_listener_hears_the_way_of_a_job_that_is_refused)
{
	begin();
	deliver(expired, false);
	scheduling_start_waiting(&w);
	EXPECT(NEWS_TAKEN, NEWS_REFUSED);
	ck_assert_uint_eq(w.totals.dead, 0); /* only when the broker has the dead letter */
	confirm(last_task);
	EXPECT(NEWS_TAKEN, NEWS_REFUSED, NEWS_REPUBLISHED);
	ck_assert_uint_eq(w.totals.dead, 1);
	ck_assert(task_none_in_hand(&w));
	end();
}
END_TEST

START_TEST(a_listener_hears_that_a_document_is_unfit)
{
	begin();
	deliver("no document", false);
	scheduling_start_waiting(&w);
	EXPECT(NEWS_TAKEN, NEWS_UNFIT);
	end();
}
END_TEST

START_TEST(a_total_never_goes_down_and_what_steers_the_count_does)
{
	begin();
	deliver("{\"type\":\"true\"}", false);
	ck_assert_uint_eq(w.tasks.taken, 1);
	give_back_all(&w);
	EXPECT(NEWS_TAKEN, NEWS_GIVEN_BACK);
	ck_assert_uint_eq(w.tasks.taken, 0);
	ck_assert_uint_eq(w.totals.taken, 1);
	ck_assert_uint_eq(w.totals.given_back, 1);
	end();
}
END_TEST

START_TEST(a_job_that_waits_is_forgotten_with_its_connection)
{
	begin();
	deliver("{\"type\":\"true\"}", false);
	arrival_forget(&w);
	EXPECT(NEWS_TAKEN, NEWS_FORGOTTEN);
	ck_assert_uint_eq(w.totals.forgotten, 1);
	ck_assert(task_none_in_hand(&w));
	end();
}
END_TEST

START_TEST(a_job_that_has_started_is_forgotten_at_the_end)
{
	begin();
	deliver("{\"type\":\"true\"}", false);
	deliver(expired, false);
	scheduling_start_waiting(&w);
	dispatch_stop(w.dispatch);
	arrival_forget_all(&w);
	EXPECT(NEWS_TAKEN, NEWS_TAKEN, NEWS_STARTED, NEWS_REFUSED, NEWS_FORGOTTEN, NEWS_FORGOTTEN);
	ck_assert_uint_eq(w.totals.forgotten, 2);
	ck_assert(task_none_in_hand(&w));
	end();
}
END_TEST

START_TEST(a_job_that_dies_instead_of_going_back_is_not_told_as_given_back)
{
	begin();
	struct message *m = message_create();
	m->app_id = xstrdup(HEADERS_APP_ID);
	table_set_int(&m->headers, "x-delivery-count", DELIVERY_COUNT_SUSPECT);
	table_set_int(&m->headers, "warren-interruptions", INTERRUPTIONS_MAX);
	deliver_message(m, "{\"type\":\"true\"}", false);
	give_back_all(&w);
	EXPECT(NEWS_TAKEN, NEWS_REFUSED);
	confirm(last_task);
	EXPECT(NEWS_TAKEN, NEWS_REFUSED, NEWS_REPUBLISHED);
	ck_assert_uint_eq(w.totals.given_back, 0);
	ck_assert_uint_eq(w.totals.dead, 1);
	end();
}
END_TEST

START_TEST(a_job_that_waits_for_too_long_is_given_back_with_the_reason)
{
	begin();
	deliver("{\"type\":\"true\"}", false);
	give_back_overdue(&w, clock_monotonic_ms() + 1);
	EXPECT(NEWS_TAKEN, NEWS_GIVEN_BACK);
	ck_assert_str_eq(last_words, "no handler was free for too long");
	end();
}
END_TEST

START_TEST(a_copy_of_a_job_in_hand_is_told_and_not_run)
{
	begin();
	deliver(expired, false);
	scheduling_start_waiting(&w);
	w.links.generation++;
	deliver(expired, true);
	scheduling_start_waiting(&w);
	EXPECT(NEWS_TAKEN, NEWS_REFUSED, NEWS_STILL_IN_HAND);
	end();
}
END_TEST

START_TEST(a_delivery_of_a_lost_connection_is_not_held)
{
	const int64_t later_ms = clock_monotonic_ms() + 3600000;
	begin();
	deliver(expired, false);
	scheduling_start_waiting(&w);
	ck_assert_int_ge(task_oldest_ms(&w, later_ms), 3500000);
	w.links.generation++; /* and the copy went to another worker */
	ck_assert_int_eq(task_oldest_ms(&w, later_ms), 0);
	end();
}
END_TEST

static void wait_for_byte(uv_work_t *work)
{
	char byte;
	ck_assert_int_eq(read(*(const int *)work->data, &byte, 1), 1);
}

static void nothing_after(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

START_TEST(the_end_of_a_loop_does_not_wait_for_ever)
{
	uv_loop_t loop;
	uv_work_t work;
	int fds[2];
	log_configure(LOG_NOTHING, LOG_TEXT);
	ck_assert_int_eq(pipe(fds), 0);
	work.data = &fds[0];
	uv_loop_init(&loop);
	uv_queue_work(&loop, &work, wait_for_byte, nothing_after);
	ck_assert(!loop_finish(&loop, 20));
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert(loop_finish(&loop, LOOP_FINISH_MS));
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("journal");
	TCase *c = tcase_create("a worker without a broker");
	tcase_add_test(c, a_listener_hears_the_way_of_a_job_that_is_done);
	tcase_add_test(c, a_listener_hears_the_way_of_a_job_that_is_refused);
	tcase_add_test(c, a_listener_hears_that_a_document_is_unfit);
	tcase_add_test(c, a_total_never_goes_down_and_what_steers_the_count_does);
	tcase_add_test(c, a_job_that_waits_is_forgotten_with_its_connection);
	tcase_add_test(c, a_job_that_has_started_is_forgotten_at_the_end);
	tcase_add_test(c, a_job_that_dies_instead_of_going_back_is_not_told_as_given_back);
	tcase_add_test(c, a_job_that_waits_for_too_long_is_given_back_with_the_reason);
	tcase_add_test(c, a_copy_of_a_job_in_hand_is_told_and_not_run);
	tcase_add_test(c, a_delivery_of_a_lost_connection_is_not_held);
	tcase_add_test(c, the_end_of_a_loop_does_not_wait_for_ever);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
