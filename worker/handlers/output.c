/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/output.h"

#include "common/job/box.h"

enum { LINE_MAX_BYTES = 1024, LINES_MAX = 100, LINE_BYTES_MAX = 16 * 1024 };

void output_init(struct output *o, size_t result_max, bool log_lines, struct log_subject subject)
{
	*o = (struct output){.result_max = result_max, .log_lines = log_lines, .subject = subject};
}

void output_finish(struct output *o)
{
	buf_finish(&o->result);
	buf_finish(&o->tail);
	buf_finish(&o->line);
}

void output_add_stdout(struct output *o, const char *data, size_t len)
{
	size_t room = o->result_max - o->result.len;
	if (len > room) {
		o->truncated = true;
		len = room;
	}
	buf_append(&o->result, data, len);
}

static void keep_tail(struct output *o, const char *data, size_t len)
{
	if (len > BOX_STDERR_MAX) {
		data += len - BOX_STDERR_MAX;
		len = BOX_STDERR_MAX;
	}
	buf_append(&o->tail, data, len);
	if (o->tail.len <= 2 * BOX_STDERR_MAX)
		return;
	memmove(o->tail.data, o->tail.data + o->tail.len - BOX_STDERR_MAX, BOX_STDERR_MAX);
	o->tail.len = BOX_STDERR_MAX;
	o->tail.data[o->tail.len] = 0;
}

static void end_line(struct output *o)
{
	struct span line = {o->line.data ? o->line.data : "", o->line.len};
	if (o->lines >= LINES_MAX || o->line_bytes >= LINE_BYTES_MAX) {
		o->lines_left_out++;
	} else {
		o->lines++;
		o->line_bytes += line.len;
		if (o->log_lines)
			log_bytes(LOG_INFO, o->subject, "| ", line);
		if (o->on_line)
			o->on_line(o->data, line);
	}
	buf_clear(&o->line);
}

static void log_lines(struct output *o, const char *data, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t part = newline ? (size_t)(newline - data) : len;
		size_t room = LINE_MAX_BYTES - o->line.len;
		buf_append(&o->line, data, part < room ? part : room);
		if (!newline)
			return;
		end_line(o);
		data += part + 1;
		len -= part + 1;
	}
}

void output_add_stderr(struct output *o, const char *data, size_t len)
{
	keep_tail(o, data, len);
	if (o->log_lines || o->on_line)
		log_lines(o, data, len);
}

void output_end(struct output *o)
{
	if (o->line.len > 0)
		end_line(o);
	if (o->lines_left_out > 0)
		log_info(o->subject, "%zu more lines of its stderr are left out here",
		         o->lines_left_out);
	o->lines_left_out = 0;
}

struct span output_tail(const struct output *o)
{
	size_t len = o->tail.len < BOX_STDERR_MAX ? o->tail.len : BOX_STDERR_MAX;
	return (struct span){o->tail.data ? o->tail.data + o->tail.len - len : "", len};
}

struct span output_last_line(const struct output *o)
{
	struct span s = output_tail(o);
	while (s.len > 0 && strchr(" \t\r\n", s.at[s.len - 1]))
		s.len--;
	size_t start = s.len;
	while (start > 0 && s.at[start - 1] != '\n')
		start--;
	return (struct span){s.at + start, s.len - start};
}
