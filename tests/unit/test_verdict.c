/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/suites.h"
#include "worker/rules/verdict.h"

START_TEST(exit_codes_are_verdicts)
{
	for (int code = 0; code < 256; code++) {
		enum verdict want = code == 0                   ? VERDICT_OK
		                    : code == 65 || code == 100 ? VERDICT_DEAD
		                                                : VERDICT_RETRY;
		ck_assert_msg(verdict_of_exit(code) == want, "exit %d", code);
	}
}
END_TEST

START_TEST(verdicts_have_names)
{
	static const char *const names[] = {"ok",      "retry", "snooze",     "dead",    "crash",
	                                    "timeout", "oom",   "unrunnable", "returned"};
	for (int v = VERDICT_OK; v <= VERDICT_RETURNED; v++) {
		enum verdict back = VERDICT_OK;
		ck_assert_str_eq(verdict_name((enum verdict)v), names[v]);
		ck_assert(verdict_from_name(names[v], &back));
		ck_assert_int_eq(back, v);
	}
	enum verdict v;
	ck_assert(!verdict_from_name("OK", &v));
}
END_TEST

Suite *verdict_suite(void)
{
	const TTest *const tests[] = {exit_codes_are_verdicts, verdicts_have_names, NULL};
	return suite_of("verdict", tests);
}
