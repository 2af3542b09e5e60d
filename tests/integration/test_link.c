/* SPDX-License-Identifier: Apache-2.0 */
/* Tests a link against a real broker, and against a peer that stops, resets and talks nonsense. */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/job/headers.h"
#include "common/amqp/link.h"
#include "common/base/memory.h"
#include "common/job/topology.h"
#include "common/amqp/window.h"
#include "tests/support/peer.h"
#include "tests/support/support.h"

enum { PLENTY_MS = 20000, SHORT_TIMEOUT_MS = 500, EVENTS_MAX = 4096 };

/* ---- a link under observation ---- */

struct watched {
	struct link *link;
	struct link_event *seen[EVENTS_MAX]; /* all events so far, in order */
	size_t count, looked_at;
};

static struct watched *watch(const char *const *urls, size_t url_count, const char *queue,
                             bool give_up)
{
	struct error err = {0};
	const struct broker_options broker = {.urls = urls,
	                                      .url_count = url_count,
	                                      .name = "link-test",
	                                      .heartbeat_s = 2,
	                                      .connect_timeout_ms = SHORT_TIMEOUT_MS,
	                                      .rpc_timeout_ms = SHORT_TIMEOUT_MS};
	const struct link_options o = {.broker = &broker,
	                               .role = "test",
	                               .require_queues = &queue,
	                               .require_queue_count = queue ? 1 : 0,
	                               .give_up = give_up};
	struct watched *w = xcalloc(1, sizeof *w);
	w->link = link_create(&o, &err);
	ck_assert_msg(w->link != NULL, "%s", err.text);
	return w;
}

static struct watched *watch_one(const char *url, const char *queue)
{
	return watch(&url, 1, queue, false);
}

static void collect(struct watched *w, int wait_ms)
{
	struct pollfd p = {.fd = link_fd(w->link), .events = POLLIN};
	struct list events;
	poll(&p, 1, wait_ms);
	list_init(&events);
	link_watch(w->link);
	link_take(w->link, &events);
	while (!list_empty(&events)) {
		struct link_event *e = list_item(events.next, struct link_event, link);
		list_remove(&e->link);
		ck_assert_uint_lt(w->count, EVENTS_MAX);
		w->seen[w->count++] = e;
	}
}

static const char *words(const struct link_event *e)
{
	return e->error ? e->error->text : e->text ? e->text : "";
}

/*
 * Returns the next event of that kind that was not looked at yet, and passes over those before it.
 */
static struct link_event *await(struct watched *w, enum link_event_kind kind)
{
	int64_t until = support_now() + PLENTY_MS;
	for (;;) {
		for (; w->looked_at < w->count; w->looked_at++)
			if (w->seen[w->looked_at]->kind == kind)
				return w->seen[w->looked_at++];
		if (support_now() > until)
			ck_abort_msg("no event of kind %d in time; the last of %zu: kind %d %s",
			             (int)kind, w->count,
			             w->count ? (int)w->seen[w->count - 1]->kind : -1,
			             w->count ? words(w->seen[w->count - 1]) : "");
		collect(w, 100);
	}
}

static size_t count_of(const struct watched *w, enum link_event_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < w->count; i++)
		n += w->seen[i]->kind == kind;
	return n;
}

static void unwatch(struct watched *w)
{
	link_destroy(w->link, 5000);
	for (size_t i = 0; i < w->count; i++)
		link_event_destroy(w->seen[i]);
	free(w);
}

static char *queue_name(void)
{
	return xstrdup(support_queue(support_url()));
}

static struct message *job(uint64_t number)
{
	struct message *m = message_create();
	message_set_body(m, "{\"type\":\"t\"}", 12);
	m->message_id = xprintf("job-%llu", (unsigned long long)number);
	m->app_id = xstrdup(HEADERS_APP_ID);
	return m;
}

