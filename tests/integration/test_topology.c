/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests the exchanges and queues on a real broker: setup, and the ways in which such a topology is
 * known to lose jobs.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/job/delay.h"
#include "common/job/headers.h"
#include "common/base/memory.h"
#include "tests/support/support.h"

static char *queue_name(void)
{
	return xstrdup(support_queue(support_url()));
}

static struct message *text_message(const char *body)
{
	struct message *m = message_create();
	message_set_body(m, body, strlen(body));
	m->app_id = xstrdup(HEADERS_APP_ID);
	return m;
}

/* Publishes into the ring as the worker does. */
static void publish_delayed(const char *queue, const char *body, int64_t delay_ms,
                            const char *extra_header)
{
	char exchange[TOPOLOGY_NAME_MAX];
	struct delay_route route = delay_route(delay_units(delay_ms));
	const struct bookkeeping fresh = {.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
	struct message *m = text_message(body), blank = {0};
	headers_write(&blank, &fresh, &route, &m->headers);
	if (extra_header)
		table_set_string(&m->headers, extra_header, "x");
	support_publish(support_url(), topology_delay("warren.v1", route.hops[0].level, exchange),
	                support_amqp(queue, ""), m);
	message_destroy(m);
}

static void assert_exit(struct result r, int code, const char *text)
{
	if (r.code != code || (text && !strstr(r.err, text) && !strstr(r.out, text)))
		ck_abort_msg("exit %d, stdout: %s stderr: %s", r.code, r.out, r.err);
	support_result_free(&r);
}

START_TEST(setup_is_idempotent_and_check_finds_nothing_to_say)
{
	cleanup_free char *q = queue_name();
	assert_exit(support_producer(support_url(), NULL, "setup", q), 0, "ok: ");
	assert_exit(support_producer(support_url(), NULL, "setup", "--check", q), 0,
	            "were not compared");
	assert_exit(support_producer(support_url(), NULL, "setup", "--check", "--mgmt-url",
	                             support_mgmt_url(), q),
	            0, "are right");
	assert_exit(support_producer(support_url(), NULL, "setup", "--plan", q), 0, "there ");
}
END_TEST

START_TEST(plan_names_what_is_missing_and_creates_nothing)
{
	assert_exit(support_producer(support_url(), NULL, "setup", "--plan", "planned-only"), 0,
	            "create  queue warren.v1.q.planned-only");
	assert_exit(support_producer(support_url(), NULL, "setup", "--check", "planned-only"), 78,
	            "(missing)");
}
END_TEST

START_TEST(an_argument_that_differs_is_found_field_by_field)
{
	struct error err = {0};
	struct topology_item item = {.kind = TOPOLOGY_QUEUE, .name = (char *)"warren.v1.q.differs"};
	struct broker *b = support_connect(support_url());
	table_set_string(&item.arguments, "x-queue-type", "quorum");
	table_set_int(&item.arguments, "x-delivery-limit", 7);
	ck_assert_int_eq(broker_open_channel(b, 1, false, &err), 0);
	ck_assert_msg(broker_declare(b, 1, &item, &err) == 0, "%s", err.text);
	assert_exit(support_producer(support_url(), NULL, "setup", "differs"), 78,
	            "inequivalent arg");
	assert_exit(support_producer(support_url(), NULL, "setup", "--check", "--mgmt-url",
	                             support_mgmt_url(), "differs"),
	            78, "x-delivery-limit: should be 50, is 7");
	ck_assert_int_eq(broker_delete_queue(b, 1, item.name, &err), 0);
	broker_destroy(b, true);
	table_finish(&item.arguments);
}
END_TEST

START_TEST(letters_for_a_queue_that_is_gone_do_not_hold_up_the_level)
{
	enum {
		LOST = 40
	}; /* more than the 32 that a level's dead-letter publisher keeps under way */
	cleanup_free char *q = queue_name();
	cleanup_free char *nowhere = xprintf("nowhere-%s", q);
	uint32_t before = support_depth(support_url(), "warren.v1.unroutable");
	for (int i = 0; i < LOST; i++)
		publish_delayed(nowhere, "lost", 125, NULL);
	publish_delayed(q, "good", 125, NULL);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	ck_assert_str_eq(m->body, "good");
	message_destroy(m);
	support_wait_depth(support_url(), "warren.v1.unroutable", before + LOST);
	assert_exit(support_producer(support_url(), NULL, "queue", "list", q), 0,
	            "messages found no queue");
	struct result r =
	    support_producer(support_url(), NULL, "dead", "drop", "--unroutable", "--yes");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	support_wait_depth(support_url(), "warren.v1.unroutable", 0);
}
END_TEST

START_TEST(our_republish_leaves_the_brokers_death_notes_behind)
{
	/* A copied x-death makes the broker see a cycle and keep the job in the level for ever. */
	struct message *in = text_message("1"), *out = text_message("1");
	const struct bookkeeping fresh = {.attempt = 2, .first_failed_at_ms = CLOCK_NEVER};
	cleanup_free char *q = queue_name();
	char exchange[TOPOLOGY_NAME_MAX];
	publish_delayed(q, "1", 125, NULL);
	struct message *seen = support_take(support_url(), support_amqp(q, ""));
	ck_assert_ptr_nonnull(table_get(&seen->headers, "x-death"));
	for (int round = 0; round < 5; round++) {
		struct delay_route route = delay_route(1);
		table_finish(&out->headers);
		ck_assert(headers_write(seen, &fresh, &route, &out->headers));
		support_publish(support_url(), topology_delay("warren.v1", 0, exchange),
		                support_amqp(q, ""), out);
		message_destroy(seen);
		seen = support_take(support_url(), support_amqp(q, ""));
	}
	message_destroy(seen);
	message_destroy(in);
	message_destroy(out);
}
END_TEST

START_TEST(a_job_with_an_expiry_is_published_without_expiration_and_keeps_its_delay)
{
	cleanup_free char *q = queue_name();
	assert_exit(support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--delay",
	                             "1s", "--expires", "300ms"),
	            0, NULL);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	ck_assert_ptr_nonnull(strstr(m->body, "expires_at"));
	message_destroy(m);
}
END_TEST

