/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/integration/handling.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/support/support.h"

char *queue_name(void)
{
	return xstrdup(support_queue(support_url()));
}

void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		ck_abort_msg("'%s' is not in: %s", part, text);
}

char *odd_process(void)
{
	return xprintf("*=process:%s/tests/handlers/odd.py", getenv("WARREN_SOURCE"));
}

void send_within(const char *queue, const char *type, const char *args, const char *timeout)
{
	struct result r = support_producer(support_url(), NULL, "send", type, args, "-q", queue,
	                                   "--backoff", "fixed:100ms", "--timeout", timeout);
	ck_assert_msg(r.code == 0, "send: %s", r.err);
	support_result_free(&r);
}

void send_as(const char *queue, const char *type, const char *args)
{
	send_within(queue, type, args, "60s");
}

char *dead_letter(const char *queue)
{
	support_wait_depth(support_url(), support_amqp(queue, ".dead"), 1);
	struct result r =
	    support_producer(support_url(), NULL, "dead", "list", "-q", queue, "--json");
	ck_assert_int_eq(r.code, 0);
	free(r.err);
	return r.out;
}