static void publish_jobs(struct watched *w, const char *queue, uint64_t first, uint64_t count,
                         int64_t deadline_ms)
{
	for (uint64_t i = first; i < first + count; i++)
		link_publish(w->link, i, "warren.v1.jobs", support_amqp(queue, ""), job(i),
		             deadline_ms);
	link_flush(w->link);
}

/* Checks that each token from 1 to count has exactly one ending, which is CONFIRMED. */
static void await_confirms(struct watched *w, uint64_t count)
{
	while (count_of(w, LINK_CONFIRMED) < count)
		await(w, LINK_CONFIRMED);
	cleanup_free unsigned *endings = xcalloc(count + 1, sizeof *endings);
	for (size_t i = 0; i < w->count; i++) {
		enum link_event_kind kind = w->seen[i]->kind;
		ck_assert_msg(kind != LINK_NACKED && kind != LINK_TIMEDOUT && kind != LINK_RETURNED,
		              "ended as %d", (int)kind);
		if (kind == LINK_CONFIRMED)
			endings[w->seen[i]->token]++;
	}
	for (uint64_t i = 1; i <= count; i++)
		ck_assert_msg(endings[i] == 1, "publish %llu ended %u times", (unsigned long long)i,
		              endings[i]);
}

/* ---- connecting ---- */

START_TEST(a_link_comes_up_and_names_its_peer)
{
	struct watched *w = watch_one(support_url(), NULL);
	const struct link_event *up = await(w, LINK_UP);
	ck_assert_ptr_nonnull(strstr(up->text, "127.0.0.1:"));
	ck_assert_ptr_nonnull(strchr(up->version, '.'));
	unwatch(w);
}
END_TEST

START_TEST(a_wrong_password_is_final_and_never_shown)
{
	cleanup_free char *url =
	    xprintf("amqp://guest:s3cret-word@%s", strchr(support_url(), '@') + 1);
	struct watched *w = watch_one(url, NULL);
	const struct link_event *e = await(w, LINK_FAILED);
	ck_assert_int_eq(e->error->kind, ERROR_AUTH);
	ck_assert_msg(!strstr(e->error->text, "s3cret") && strstr(e->error->text, "guest"), "%s",
	              e->error->text);
	unwatch(w);
}
END_TEST

START_TEST(a_required_queue_that_is_missing_is_final_and_named)
{
	struct watched *w = watch_one(support_url(), "warren.v1.q.no-such");
	const struct link_event *e = await(w, LINK_FAILED);
	ck_assert_int_eq(e->error->kind, ERROR_CONFIG);
	ck_assert_ptr_nonnull(strstr(e->error->text, "warren.v1.q.no-such"));
	unwatch(w);
}
END_TEST

START_TEST(a_dead_address_among_several_is_passed_over)
{
	const char *urls[] = {"amqp://127.0.0.1:1", "amqp://no-such-host.invalid", support_url()};
	struct watched *w = watch(urls, 3, NULL, true);
	await(w, LINK_UP);
	ck_assert_uint_eq(count_of(w, LINK_FAILED), 0);
	unwatch(w);
}
END_TEST

START_TEST(give_up_tries_every_address_once)
{
	const char *urls[] = {"amqp://127.0.0.1:1", "amqp://127.0.0.1:2"};
	struct watched *w = watch(urls, 2, NULL, true);
	const struct link_event *e = await(w, LINK_FAILED);
	ck_assert_int_eq(e->error->kind, ERROR_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(e->error->text, "127.0.0.1:2"));
	ck_assert_uint_eq(count_of(w, LINK_DOWN), 1);
	unwatch(w);
}
END_TEST

