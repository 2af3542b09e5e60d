/* SPDX-License-Identifier: Apache-2.0 */
/* Tests table and message. */
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/job/message.h"
#include "common/job/table.h"
#include "tests/unit/suites.h"

static struct field text_field(char kind, const char *data, size_t len)
{
	return (struct field){.kind = kind, .str = {xmemdup(data, len), len}};
}

static struct field nested_field(char kind)
{
	struct field f = {.kind = kind, .table = xcalloc(1, sizeof(struct table))};
	table_add_take(f.table, kind == 'A' ? "" : "k", text_field('S', "v", 1));
	return f;
}

START_TEST(a_set_value_replaces_the_one_of_the_same_name)
{
	struct table t = {0};
	int64_t n = 0;
	table_set_string(&t, "a", "one");
	table_set_int(&t, "b", 2);
	table_set_bool(&t, "c", true);
	table_set_int(&t, "a", -3);
	ck_assert_uint_eq(t.count, 3);
	ck_assert_str_eq(t.entries[0].name, "a");
	ck_assert(table_get_int(&t, "a", &n));
	ck_assert_int_eq(n, -3);
	ck_assert_ptr_null(table_get_text(&t, "a"));
	ck_assert_ptr_null(table_get(&t, "d"));
	table_remove(&t, "b");
	table_remove(&t, "b");
	ck_assert_uint_eq(t.count, 2);
	ck_assert_str_eq(t.entries[1].name, "c");
	ck_assert(table_get(&t, "c")->boolean);
	for (int i = 0; i < 50; i++)
		table_add_take(&t, "again", (struct field){.kind = 'V'});
	ck_assert_uint_eq(t.count, 52);
	table_finish(&t);
	ck_assert_uint_eq(t.count, 0);
	table_finish(NULL);
}
END_TEST

