/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/job/job.h"
#include "tests/unit/suites.h"

static void expect_all_bytes(bool (*valid)(struct span), const char *allowed)
{
	for (int c = 0; c < 256; c++) {
		char text[3] = {'a', (char)c, 'z'};
		bool want = c != 0 && (isascii(c) && (isalnum(c) || strchr(allowed, c)));
		ck_assert_msg(valid((struct span){text, 3}) == want, "byte %d", c);
	}
}

static void expect_length(bool (*valid)(struct span), size_t max)
{
	char text[256];
	memset(text, 'x', sizeof text);
	ck_assert(!valid((struct span){NULL, 0}));
	ck_assert(!valid((struct span){text, 0}));
	ck_assert(valid((struct span){text, 1}));
	ck_assert(valid((struct span){text, max}));
	ck_assert(!valid((struct span){text, max + 1}));
}

START_TEST(names_have_their_alphabet_and_length)
{
	expect_all_bytes(job_id_valid, "._:-");
	expect_all_bytes(job_type_valid, "._-");
	expect_all_bytes(queue_name_valid, "._-");
	expect_length(job_id_valid, 128);
	expect_length(job_type_valid, 128);
	expect_length(queue_name_valid, 100);
	ck_assert(!queue_name_valid(span_of("mail.dead")) && !queue_name_valid(span_of(".dead")));
	ck_assert(queue_name_valid(span_of("mail.deader")) && queue_name_valid(span_of("dead")));
}
END_TEST

START_TEST(globs_match_types)
{
	static const struct {
		const char *glob, *type;
		bool match;
	} rows[] = {
	    {"*", "mail.send", true},
	    {"*", "", true},
	    {"", "", true},
	    {"", "a", false},
	    {"mail.*", "mail.send", true},
	    {"mail.*", "mail.", true},
	    {"mail.*", "mail", false},
	    {"mail.*", "xmail.send", false},
	    {"*.send", "mail.send", true},
	    {"*.send", "mail.sender", false},
	    {"m?il", "mail", true},
	    {"m?il", "mil", false},
	    {"?", "", false},
	    {"a*b*c", "a1b2b3c", true},
	    {"a*b*c", "a1b2b3", false},
	    {"**a", "bba", true},
	    {"mail", "mail", true},
	    {"mail", "mai", false},
	    {"[a-z]", "b", false},
	    {"\\*", "x", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(job_type_matches(rows[i].glob, rows[i].type) == rows[i].match,
		              "%s %s", rows[i].glob, rows[i].type);
}
END_TEST

START_TEST(a_hostile_glob_takes_no_exponential_time)
{
	char type[129];
	memset(type, 'a', 128);
	type[128] = 0;
	ck_assert(!job_type_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", type));
}
END_TEST

START_TEST(uuids_are_version_7_and_in_the_order_of_time)
{
	char a[JOB_UUID_SIZE], b[JOB_UUID_SIZE], same[JOB_UUID_SIZE];
	unsigned high, low, version, variant;
	job_make_uuid7(INT64_C(0x0193a1b2c3d4), a);
	job_make_uuid7(INT64_C(0x0193a1b2c3d5), b);
	job_make_uuid7(INT64_C(0x0193a1b2c3d4), same);
	ck_assert_uint_eq(strlen(a), 36);
	ck_assert_int_eq(sscanf(a, "%8x-%4x-%4x-%4x", &high, &low, &version, &variant), 4);
	ck_assert_uint_eq(high, 0x0193a1b2);
	ck_assert_uint_eq(low, 0xc3d4);
	ck_assert_uint_eq(version >> 12, 7);
	ck_assert_uint_eq(variant >> 14, 2);
	ck_assert_int_lt(strcmp(a, b), 0);
	ck_assert_str_ne(a, same);
	ck_assert(job_id_valid(span_of(a)));
}
END_TEST

static const char *hash_of(const char *a, const char *b, char out[static JOB_HASH_SIZE])
{
	const struct span parts[] = {span_of(a), span_of(b)};
	return job_make_hash_id(parts, 2, out);
}

START_TEST(a_hash_id_depends_on_every_part_and_its_border)
{
	char one[JOB_HASH_SIZE], two[JOB_HASH_SIZE];
	ck_assert_str_eq(hash_of("ab", "c", one), hash_of("ab", "c", two));
	ck_assert_str_ne(hash_of("ab", "c", one), hash_of("a", "bc", two));
	ck_assert_str_ne(hash_of("ab", "c", one), hash_of("c", "ab", two));
	ck_assert_str_ne(hash_of("", "", one), job_make_hash_id(NULL, 0, two));
	ck_assert_str_ne(hash_of("ab", "c", one), hash_of("ab", "d", two));
	ck_assert_uint_eq(strlen(one), JOB_HASH_SIZE - 1);
	ck_assert_mem_eq(one, "h-", 2);
	ck_assert(job_id_valid(span_of(one)));
	/* Ids that were written down must come out the same in every later version. */
	ck_assert_str_eq(hash_of("batch", "line", one), "h-ce5b696a6b29c8f2d66808cf61170ef6");
}
END_TEST

static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

START_TEST(hash_ids_are_spread_evenly)
{
	enum { COUNT = 20000 };
	static char ids[COUNT][JOB_HASH_SIZE];
	int ones[128] = {0};
	for (int i = 0; i < COUNT; i++) {
		char number[16];
		snprintf(number, sizeof number, "%d", i);
		hash_of("batch", number, ids[i]);
		for (int bit = 0; bit < 128; bit++) {
			char digit = ids[i][2 + bit / 4];
			int value = digit <= '9' ? digit - '0' : digit - 'a' + 10;
			ones[bit] += value >> (3 - bit % 4) & 1;
		}
	}
	for (int bit = 0; bit < 128; bit++) /* six standard deviations are 424 */
		ck_assert_msg(abs(ones[bit] - COUNT / 2) < 424, "bit %d: %d of %d", bit, ones[bit],
		              COUNT);
	qsort(ids, COUNT, sizeof *ids, compare_texts);
	for (int i = 1; i < COUNT; i++)
		ck_assert_str_ne(ids[i - 1], ids[i]);
	/* Half an id must be as unique as a whole one, so both lanes must carry their weight. */
	for (int i = 1; i < COUNT; i++)
		ck_assert_int_ne(strncmp(ids[i - 1], ids[i], 18), 0);
}
END_TEST

START_TEST(a_finished_job_is_empty)
{
	struct job j = {.id = strdup("i"), .type = strdup("t"), .args = strdup("1"), .args_len = 1};
	j.headers = calloc(1, sizeof *j.headers);
	j.header_count = 1;
	j.headers[0] = (struct job_header){strdup("n"), strdup("v")};
	job_finish(&j);
	ck_assert_ptr_null(j.id);
	ck_assert_ptr_null(j.headers);
	job_finish(&j);
}
END_TEST

Suite *job_suite(void)
{
	const TTest *const tests[] = {
	    names_have_their_alphabet_and_length,
	    globs_match_types,
	    a_hostile_glob_takes_no_exponential_time,
	    uuids_are_version_7_and_in_the_order_of_time,
	    a_hash_id_depends_on_every_part_and_its_border,
	    hash_ids_are_spread_evenly,
	    a_finished_job_is_empty,
	    NULL,
	};
	return suite_of("job", tests);
}