/* The fault that the first connection meets. The second one is let through. */
static const struct {
	const char *name;
	struct peer_rule rule;
} bad_starts[] = {
    {"says nothing", {.up_bytes = 0, .down_bytes = 0, .end = PEER_STALL, .connections = 1}},
    {"hangs in the login", {.up_bytes = -1, .down_bytes = 20, .end = PEER_STALL, .connections = 1}},
    {"hangs after the login",
     {.up_bytes = -1, .down_bytes = 560, .end = PEER_STALL, .connections = 1}},
    {"resets in the login",
     {.up_bytes = 30, .down_bytes = -1, .end = PEER_RESET, .connections = 1}},
    {"is no AMQP server",
     {.say = "HTTP/1.1 400 Bad Request\r\n\r\n", .say_len = 28, .connections = 1}},
    {"refuses the version", {.say = "AMQP\0\1\0\0", .say_len = 8, .connections = 1}},
    {"sends a frame beyond all bounds",
     {.say = "\1\0\0\x7f\xff\xff\xff\0\x0a\0\x0a", .say_len = 11, .connections = 1}},
};

START_TEST(a_peer_that_starts_badly_is_left_in_bounded_time)
{
	struct peer *p = peer_start(support_url(), bad_starts[_i].rule);
	struct watched *w = watch_one(peer_url(p), NULL);
	const struct link_event *down = await(w, LINK_DOWN);
	ck_assert_msg(strlen(words(down)) > 10 && strstr(words(down), "127.0.0.1"), "%s: '%s'",
	              bad_starts[_i].name, words(down));
	printf("a peer that %s: %s\n", bad_starts[_i].name, words(down));
	await(w, LINK_UP);
	ck_assert_uint_eq(peer_connections(p), 2);
	unwatch(w);
	peer_stop(p);
}
END_TEST

/* ---- publishing through faults ---- */

static const struct {
	const char *name;
	struct peer_rule rule;
} faults[] = {
    {"reset in the middle of a frame",
     {.up_bytes = 30011, .down_bytes = -1, .end = PEER_RESET, .connections = 1}},
    {"reads nothing any more",
     {.up_bytes = 30011, .down_bytes = -1, .end = PEER_STALL, .connections = 1}},
    {"answers nothing any more",
     {.up_bytes = -1, .down_bytes = 700, .end = PEER_RESET, .connections = 1}},
    {"babbles between frames",
     {.up_bytes = -1, .down_bytes = 700, .end = PEER_BABBLE, .connections = 1}},
    {"babbles within a frame",
     {.up_bytes = -1, .down_bytes = 703, .end = PEER_BABBLE, .connections = 1}},
    {"resets three times",
     {.up_bytes = 30011, .down_bytes = -1, .end = PEER_RESET, .connections = 3}},
};

START_TEST(every_publish_through_a_fault_is_confirmed_once_and_none_is_lost)
{
	enum { JOBS = 2000 };
	cleanup_free char *q = queue_name();
	struct peer *p = peer_start(support_url(), faults[_i].rule);
	struct watched *w = watch_one(peer_url(p), support_amqp(q, ""));
	await(w, LINK_UP);
	publish_jobs(w, q, 1, JOBS, 0);
	await_confirms(w, JOBS);
	uint32_t depth = support_depth(support_url(), support_amqp(q, ""));
	/* There may be more: a message that was published again may have arrived before. */
	ck_assert_uint_ge(depth, JOBS);
	printf("a peer that %s: %u copies of %d jobs\n", faults[_i].name, depth, JOBS);
	ck_assert_uint_gt(peer_connections(p), faults[_i].rule.connections);
	unwatch(w);
	peer_stop(p);
}
END_TEST

START_TEST(a_publish_ends_at_its_deadline_when_nobody_answers)
{
	cleanup_free char *q = queue_name();
	struct peer *p = peer_start(support_url(), (struct peer_rule){.up_bytes = 2000,
	                                                              .down_bytes = -1,
	                                                              .end = PEER_STALL,
	                                                              .connections = 100});
	struct watched *w = watch_one(peer_url(p), NULL);
	await(w, LINK_UP);
	publish_jobs(w, q, 1, 100, 700);
	while (count_of(w, LINK_TIMEDOUT) + count_of(w, LINK_CONFIRMED) < 100)
		collect(w, 100);
	ck_assert_uint_gt(count_of(w, LINK_TIMEDOUT), 50);
	collect(w, 300);
	ck_assert_uint_eq(count_of(w, LINK_TIMEDOUT) + count_of(w, LINK_CONFIRMED), 100);
	unwatch(w);
	peer_stop(p);
}
END_TEST

