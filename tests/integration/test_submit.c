/* SPDX-License-Identifier: Apache-2.0 */
/* submit against a real broker, embedded in a loop that polls other descriptors as well. */
#include <check.h>
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/client/submit.h"
#include "tests/support/peer.h"
#include "tests/support/support.h"

enum { REQUESTS = 500, TIMEOUT_MS = 30000, CLOSE_MS = 5000 };

#define PREFIX "warren.v1"

/* ---- what a test does with submit ---- */

struct test {
	struct submit *submit;
	char *queue;
	bool up, failed;
	struct error why; /* of the last change that had one */
	size_t ended[OUTCOMES];
};

/* One publish of a test. Freed when it has ended, so a second end is a use after free. */
struct request {
	struct submit_owner owner;
	struct test *test;
	unsigned again; /* how often to publish again after a confirm */
};

static void publish(struct test *t, unsigned again, int64_t timeout_ms);

static void on_end(struct submit_owner *owner, enum outcome outcome, const struct error *err)
{
	struct request *r = list_item(owner, struct request, owner);
	struct test *t = r->test;
	ck_assert_msg((outcome == OUTCOME_CONFIRMED) == !err, "%s", outcome_name(outcome));
	t->ended[outcome]++;
	if (r->again > 0)
		publish(t, r->again - 1, TIMEOUT_MS);
	free(r);
}

static void on_change(void *data, enum submit_change change, const struct error *why)
{
	struct test *t = data;
	if (why)
		t->why = *why;
	t->up = change == SUBMIT_UP || (t->up && change != SUBMIT_DOWN);
	t->failed = t->failed || change == SUBMIT_FAILED;
}

static struct outbound make_job(const struct test *t)
{
	char id[JOB_UUID_SIZE], type[] = "t";
	const struct job j = {
	    .id = job_make_uuid7(clock_now_ms(), id), .type = type, .not_before_ms = CLOCK_NEVER};
	return outbound_job(PREFIX, t->queue, &j, span_of("{\"type\":\"t\"}"), clock_now_ms());
}

static void publish_to(struct test *t, struct outbound *out, unsigned again, int64_t timeout_ms)
{
	struct request *r = xcalloc(1, sizeof *r);
	*r = (struct request){.owner.ended = on_end, .test = t, .again = again};
	submit_publish(t->submit, out, &r->owner, timeout_ms);
	submit_flush(t->submit);
}

static void publish(struct test *t, unsigned again, int64_t timeout_ms)
{
	struct outbound out = make_job(t);
	publish_to(t, &out, again, timeout_ms);
}

/* queue must exist. NULL: none has to. */
static void begin_with(struct test *t, const char *url, const char *queue)
{
	struct error err = {0};
	char *urls[] = {(char *)url}, prefix[] = PREFIX, name[] = "submit-test";
	const struct connection_settings settings = {.urls = urls,
	                                             .url_count = 1,
	                                             .prefix = prefix,
	                                             .name = name,
	                                             .heartbeat_ms = 2000,
	                                             .connect_timeout_ms = 5000};
	*t = (struct test){.queue = xstrdup(support_queue(support_url()))};
	t->submit = submit_open(&(struct submit_options){.connection = &settings,
	                                                 .role = "test",
	                                                 .queue = queue,
	                                                 .told = on_change,
	                                                 .data = t},
	                        &err);
	ck_assert_msg(t->submit != NULL, "%s", err.text);
}

static void begin_at(struct test *t, const char *url)
{
	begin_with(t, url, NULL);
}

static void end(struct test *t)
{
	submit_close(t->submit, CLOSE_MS);
	free(t->queue);
}

/* Turns the loop once. Publishes a job for each byte that came through the pipe `requests`. */
static void turn(struct test *t, int requests)
{
	char bytes[64];
	struct pollfd fds[] = {{.fd = submit_fd(t->submit), .events = POLLIN},
	                       {.fd = requests, .events = POLLIN}};
	poll(fds, 2, 20);
	if (fds[0].revents)
		submit_handle(t->submit);
	ssize_t n = fds[1].revents & POLLIN ? read(requests, bytes, sizeof bytes) : 0;
	for (ssize_t i = 0; i < n; i++)
		publish(t, 0, TIMEOUT_MS);
}

static bool turned_until_idle(struct test *t)
{
	turn(t, -1);
	return submit_count(t->submit) == 0;
}

static bool turned_until_up(struct test *t)
{
	turn(t, -1);
	return t->up;
}

static bool turned_until_failed(struct test *t)
{
	turn(t, -1);
	return t->failed;
}