START_TEST(a_wrong_queue_is_found_before_the_publish)
{
	assert_exit(support_producer(support_url(), NULL, "send", "t", "1", "-q", "emial"), 78,
	            "create it with: warren-producer setup emial");
	assert_exit(
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", "emial", "--delay", "1h"),
	    78, "emial");
	assert_exit(support_producer(support_url(), "1\n", "batch", "t", "-q", "emial"), 78,
	            "emial");
}
END_TEST

START_TEST(what_we_publish_is_persistent_and_has_no_priority)
{
	cleanup_free char *q = queue_name();
	assert_exit(
	    support_producer(support_url(), NULL, "send", "t", "[1]", "-q", q, "--id", "abc"), 0,
	    "abc");
	cleanup_free char *command =
	    xprintf("curl -sf -u guest:guest -H 'content-type: application/json' -X POST "
	            "-d '{\"count\":1,\"ackmode\":\"ack_requeue_true\",\"encoding\":\"auto\"}' "
	            "'%s/api/queues/%%2F/%s/get'",
	            support_mgmt_url(), support_amqp(q, ""));
	FILE *f = popen(command, "re");
	char text[8192] = "";
	size_t n = fread(text, 1, sizeof text - 1, f);
	pclose(f);
	ck_assert_uint_gt(n, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"delivery_mode\":2"));
	ck_assert_ptr_nonnull(strstr(text, "\"message_id\":\"abc\""));
	ck_assert_ptr_null(strstr(text, "\"priority\""));
	ck_assert_ptr_null(strstr(text, "\"expiration\""));
}
END_TEST

START_TEST(queue_list_says_how_full_every_queue_is)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *other = queue_name();
	assert_exit(support_producer(support_url(), NULL, "send", "t", "1", "-q", q), 0, NULL);
	assert_exit(
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--delay", "1h"), 0,
	    NULL);
	cleanup_free char *line =
	    xprintf("{\"queue\":\"%s\",\"configured\":true,\"exists\":true,\"ready\":1,"
	            "\"consumers\":0,\"dead\":0,\"unacked\":null",
	            q);
	assert_exit(support_producer(support_url(), NULL, "queue", "list", "--json", q), 0, line);
	assert_exit(support_producer(support_url(), NULL, "queue", "list", "--json", q), 0,
	            "\"delayed\":");
	assert_exit(support_producer(support_url(), NULL, "queue", "list", "no-such"), 0,
	            "create it with: warren-producer setup no-such");
	cleanup_free char *unconfigured = xprintf("{\"queue\":\"%s\",\"configured\":false", other);
	assert_exit(support_producer(support_url(), NULL, "queue", "list", "--json", "--mgmt-url",
	                             support_mgmt_url()),
	            0, unconfigured);
	assert_exit(support_producer(support_url(), NULL, "queue", "list", "--mgmt-url",
	                             support_mgmt_url()),
	            0, "(not in the config)");
}
END_TEST

