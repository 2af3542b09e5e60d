/* SPDX-License-Identifier: Apache-2.0 */
/* Tests buf, utf8, error, memory, random and list, which everything else uses. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/list.h"
#include "common/base/memory.h"
#include "common/base/random.h"
#include "common/base/utf8.h"
#include "tests/unit/suites.h"

START_TEST(a_buffer_grows_and_stays_terminated)
{
	struct buf b = {0};
	for (int i = 0; i < 1000; i++) {
		ck_assert(buf_printf(&b, "%d,", i));
		ck_assert_uint_eq(strlen(b.data), b.len);
	}
	ck_assert(buf_append(&b, "\0x", 2));
	ck_assert_uint_eq(b.len, 3890 + 2);
	ck_assert_int_eq(b.data[b.len], 0);
	buf_clear(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
	buf_finish(&b);
	buf_clear(&b); /* an empty one has nothing to terminate */
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(stolen_bytes_leave_an_empty_buffer)
{
	struct buf b = {0};
	size_t len = 99;
	char *nothing = buf_steal(&b, &len);
	ck_assert_str_eq(nothing, "");
	ck_assert_uint_eq(len, 0);
	free(nothing);
	buf_append_text(&b, "abc");
	char *text = buf_steal(&b, NULL);
	ck_assert_str_eq(text, "abc");
	ck_assert_ptr_null(b.data);
	free(text);
}
END_TEST

START_TEST(a_buffer_that_failed_gives_nothing)
{
	struct buf b = {0};
	buf_append_text(&b, "abc");
	volatile size_t too_much = SIZE_MAX - 8;
	ck_assert(!buf_append(&b, "x", too_much));
	ck_assert(b.failed);
	ck_assert_str_eq(b.data, "abc");
	ck_assert(!buf_append_text(&b, "d"));
	ck_assert(!buf_printf(&b, "d"));
	ck_assert_ptr_null(buf_steal(&b, NULL));
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(any_bytes_become_a_json_string)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} rows[] = {
	    {"plain", 5, "\"plain\""},
	    {"", 0, "\"\""},
	    {"a\0b", 3, "\"a\\u0000b\""},
	    {"\"\\\n\r\t\x01\x7f", 7, "\"\\\"\\\\\\n\\r\\t\\u0001\\u007f\""},
	    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
	    {"\xc2\x9b[2J", 5, "\"\\u009b[2J\""},
	    {"x\xff\xc3", 3, "\"x\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b = {0};
		ck_assert(buf_append_json_string(&b, rows[i].in, rows[i].len));
		ck_assert_str_eq(b.data, rows[i].out);
		buf_finish(&b);
	}
}
END_TEST

/*
 * Follows RFC 3629 by arithmetic: decodes whatever the lead byte promises, then looks at the
 * number.
 */
static size_t slow_sequence(const unsigned char *p, size_t len)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80       ? 1
	           : p[0] >> 5 == 6  ? 2
	           : p[0] >> 4 == 14 ? 3
	           : p[0] >> 3 == 30 ? 4
	                             : 0;
	if (n < 2 || n > len)
		return n == 1;
	uint32_t code = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	bool ok = code >= lowest[n] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
	return ok ? n : 0;
}

START_TEST(utf8_is_judged_by_the_code_point_it_stands_for)
{
	static const unsigned char tails[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
	                                      0x9f, 0xa0, 0xbf, 0xc0, 0xff};
	size_t count = sizeof tails;
	for (unsigned first = 0; first < 256; first++) {
		for (size_t t = 0; t < count * count * count; t++) {
			unsigned char p[4] = {(unsigned char)first, tails[t % count],
			                      tails[t / count % count], tails[t / count / count]};
			for (size_t len = 1; len <= 4; len++)
				if (utf8_sequence((char *)p, len) != slow_sequence(p, len))
					ck_abort_msg("%02x %02x %02x %02x len %zu", p[0], p[1],
					             p[2], p[3], len);
		}
	}
}
END_TEST

START_TEST(every_code_point_is_written_as_it_is_read)
{
	for (uint32_t code = 0; code <= 0x10ffff; code += code < 0x11000 ? 1 : 37) {
		char bytes[4];
		size_t n = utf8_encode(code, bytes);
		bool surrogate = code >= 0xd800 && code <= 0xdfff;
		if (utf8_sequence(bytes, n) != (surrogate ? 0 : n))
			ck_abort_msg("U+%04X", code);
	}
}
END_TEST

