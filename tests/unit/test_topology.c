/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the topology as data. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/job/topology.h"
#include "tests/unit/suites.h"

static const struct topology_item *find(const struct topology *t, enum topology_kind kind,
                                        const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->items[i].kind == kind && strcmp(t->items[i].name, name) == 0)
			return &t->items[i];
	return NULL;
}

START_TEST(the_topology_has_every_item_with_its_arguments)
{
	struct topology t;
	struct error err = {0};
	static const char *const queues[] = {"mail"};
	char text[600];
	int64_t n;
	ck_assert_int_eq(topology_make(&t, "w", queues, 1, &err), 0);
	/* 6 + 2*28 exchanges; 2 + 28 + 2 queues; 2 + 28 + 378 + 28 + 2 bindings */
	ck_assert_uint_eq(t.count, 62 + 32 + 438);
	const struct table *a = &find(&t, TOPOLOGY_QUEUE, "w.q.mail")->arguments;
	ck_assert_str_eq(table_get_text(a, "x-queue-type"), "quorum");
	ck_assert_str_eq(table_get_text(a, "x-overflow"), "reject-publish");
	ck_assert_str_eq(table_get_text(a, "x-dead-letter-exchange"), "w.dead");
	ck_assert_str_eq(table_get_text(a, "x-dead-letter-routing-key"), "w.q.mail");
	ck_assert_str_eq(table_get_text(a, "x-dead-letter-strategy"), "at-least-once");
	ck_assert(table_get_int(a, "x-delivery-limit", &n) && n == 50);
	a = &find(&t, TOPOLOGY_QUEUE, "w.delay.27")->arguments;
	ck_assert(table_get_int(a, "x-message-ttl", &n) && n == INT64_C(125) << 27);
	ck_assert_str_eq(table_get_text(a, "x-dead-letter-exchange"), "w.delay.27.next");
	ck_assert_str_eq(
	    table_get_text(&find(&t, TOPOLOGY_EXCHANGE, "w.jobs")->arguments, "alternate-exchange"),
	    "w.unroutable");
	topology_describe(find(&t, TOPOLOGY_QUEUE, "w.q.mail.dead"), text, sizeof text);
	ck_assert_str_eq(text,
	                 "queue w.q.mail.dead (x-queue-type=quorum, x-delivery-limit=1000000)");
	topology_describe(find(&t, TOPOLOGY_BIND_QUEUE, "w.q.mail"), text, sizeof text);
	ck_assert_str_eq(text, "binding w.jobs -> w.q.mail key w.q.mail");
	topology_describe(find(&t, TOPOLOGY_EXCHANGE, "w.events"), text, sizeof text);
	ck_assert_str_eq(text, "exchange w.events topic");
	topology_finish(&t);
	static const char *const bad[] = {"a/b"};
	ck_assert_int_eq(topology_make(&t, "w", bad, 1, &err), -1);
	ck_assert_int_eq(topology_make(&t, "", queues, 1, &err), -1);
}
END_TEST

Suite *topology_suite(void)
{
	const TTest *const tests[] = {
	    the_topology_has_every_item_with_its_arguments,
	    NULL,
	};
	return suite_of("topology", tests);
}