START_TEST(the_dead_queue_of_one_queue_cannot_be_another_job_queue)
{
	assert_exit(support_producer(support_url(), NULL, "setup", "mail.dead"), 64,
	            "not end in .dead");
}
END_TEST

START_TEST(purge_asks_and_empties_only_what_it_was_told_to)
{
	cleanup_free char *q = queue_name();
	assert_exit(support_producer(support_url(), NULL, "send", "t", "1", "-q", q), 0, NULL);
	assert_exit(support_producer(support_url(), "", "queue", "purge", q), 64, "--yes");
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 1);
	assert_exit(support_producer(support_url(), NULL, "queue", "purge", q, "--dead", "--yes"),
	            0, "0");
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 1);
	assert_exit(support_producer(support_url(), NULL, "queue", "purge", q, "--yes"), 0, "1");
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

static int api(const char *method, const char *path, const char *body)
{
	cleanup_free char *command =
	    xprintf("curl -sf -H 'content-type: application/json' -X %s -d '%s' '%s/api/%s'",
	            method, body, support_mgmt_url(), path);
	return system(command);
}

/*
 * A full target stalls its level for everybody. So nothing of ours has a limit, and a policy that
 * sets one is found.
 */
START_TEST(no_queue_has_a_length_limit_and_a_policy_that_sets_one_is_found)
{
	cleanup_free char *q = queue_name();
	struct result r =
	    support_producer(support_url(), NULL, "setup", "--plan", "some-new-queue");
	ck_assert_int_eq(r.code, 0);
	ck_assert_ptr_null(strstr(r.out, "x-max-length"));
	support_result_free(&r);
	cleanup_free char *policy = xprintf("policies/%%2F/limit-%s", q);
	cleanup_free char *body =
	    xprintf("{\"pattern\":\"^warren.v1.q.%s$\",\"definition\":{\"max-length\":10},"
	            "\"apply-to\":\"queues\"}",
	            q);
	ck_assert_int_eq(api("PUT", policy, body), 0);
	int64_t until = support_now() + SUPPORT_MS;
	for (;;) { /* the policy takes effect a moment later */
		r = support_producer(support_url(), NULL, "setup", "--check", "--mgmt-url",
		                     support_mgmt_url(), q);
		if (r.code != 0 || support_now() > until)
			break;
		support_result_free(&r);
	}
	api("DELETE", policy, "");
	assert_exit(r, 78, "max-length");
}
END_TEST

static Suite *topology_suite(void)
{
	Suite *s = suite_create("topology");
	TCase *c = tcase_create("topology");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, setup_is_idempotent_and_check_finds_nothing_to_say);
	tcase_add_test(c, plan_names_what_is_missing_and_creates_nothing);
	tcase_add_test(c, an_argument_that_differs_is_found_field_by_field);
	tcase_add_test(c, letters_for_a_queue_that_is_gone_do_not_hold_up_the_level);
	tcase_add_test(c, our_republish_leaves_the_brokers_death_notes_behind);
	tcase_add_test(c, a_job_with_an_expiry_is_published_without_expiration_and_keeps_its_delay);
	tcase_add_test(c, a_wrong_queue_is_found_before_the_publish);
	tcase_add_test(c, what_we_publish_is_persistent_and_has_no_priority);
	tcase_add_test(c, no_queue_has_a_length_limit_and_a_policy_that_sets_one_is_found);
	tcase_add_test(c, queue_list_says_how_full_every_queue_is);
	tcase_add_test(c, the_dead_queue_of_one_queue_cannot_be_another_job_queue);
	tcase_add_test(c, purge_asks_and_empties_only_what_it_was_told_to);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(topology_suite());
}
