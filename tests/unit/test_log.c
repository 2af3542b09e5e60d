/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clean.h"
#include "common/base/log.h"
#include "tests/unit/suites.h"

static char path[64];

static void open_log(enum log_level level, enum log_form form)
{
	struct error err;
	strcpy(path, "/tmp/warren-log-XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_msg(log_open(path, &err) == 0, "%s", err.text);
	log_configure(level, form);
}

static void close_log(void)
{
	ck_assert_int_eq(log_open(NULL, NULL), 0);
	log_configure(LOG_INFO, LOG_TEXT);
	unlink(path);
}

/* Returns the whole file. The caller frees it. */
static char *read_log(void)
{
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	char *text = calloc(1, 65536);
	ck_assert_uint_lt(fread(text, 1, 65535, f), 65535);
	fclose(f);
	return text;
}

static void expect_line(const char *pattern)
{
	regex_t re;
	char *text = read_log();
	ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(regexec(&re, text, 0, NULL, 0) == 0, "%s does not match %s", text, pattern);
	regfree(&re);
	free(text);
}

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

START_TEST(a_line_names_its_subject)
{
	open_log(LOG_INFO, LOG_TEXT);
	log_info(((struct log_subject){"mail", "0193"}), "ended ok in %d ms", 12);
	expect_line("^" TIME " info  \\[mail 0193\\] ended ok in 12 ms\n$");
	log_warn(((struct log_subject){"mail", NULL}), "w");
	log_error(((struct log_subject){NULL, "7"}), "e");
	log_error(LOG_SELF, "plain");
	expect_line("\n" TIME " warn  \\[mail\\] w\n" TIME " error \\[- 7\\] e\n" TIME
	            " error plain\n$");
	close_log();
}
END_TEST

START_TEST(a_job_cannot_forge_a_line_or_drive_a_terminal)
{
	open_log(LOG_INFO, LOG_TEXT);
	log_info(((struct log_subject){"q\n", "\x1b[2J"}),
	         "a\nb\r\t\x7f \xc2\x9b \xff \xed\xa0\x80 \xc3\xa9");
	char *text = read_log();
	const char *behind = strchr(text, '[');
	ck_assert_str_eq(
	    behind,
	    "[q\\x0a \\x1b[2J] a\\x0ab\\x0d\\x09\\x7f \\u009b \\xff \\xed\\xa0\\x80 \xc3\xa9\n");
	free(text);
	close_log();
}
END_TEST

START_TEST(a_nul_does_not_end_what_is_logged)
{
	open_log(LOG_INFO, LOG_TEXT);
	log_bytes(LOG_DEBUG, LOG_SELF, "| ", (struct span){"hidden", 6});
	log_bytes(LOG_INFO, LOG_SELF, "| ", (struct span){"a\0b\n\0", 5});
	log_bytes(LOG_INFO, LOG_SELF, "| ", (struct span){0});
	log_configure(LOG_INFO, LOG_JSON);
	log_bytes(LOG_INFO, LOG_SELF, "| ", (struct span){"a\0b", 3});
	expect_line("^" TIME " info  \\| a\\\\x00b\\\\x0a\\\\x00\n" TIME " info  \\| \n"
	            ".*\"text\":\"\\| a\\\\u0000b\"\\}\n$");
	close_log();
}
END_TEST

START_TEST(a_copy_for_people_keeps_all_but_nul)
{
	char out[12];
	ck_assert_str_eq(clean_copy(out, sizeof out, (struct span){"a\0\x1b", 3}), "a\\x00\x1b");
	ck_assert_str_eq(clean_copy(out, sizeof out, (struct span){"0123456789ab", 12}),
	                 "0123456789a");
	ck_assert_str_eq(clean_copy(out, sizeof out, (struct span){"12345678\0ab", 11}),
	                 "12345678");
	ck_assert_str_eq(clean_copy(out, sizeof out, (struct span){0}), "");
}
END_TEST

START_TEST(the_json_form_is_one_object_per_line)
{
	open_log(LOG_DEBUG, LOG_JSON);
	log_debug(((struct log_subject){"mail", "j\"1"}), "a\nb\xff\x1b");
	log_info(LOG_SELF, "second");
	char *text = read_log(), *end = strchr(text, '\n');
	json_t *line = json_loadb(text, (size_t)(end - text), 0, NULL),
	       *second = json_loads(end + 1, 0, NULL);
	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(json_string_value(json_object_get(line, "level")), "debug");
	ck_assert_str_eq(json_string_value(json_object_get(line, "queue")), "mail");
	ck_assert_str_eq(json_string_value(json_object_get(line, "job")), "j\"1");
	ck_assert_str_eq(json_string_value(json_object_get(line, "text")), "a\nb\xef\xbf\xbd\x1b");
	ck_assert_uint_eq(strlen(json_string_value(json_object_get(line, "time"))), 24);
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_null(json_object_get(second, "queue"));
	ck_assert_ptr_null(json_object_get(second, "job"));
	json_decref(line);
	json_decref(second);
	free(text);
	close_log();
}
END_TEST

START_TEST(lower_levels_are_left_out)
{
	open_log(LOG_WARN, LOG_TEXT);
	log_info(LOG_SELF, "hidden");
	log_warn(LOG_SELF, "shown");
	expect_line("^" TIME " warn  shown\n$");
	ck_assert(!log_enabled(LOG_INFO));
	ck_assert(log_enabled(LOG_ERROR));
	log_configure(LOG_NOTHING, LOG_TEXT);
	ck_assert(!log_enabled(LOG_ERROR));
	ck_assert(!log_enabled(LOG_NOTHING));
	log_error(LOG_SELF, "hidden");
	expect_line("^" TIME " warn  shown\n$");
	close_log();
}
END_TEST

START_TEST(a_log_that_was_rotated_is_opened_anew)
{
	char rotated[80];
	open_log(LOG_INFO, LOG_TEXT);
	log_info(LOG_SELF, "before");
	snprintf(rotated, sizeof rotated, "%s.1", path);
	ck_assert_int_eq(rename(path, rotated), 0);
	ck_assert_int_eq(log_reopen(NULL), 0);
	log_info(LOG_SELF, "after");
	expect_line("^" TIME " info  after\n$");
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	/* Nobody else may use the file, whatever the umask. */
	ck_assert_uint_eq(st.st_mode & 0137, 0);
	unlink(rotated);
	close_log();
	ck_assert_int_eq(log_reopen(NULL), 0);
}
END_TEST

START_TEST(a_log_file_that_cannot_be_opened_leaves_the_old_one)
{
	struct error err = {0};
	open_log(LOG_INFO, LOG_TEXT);
	ck_assert_int_eq(log_open("/nowhere/at/all.log", &err), -1);
	ck_assert_int_eq(err.kind, ERROR_IO);
	ck_assert_str_eq(
	    err.text, "cannot open the log file '/nowhere/at/all.log': No such file or directory");
	log_info(LOG_SELF, "still here");
	expect_line("still here\n$");
	close_log();
}
END_TEST

START_TEST(logging_keeps_errno)
{
	open_log(LOG_INFO, LOG_TEXT);
	errno = EBADMSG;
	log_info(LOG_SELF, "x");
	ck_assert_int_eq(errno, EBADMSG);
	close_log();
}
END_TEST

START_TEST(levels_have_names)
{
	enum log_level level = LOG_DEBUG;
	ck_assert(log_level_from_name("nothing", &level));
	ck_assert_int_eq(level, LOG_NOTHING);
	ck_assert(log_level_from_name("warn", &level));
	ck_assert(!log_level_from_name("warning", &level));
	ck_assert_int_eq(level, LOG_WARN);
}
END_TEST

Suite *log_suite(void)
{
	const TTest *const tests[] = {
	    a_line_names_its_subject,
	    a_job_cannot_forge_a_line_or_drive_a_terminal,
	    a_nul_does_not_end_what_is_logged,
	    a_copy_for_people_keeps_all_but_nul,
	    the_json_form_is_one_object_per_line,
	    lower_levels_are_left_out,
	    a_log_that_was_rotated_is_opened_anew,
	    a_log_file_that_cannot_be_opened_leaves_the_old_one,
	    logging_keeps_errno,
	    levels_have_names,
	    NULL,
	};
	return suite_of("log", tests);
}