START_TEST(a_publish_to_nowhere_is_returned)
{
	struct watched *w = watch_one(support_url(), NULL);
	link_publish(w->link, 7, "", "no-such-queue", job(7), 0);
	link_flush(w->link);
	const struct link_event *e = await(w, LINK_RETURNED);
	ck_assert_uint_eq(e->token, 7);
	ck_assert_ptr_nonnull(strstr(e->error->text, "NO_ROUTE"));
	unwatch(w);
}
END_TEST

START_TEST(a_channel_that_the_broker_closes_is_told_with_its_words_and_publishing_goes_on)
{
	cleanup_free char *q = queue_name();
	struct watched *w = watch_one(support_url(), NULL);
	await(w, LINK_UP);
	link_publish(w->link, 1, "no-such-exchange", "key", job(1), 0);
	link_flush(w->link);
	const struct link_event *refused = await(w, LINK_NACKED);
	ck_assert_uint_eq(refused->token, 1);
	ck_assert_msg(strstr(words(refused), "no-such-exchange"), "%s", words(refused));
	const struct link_event *down = await(w, LINK_DOWN);
	ck_assert_msg(strstr(words(down), "closed a channel") &&
	                  strstr(words(down), "no-such-exchange"),
	              "%s", words(down));
	publish_jobs(w, q, 2, 1, 0);
	ck_assert_uint_eq(await(w, LINK_CONFIRMED)->token, 2);
	ck_assert_uint_eq(count_of(w, LINK_NACKED), 1);
	unwatch(w);
}
END_TEST

/* Declares a quorum queue that holds one message and refuses more. */
static void declare_full_queue(const char *name)
{
	struct error err = {0};
	struct topology_item item = {.kind = TOPOLOGY_QUEUE, .name = (char *)name};
	table_set_string(&item.arguments, "x-queue-type", "quorum");
	table_set_string(&item.arguments, "x-overflow", "reject-publish");
	table_set_int(&item.arguments, "x-max-length", 1);
	struct broker *b = support_connect(support_url());
	ck_assert_int_eq(broker_open_channel(b, 1, false, &err), 0);
	ck_assert_msg(broker_declare(b, 1, &item, &err) == 0, "%s", err.text);
	broker_destroy(b, true);
	table_finish(&item.arguments);
}

static void publish_to(struct watched *w, const char *amqp_queue, uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++)
		link_publish(w->link, i, "", amqp_queue, job(i), 0);
	link_flush(w->link);
}

START_TEST(a_publish_that_is_refused_three_times_over_fresh_connections_ends_as_nacked)
{
	cleanup_free char *name = xprintf("full-%d", (int)getpid());
	declare_full_queue(name);
	struct watched *w = watch_one(support_url(), NULL);
	await(w, LINK_UP);
	/* The limit is loose. Messages that are under way when it is reached are still taken. */
	publish_to(w, name, 1, 100);
	while (w->count < 101)
		collect(w, 100);
	publish_to(w, name, 101, 20);
	await(w, LINK_NACKED);
	ck_assert_uint_ge(count_of(w, LINK_UP), WINDOW_NACKS_MAX);
	unwatch(w);
}
END_TEST

/* ---- consuming ---- */

static void fill(const char *queue, uint64_t count)
{
	struct watched *w = watch_one(support_url(), NULL);
	publish_jobs(w, queue, 1, count, 0);
	await_confirms(w, count);
	unwatch(w);
}