static size_t threads(void)
{
	size_t count = 0;
	DIR *dir = opendir("/proc/self/task");
	ck_assert_ptr_nonnull(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* ---- the tests ---- */

START_TEST(a_loop_publishes_for_many_requests_without_a_thread_for_each)
{
	struct test t;
	int pipe_ends[2];
	const char bytes[REQUESTS] = {0};
	begin_at(&t, support_url());
	size_t before = threads();
	ck_assert_int_eq(pipe(pipe_ends), 0);
	ck_assert_int_eq(write(pipe_ends[1], bytes, REQUESTS), REQUESTS);
	support_wait((turn(&t, pipe_ends[0]), t.ended[OUTCOME_CONFIRMED] == REQUESTS),
	             "the confirms");
	ck_assert_uint_eq(submit_count(t.submit), 0);
	ck_assert_uint_eq(threads(), before);
	support_wait_depth(support_url(), support_amqp(t.queue, ""), REQUESTS);
	end(&t);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}
END_TEST

START_TEST(each_owner_hears_the_outcome_of_its_own_publish)
{
	struct test t;
	begin_at(&t, support_url());
	for (int i = 0; i < 20; i++) {
		struct outbound out = make_job(&t);
		if (i % 2 == 1) {
			out.exchange[0] = '\0';
			snprintf(out.key, sizeof out.key, "no-such-queue");
		}
		if (i == 1) /* a stranger's, which the broker returns without a name */
			free(steal_ptr(out.message->message_id));
		publish_to(&t, &out, 0, TIMEOUT_MS);
	}
	support_wait(turned_until_idle(&t), "the outcomes");
	ck_assert_uint_eq(t.ended[OUTCOME_CONFIRMED], 10);
	ck_assert_uint_eq(t.ended[OUTCOME_RETURNED], 10);
	end(&t);
}
END_TEST

START_TEST(an_owner_may_publish_again_when_its_publish_has_ended)
{
	struct test t;
	begin_at(&t, support_url());
	publish(&t, 5, TIMEOUT_MS);
	support_wait(turned_until_idle(&t), "the last publish");
	ck_assert_uint_eq(t.ended[OUTCOME_CONFIRMED], 6);
	end(&t);
}
END_TEST

START_TEST(a_publish_without_an_answer_ends_at_its_time)
{
	struct test t;
	struct peer *p = peer_start(support_url(), (struct peer_rule){0});
	begin_at(&t, peer_url(p));
	support_wait(turned_until_up(&t), "the connection");
	peer_be(p, PEER_MUTE);
	publish(&t, 0, 300);
	support_wait(turned_until_idle(&t), "the end of the publish");
	ck_assert_uint_eq(t.ended[OUTCOME_TIMED_OUT], 1);
	peer_be(p, PEER_FORWARDS);
	end(&t);
	peer_stop(p);
}
END_TEST

START_TEST(what_is_under_way_at_the_close_is_abandoned_once)
{
	struct test t;
	struct peer *p = peer_start(support_url(), (struct peer_rule){0});
	begin_at(&t, peer_url(p));
	support_wait(turned_until_up(&t), "the connection");
	peer_be(p, PEER_MUTE);
	for (int i = 0; i < 10; i++)
		publish(&t, 0, TIMEOUT_MS);
	submit_close(t.submit, 100);
	ck_assert_uint_eq(t.ended[OUTCOME_ABANDONED], 10);
	free(t.queue);
	peer_stop(p);
}
END_TEST

START_TEST(a_lost_connection_loses_no_publish_and_ends_none_twice)
{
	struct test t;
	struct peer *p = peer_start(support_url(), (struct peer_rule){0});
	begin_at(&t, peer_url(p));
	support_wait(turned_until_up(&t), "the connection");
	for (int i = 0; i < REQUESTS; i++) {
		publish(&t, 0, TIMEOUT_MS);
		if (i == REQUESTS / 2)
			peer_cut(p);
	}
	support_wait(turned_until_idle(&t), "the outcomes");
	ck_assert_uint_eq(t.ended[OUTCOME_CONFIRMED], REQUESTS);
	ck_assert(!t.failed);
	end(&t);
	peer_stop(p);
}
END_TEST

START_TEST(a_queue_that_is_missing_is_told_with_the_command_that_makes_it)
{
	struct test t;
	begin_with(&t, support_url(), "not-there");
	publish(&t, 0, TIMEOUT_MS);
	support_wait(turned_until_failed(&t), "the failure");
	ck_assert_int_eq(t.why.kind, ERROR_CONFIG);
	ck_assert_int_eq(t.why.cause, CAUSE_NO_QUEUE);
	ck_assert_ptr_nonnull(strstr(t.why.text, "warren-producer setup not-there"));
	end(&t);
	ck_assert_uint_eq(t.ended[OUTCOME_ABANDONED], 1);
}
END_TEST

static Suite *submit_suite(void)
{
	Suite *s = suite_create("submit");
	TCase *c = tcase_create("submit");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_loop_publishes_for_many_requests_without_a_thread_for_each);
	tcase_add_test(c, each_owner_hears_the_outcome_of_its_own_publish);
	tcase_add_test(c, an_owner_may_publish_again_when_its_publish_has_ended);
	tcase_add_test(c, a_publish_without_an_answer_ends_at_its_time);
	tcase_add_test(c, what_is_under_way_at_the_close_is_abandoned_once);
	tcase_add_test(c, a_lost_connection_loses_no_publish_and_ends_none_twice);
	tcase_add_test(c, a_queue_that_is_missing_is_told_with_the_command_that_makes_it);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(submit_suite());
}