START_TEST(integers_of_every_kind_are_read)
{
	static const struct {
		struct field value;
		bool ok;
		int64_t n;
	} rows[] = {
	    {{.kind = 'b', .i = -7}, true, -7},
	    {{.kind = 's', .i = 7}, true, 7},
	    {{.kind = 'I', .i = INT32_MIN}, true, INT32_MIN},
	    {{.kind = 'l', .i = INT64_MIN}, true, INT64_MIN},
	    {{.kind = 'B', .u = 255}, true, 255},
	    {{.kind = 'u', .u = 65535}, true, 65535},
	    {{.kind = 'i', .u = UINT32_MAX}, true, UINT32_MAX},
	    {{.kind = 'T', .u = 1795511280}, true, 1795511280},
	    {{.kind = 'T', .u = UINT64_MAX}, false, 0},
	    {{.kind = 't', .boolean = true}, false, 0},
	    {{.kind = 'd', .d = 1}, false, 0},
	    {{.kind = 'V'}, false, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct table t = {0};
		int64_t n = 42;
		table_add_take(&t, "n", rows[i].value);
		ck_assert_msg(table_get_int(&t, "n", &n) == rows[i].ok, "row %zu", i);
		ck_assert_msg(n == (rows[i].ok ? rows[i].n : 42), "row %zu: %lld", i, (long long)n);
		table_finish(&t);
	}
	struct table none = {0};
	int64_t n;
	ck_assert(!table_get_int(&none, "n", &n));
}
END_TEST

START_TEST(digits_in_a_string_are_an_integer)
{
	static const struct {
		const char *text;
		size_t len;
		bool ok;
		int64_t n;
	} rows[] = {
	    {"12", 2, true, 12},
	    {"-5", 2, true, -5},
	    {"", 0, false, 0},
	    {"-", 1, false, 0},
	    {" 1", 2, false, 0},
	    {"+1", 2, false, 0},
	    {"1x", 2, false, 0},
	    {"1\0"
	     "2",
	     3, false, 0},
	    {"99999999999999999999", 20, false, 0},
	    {"000000000000000000001", 21, false, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct table t = {0};
		int64_t n = 42;
		table_add_take(&t, "n", text_field('S', rows[i].text, rows[i].len));
		ck_assert_msg(table_get_int(&t, "n", &n) == rows[i].ok, "%s", rows[i].text);
		ck_assert_int_eq(n, rows[i].ok ? rows[i].n : 42);
		table_finish(&t);
	}
}
END_TEST

START_TEST(text_is_a_string_without_nul)
{
	struct table t = {0};
	table_add_take(&t, "nul", text_field('S', "a\0b", 3));
	table_add_take(&t, "bytes", text_field('x', "ab", 2));
	table_add_take(&t, "text", text_field('S', "ab", 2));
	ck_assert_ptr_null(table_get_text(&t, "nul"));
	ck_assert_ptr_null(table_get_text(&t, "bytes"));
	ck_assert_ptr_null(table_get_text(&t, "none"));
	ck_assert_str_eq(table_get_text(&t, "text"), "ab");
	table_finish(&t);
}
END_TEST

/* Sizes counted by hand from AMQP 0-9-1 section 4.2.5. */
START_TEST(sizes_are_those_on_the_wire)
{
	static const struct {
		struct field value;
		size_t size; /* kind octet and value */
	} rows[] = {
	    {{.kind = 't'}, 2}, {{.kind = 'b'}, 2}, {{.kind = 'B'}, 2}, {{.kind = 's'}, 3},
	    {{.kind = 'u'}, 3}, {{.kind = 'I'}, 5}, {{.kind = 'i'}, 5}, {{.kind = 'f'}, 5},
	    {{.kind = 'l'}, 9}, {{.kind = 'T'}, 9}, {{.kind = 'd'}, 9}, {{.kind = 'D'}, 6},
	    {{.kind = 'V'}, 1},
	};
	struct table all = {0};
	size_t sum = 4;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct entry e = {.name = (char[]){"abc"}, .value = rows[i].value};
		ck_assert_msg(entry_wire_size(&e) == 1 + 3 + rows[i].size, "%c",
		              rows[i].value.kind);
		table_add_take(&all, "abc", rows[i].value);
		sum += 4 + rows[i].size;
	}
	table_add_take(&all, "s", text_field('S', "hello", 5)); /* 1+1 + 1+4+5 */
	table_add_take(&all, "x", text_field('x', "", 0));      /* 1+1 + 1+4 */
	table_add_take(&all, "F", nested_field('F'));           /* 1+1 + 1+4 + (1+1 + 1+4+1) */
	table_add_take(&all, "A", nested_field('A'));           /* 1+1 + 1+4 + (1+4+1) */
	ck_assert_uint_eq(table_wire_size(&all), sum + 12 + 7 + 15 + 13);
	table_finish(&all);
}
END_TEST

START_TEST(a_message_is_copied_whole)
{
	struct message *m = message_create();
	ck_assert_int_eq(m->timestamp_s, -1);
	/* class 2, weight 2, body size 8, flags 2, delivery mode 1, empty table 4 */
	ck_assert_uint_eq(message_header_size(m), 19);
	m->content_type = xstrdup("application/json");
	m->message_id = xstrdup("id");
	m->type = xstrdup("t");
	m->app_id = xstrdup("warren");
	m->reply_to = xstrdup("r");
	m->correlation_id = xstrdup("c");
	m->timestamp_s = 5;
	table_set_string(&m->headers, "h", "v");
	table_add_take(&m->headers, "f", nested_field('F'));
	table_add_take(&m->headers, "a", nested_field('A'));
	message_set_body(m, "bo\0dy", 5);
	message_set_body(m, "other\0", 6);
	struct message *copy = message_copy(m);
	ck_assert_uint_eq(message_header_size(m), 19 + 17 + 3 + 2 + 7 + 2 + 2 + 8 + 8 + 15 + 13);
	ck_assert_uint_eq(message_header_size(copy), message_header_size(m));
	message_destroy(m);
	ck_assert_str_eq(copy->content_type, "application/json");
	ck_assert_str_eq(copy->message_id, "id");
	ck_assert_str_eq(copy->type, "t");
	ck_assert_str_eq(copy->app_id, "warren");
	ck_assert_str_eq(copy->reply_to, "r");
	ck_assert_str_eq(copy->correlation_id, "c");
	ck_assert_int_eq(copy->timestamp_s, 5);
	ck_assert_str_eq(table_get_text(&copy->headers, "h"), "v");
	ck_assert_str_eq(table_get_text(table_get(&copy->headers, "f")->table, "k"), "v");
	ck_assert_uint_eq(copy->body_len, 6);
	ck_assert_mem_eq(copy->body, "other\0", 7);
	message_destroy(copy);
	message_destroy(NULL);
}
END_TEST

Suite *table_suite(void)
{
	const TTest *const tests[] = {
	    a_set_value_replaces_the_one_of_the_same_name,
	    integers_of_every_kind_are_read,
	    digits_in_a_string_are_an_integer,
	    text_is_a_string_without_nul,
	    sizes_are_those_on_the_wire,
	    a_message_is_copied_whole,
	    NULL,
	};
	return suite_of("table", tests);
}