START_TEST(a_cancelled_consumer_delivers_nothing_after_the_answer)
{
	cleanup_free char *q = queue_name();
	fill(q, 300);
	struct watched *w = watch_one(support_url(), NULL);
	link_consume(w->link, 3, support_amqp(q, ""), 50);
	link_flush(w->link);
	await(w, LINK_DELIVERY);
	link_cancel(w->link, 3);
	link_flush(w->link);
	await(w, LINK_CANCELLED);
	size_t before = count_of(w, LINK_DELIVERY);
	ck_assert_uint_le(before, 50);
	for (size_t i = 0; i < w->count; i++) {
		struct link_event *e = w->seen[i];
		if (e->kind == LINK_DELIVERY)
			link_settle(w->link, 3, e->generation, e->tag, SETTLE_ACK);
	}
	link_query(w->link, 9, support_amqp(q, ""));
	link_flush(w->link);
	const struct link_event *depth = await(w, LINK_DEPTH);
	ck_assert_uint_eq(depth->token, 9);
	ck_assert_int_eq(depth->count, 300 - (int64_t)before);
	ck_assert_uint_eq(count_of(w, LINK_DELIVERY), before);
	unwatch(w);
}
END_TEST

START_TEST(an_old_generation_settles_nothing)
{
	cleanup_free char *q = queue_name();
	fill(q, 1);
	struct watched *w = watch_one(support_url(), NULL);
	link_consume(w->link, 0, support_amqp(q, ""), 1);
	link_flush(w->link);
	const struct link_event *first = await(w, LINK_DELIVERY);
	link_reopen(w->link, "the test wants it");
	link_flush(w->link);
	const struct link_event *down = await(w, LINK_DOWN);
	ck_assert_ptr_nonnull(strstr(words(down), "the test wants it"));
	const struct link_event *second = await(w, LINK_DELIVERY);
	ck_assert(second->redelivered && second->generation > first->generation);
	link_settle(w->link, 0, first->generation, first->tag, SETTLE_ACK);
	link_flush(w->link);
	unwatch(w);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
}
END_TEST

START_TEST(a_deleted_queue_ends_the_connection_with_words_and_consuming_goes_on_when_it_is_back)
{
	cleanup_free char *q = queue_name();
	struct error err = {0};
	struct watched *w = watch_one(support_url(), NULL);
	link_consume(w->link, 0, support_amqp(q, ""), 1);
	link_flush(w->link);
	await(w, LINK_UP);
	link_query(w->link, 1, support_amqp(q, ""));
	link_flush(w->link);
	await(w, LINK_DEPTH); /* the consumer was started before it */
	struct broker *b = support_connect(support_url());
	ck_assert_int_eq(broker_open_channel(b, 1, false, &err), 0);
	ck_assert_int_eq(broker_delete_queue(b, 1, support_amqp(q, ""), &err), 0);
	broker_destroy(b, true);
	const struct link_event *down = await(w, LINK_DOWN);
	ck_assert_msg(strstr(words(down), "cancelled consumer"), "%s", words(down));
	struct result r = support_producer(support_url(), NULL, "setup", q);
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	fill(q, 1);
	await(w, LINK_DELIVERY);
	unwatch(w);
}
END_TEST

/* Numbers of single acks. Few of them need no pauses, and many do. */
static const int settled_last[] = {500, 17, 16, 1};

START_TEST(what_is_settled_last_counts)
{
	enum { ROUNDS = 8 };
	int acks = settled_last[_i];
	cleanup_free char *q = queue_name();
	for (int round = 0; round < ROUNDS; round++) {
		fill(q, (uint64_t)acks + (round == 0)); /* one is left of the round before */
		struct watched *w = watch_one(support_url(), NULL);
		link_consume(w->link, 0, support_amqp(q, ""), (uint16_t)(acks + 1));
		link_flush(w->link);
		while (count_of(w, LINK_DELIVERY) < (size_t)acks + 1)
			await(w, LINK_DELIVERY);
		/* The first one stays undecided, so that no ack can cover several. */
		for (size_t i = 0; i < w->count; i++) {
			struct link_event *e = w->seen[i];
			if (e->kind == LINK_DELIVERY && e->tag > 1)
				link_settle(w->link, 0, e->generation, e->tag, SETTLE_ACK);
		}
		link_flush(w->link);
		unwatch(w);
		support_wait(support_depth(support_url(), support_amqp(q, "")) > 0,
		             "the first one to come back");
		ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 1);
	}
}
END_TEST