START_TEST(an_error_is_described_once_and_wrapped)
{
	struct error err = {.kind = ERROR_NONE};
	ck_assert_int_eq(error_set(&err, ERROR_DATA, "line %d", 7), -1);
	ck_assert_int_eq(error_wrap(&err, "file '%s'", "a"), -1);
	ck_assert_str_eq(err.text, "file 'a': line 7");
	ck_assert_int_eq(err.kind, ERROR_DATA);
	ck_assert_int_eq(error_set_errno(&err, ERROR_IO, ENOENT, "open '%s'", "b"), -1);
	ck_assert_str_eq(err.text, "open 'b': No such file or directory");
	ck_assert_int_eq(error_set_errno(&err, ERROR_IO, 99999, "x"), -1);
	ck_assert_str_eq(err.text, "x: unknown error");
	ck_assert_int_eq(error_set(&err, ERROR_BUG, "again: %s", err.text), -1);
	ck_assert_str_eq(err.text, "again: x: unknown error");
	ck_assert_int_eq(error_set(NULL, ERROR_IO, "nobody listens"), -1);
	ck_assert_int_eq(error_set_errno(NULL, ERROR_IO, EIO, "nobody listens"), -1);
	ck_assert_int_eq(error_wrap(NULL, "nobody listens"), -1);
}
END_TEST

START_TEST(a_long_error_is_cut_and_stays_terminated)
{
	struct error err;
	error_set(&err, ERROR_DATA, "%0*d", 5000, 1);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
	error_wrap(&err, "%0*d", 5000, 2);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
	error_set_errno(&err, ERROR_IO, EIO, "%0*d", 5000, 3);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
}
END_TEST

START_TEST(memory_copies_and_cleans_up)
{
	cleanup_free char *text = xprintf("%d %s", 1, "two");
	ck_assert_str_eq(text, "1 two");
	ck_assert_ptr_null(xstrdup(NULL));
	char *taken = steal_ptr(text);
	ck_assert_ptr_null(text);
	text = xmemdup("a\0b", 3);
	ck_assert_mem_eq(text, "a\0b\0", 4);
	free(taken);
	cleanup_free int *numbers = xcalloc(4, sizeof *numbers);
	ck_assert_int_eq(numbers[3], 0);
	numbers = xrealloc(numbers, 0, 0);
	ck_assert_ptr_nonnull(numbers);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	int copy = fd;
	close_fd(&fd);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(fcntl(copy, F_GETFD), -1);
	close_fd(&fd);
}
END_TEST

START_TEST(memory_exhausted_aborts)
{
	volatile size_t everything = SIZE_MAX;
	free(xmemdup("", everything));
}
END_TEST

START_TEST(random_numbers_differ_and_stay_in_range)
{
	unsigned char zero[64] = {0}, a[64] = {0}, b[64] = {0};
	random_bytes(a, sizeof a);
	random_bytes(b, sizeof b);
	ck_assert_mem_ne(a, zero, sizeof a);
	ck_assert_mem_ne(a, b, sizeof a);
	double low = 1, high = 0;
	for (int i = 0; i < 1000; i++) {
		double r = random_unit();
		ck_assert(r >= 0 && r < 1);
		low = r < low ? r : low;
		high = r > high ? r : high;
	}
	ck_assert(low < 0.1 && high > 0.9);
}
END_TEST

struct element {
	int n;
	struct list link;
};

START_TEST(a_list_keeps_order_and_survives_removal_on_the_way)
{
	struct element e[5];
	struct list all, rest, *pos, *tmp;
	int sum = 0, place = 0;
	list_init(&all);
	list_init(&rest);
	for (int i = 0; i < 5; i++) {
		e[i].n = i;
		list_append(i < 3 ? &all : &rest, &e[i].link);
	}
	list_append_all(&all, &rest);
	ck_assert(list_empty(&rest));
	list_append_all(&all, &rest);
	list_for_each (pos, tmp, &all) {
		struct element *x = list_item(pos, struct element, link);
		ck_assert_int_eq(x->n, place++);
		if (x->n % 2)
			list_remove(pos);
		else
			sum += x->n;
	}
	list_remove(&e[1].link); /* twice is harmless */
	ck_assert_int_eq(sum, 6);
	ck_assert_int_eq(place, 5);
	ck_assert_ptr_eq(all.next, &e[0].link);
	ck_assert_ptr_eq(e[0].link.next, &e[2].link);
	list_insert(&all, &e[1].link);
	ck_assert_ptr_eq(all.next, &e[1].link);
}
END_TEST

Suite *buf_suite(void)
{
	const TTest *const tests[] = {
	    a_buffer_grows_and_stays_terminated,
	    stolen_bytes_leave_an_empty_buffer,
	    a_buffer_that_failed_gives_nothing,
	    any_bytes_become_a_json_string,
	    utf8_is_judged_by_the_code_point_it_stands_for,
	    every_code_point_is_written_as_it_is_read,
	    an_error_is_described_once_and_wrapped,
	    a_long_error_is_cut_and_stays_terminated,
	    memory_copies_and_cleans_up,
	    random_numbers_differ_and_stay_in_range,
	    a_list_keeps_order_and_survives_removal_on_the_way,
	    NULL,
	};
	Suite *s = suite_of("base", tests);
	TCase *aborting = tcase_create("aborting");
	tcase_add_test_raise_signal(aborting, memory_exhausted_aborts, SIGABRT);
	suite_add_tcase(s, aborting);
	return s;
}
