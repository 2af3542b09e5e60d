/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/show_letter.h"

#include <string.h>

#include "common/base/clean.h"
#include "common/base/memory.h"

/* Line by line, each behind the indent. */
static void print_clean(FILE *out, const char *text, size_t len, const char *indent)
{
	struct buf b = {0};
	do {
		const char *end = len ? memchr(text, '\n', len) : NULL;
		size_t line = end ? (size_t)(end - text) : len, taken = end ? line + 1 : len;
		buf_append_text(&b, indent);
		clean_append_but(&b, text, line, "\t");
		buf_append_text(&b, "\n");
		text += taken;
		len -= taken;
	} while (len > 0);
	fwrite(b.data, 1, b.len, out);
	buf_finish(&b);
}

/* A cell of a table: blanks behind it up to that width. */
static void print_cell(FILE *out, const char *text, int width)
{
	struct buf b = {0};
	clean_append(&b, text, strlen(text));
	fprintf(out, "%-*s  ", width, b.data ? b.data : "");
	buf_finish(&b);
}

void show_letter_heading(FILE *out)
{
	fprintf(out, "%-36s  %-20s  %-16s  %-24s  %-14s  %5s  %7s\n", "ID", "TYPE", "QUEUE", "DIED",
	        "REASON", "TRIES", "REPLAYS");
}

static size_t attempts(const struct letter *l)
{
	size_t listed = json_array_size(json_object_get(l->box, "attempts"));
	return listed > l->book.attempt || !l->box ? listed : l->book.attempt;
}

void show_letter_line(const struct letter *l, FILE *out)
{
	cleanup_free char *reason = xprintf("%.60s", l->reason);
	print_cell(out, l->id, 36);
	print_cell(out, l->type, 20);
	print_cell(out, l->queue, 16);
	print_cell(out, l->died, 24);
	print_cell(out, reason, 14);
	fprintf(out, "%5zu  %7u\n", attempts(l), l->book.replays);
}

static json_t *any_string(const char *text, size_t len)
{
	struct buf quoted = {0};
	buf_append_json_string(&quoted, text, len);
	json_t *value = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	buf_finish(&quoted);
	return value;
}

void show_letter_json(const struct letter *l, FILE *out)
{
	json_t *o = json_object();
	json_object_set_new(o, "id", any_string(l->id, strlen(l->id)));
	json_object_set_new(o, "type", any_string(l->type, strlen(l->type)));
	json_object_set_new(o, "queue", any_string(l->queue, strlen(l->queue)));
	json_object_set_new(o, "died", any_string(l->died, strlen(l->died)));
	json_object_set_new(o, "reason", any_string(l->reason, strlen(l->reason)));
	json_object_set_new(o, "tries", json_integer((json_int_t)attempts(l)));
	json_object_set_new(o, "replays", json_integer(l->book.replays));
	if (l->signed_by)
		json_object_set_new(o, "signed_by", json_string(l->signed_by));
	if (l->sealed_to)
		json_object_set_new(o, "sealed_to", json_string(l->sealed_to));
	if (l->box)
		json_object_set(o, "box", l->box);
	json_object_set_new(o, "body", any_string(l->message->body, l->message->body_len));
	cleanup_free char *text = json_dumps(o, JSON_COMPACT);
	clean_print_json(out, text ? text : "{}");
	fputc('\n', out);
	json_decref(o);
}

static void print_value(FILE *out, const char *key, const json_t *value)
{
	if (json_is_string(value)) {
		fprintf(out, "%-14s", key);
		print_clean(out, json_string_value(value), json_string_length(value), "");
	} else if (json_is_integer(value)) {
		fprintf(out, "%-14s%lld\n", key, (long long)json_integer_value(value));
	}
}

static void print_members(FILE *out, const json_t *object, const char *const *keys)
{
	for (; *keys; keys++)
		print_value(out, *keys, json_object_get(object, *keys));
}

static void print_attempts(const json_t *history, FILE *out)
{
	size_t i;
	json_t *t;
	json_array_foreach(history, i, t)
	{
		const char *at = json_string_value(json_object_get(t, "at")),
		           *verdict = json_string_value(json_object_get(t, "verdict"));
		const char *error = json_string_value(json_object_get(t, "error"));
		cleanup_free char *line =
		    xprintf("%lld  %s  %s  %lld ms  %s",
		            (long long)json_integer_value(json_object_get(t, "attempt")),
		            at ? at : "?", verdict ? verdict : "?",
		            (long long)json_integer_value(json_object_get(t, "wall_ms")),
		            error ? error : "");
		print_clean(out, line, strlen(line), "  ");
	}
}

static void print_box(const struct letter *l, FILE *out)
{
	static const char *const of_box[] = {"detail", NULL};
	static const char *const of_try[] = {
	    "verdict", "exit",        "signal",        "worker",      "at", "queued_ms",
	    "wall_ms", "cpu_user_ms", "cpu_system_ms", "max_rss_kib", NULL};
	print_members(out, l->box, of_box);
	print_members(out, json_object_get(l->box, "try"), of_try);
	const json_t *tail = json_object_get(l->box, "stderr");
	if (json_array_size(json_object_get(l->box, "attempts")) > 0)
		fputs("attempts\n", out);
	print_attempts(json_object_get(l->box, "attempts"), out);
	if (json_is_string(tail)) {
		fputs("stderr\n", out);
		print_clean(out, json_string_value(tail), json_string_length(tail), "  | ");
	}
}

void show_letter_whole(const struct letter *l, FILE *out)
{
	const char *const shown[][2] = {{"id", l->id},
	                                {"type", l->type},
	                                {"queue", l->queue},
	                                {"died", l->died},
	                                {"reason", l->reason}};
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		fprintf(out, "%-14s", shown[i][0]);
		print_clean(out, shown[i][1], strlen(shown[i][1]), "");
	}
	fprintf(out, "%-14s%u\n", "replays", l->book.replays);
	if (l->signed_by)
		fprintf(out, "%-14skey '%s' (not checked here)\n", "signed by", l->signed_by);
	if (l->sealed_to)
		fprintf(out, "%-14skey '%s'\n", "sealed to", l->sealed_to);
	print_box(l, out);
	fputs("body\n", out);
	print_clean(out, l->message->body, l->message->body_len, "  ");
}