/* To make the message takes a stack that is as deep. */
static void *publish_nested(void *queue)
{
	struct field f = {.kind = 'V'};
	for (int i = 0; i < 26000; i++) {
		struct table *t = xcalloc(1, sizeof *t);
		table_add_take(t, "", f);
		f = (struct field){.kind = 'A', .table = t};
	}
	struct message *m = job(1);
	table_add_take(&m->headers, "deep", f);
	support_publish(support_url(), "warren.v1.jobs", support_amqp(queue, ""), m);
	message_destroy(m);
	return NULL;
}

static void set_stack(pthread_attr_t *attr, size_t size)
{
	ck_assert_int_eq(pthread_attr_init(attr), 0);
	ck_assert_int_eq(pthread_attr_setstacksize(attr, size), 0);
}

START_TEST(deeply_nested_headers_are_read_where_threads_have_little_stack)
{
	cleanup_free char *q = queue_name();
	pthread_attr_t roomy, narrow;
	pthread_t publisher;
	set_stack(&roomy, (size_t)1 << 30);
	ck_assert_int_eq(pthread_create(&publisher, &roomy, publish_nested, q), 0);
	pthread_join(publisher, NULL);
	set_stack(&narrow, (size_t)1 << 20); /* as under ulimit -s 1024 */
	ck_assert_int_eq(pthread_setattr_default_np(&narrow), 0);
	struct watched *w = watch_one(support_url(), NULL);
	link_consume(w->link, 0, support_amqp(q, ""), 1);
	link_flush(w->link);
	const struct link_event *e = await(w, LINK_DELIVERY);
	ck_assert_str_eq(e->message->message_id, "job-1");
	unwatch(w);
	pthread_attr_destroy(&roomy);
	pthread_attr_destroy(&narrow);
}
END_TEST

static Suite *link_suite(void)
{
	Suite *s = suite_create("link");
	TCase *c = tcase_create("link");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_link_comes_up_and_names_its_peer);
	tcase_add_test(c, a_wrong_password_is_final_and_never_shown);
	tcase_add_test(c, a_required_queue_that_is_missing_is_final_and_named);
	tcase_add_test(c, a_dead_address_among_several_is_passed_over);
	tcase_add_test(c, give_up_tries_every_address_once);
	tcase_add_loop_test(c, a_peer_that_starts_badly_is_left_in_bounded_time, 0,
	                    (int)(sizeof bad_starts / sizeof *bad_starts));
	tcase_add_loop_test(c, every_publish_through_a_fault_is_confirmed_once_and_none_is_lost, 0,
	                    (int)(sizeof faults / sizeof *faults));
	tcase_add_test(c, a_publish_ends_at_its_deadline_when_nobody_answers);
	tcase_add_test(c, a_publish_to_nowhere_is_returned);
	tcase_add_test(
	    c, a_channel_that_the_broker_closes_is_told_with_its_words_and_publishing_goes_on);
	tcase_add_test(c,
	               a_publish_that_is_refused_three_times_over_fresh_connections_ends_as_nacked);
	tcase_add_test(c, a_cancelled_consumer_delivers_nothing_after_the_answer);
	tcase_add_test(c, an_old_generation_settles_nothing);
	tcase_add_test(
	    c,
	    a_deleted_queue_ends_the_connection_with_words_and_consuming_goes_on_when_it_is_back);
	tcase_add_loop_test(c, what_is_settled_last_counts, 0,
	                    sizeof settled_last / sizeof *settled_last);
	tcase_add_test(c, deeply_nested_headers_are_read_where_threads_have_little_stack);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(link_suite());
}
