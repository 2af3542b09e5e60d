/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/batch_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/job/job.h"

static bool is_standard_input(const char *name)
{
	return strcmp(name, "-") == 0;
}

/* ---- the command line ---- */

static bool looks_like_file(const char *word)
{
	static const char *const endings[] = {".jsonl", ".json", ".ndjson", ".txt"};
	if (is_standard_input(word) || strchr(word, '/') || !job_type_valid(span_of(word)))
		return true;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t len = strlen(word), end = strlen(endings[i]);
		if (len > end && strcmp(word + len - end, endings[i]) == 0)
			return true;
	}
	return false;
}

int batch_input_begin(struct batch_input *in, const struct options *o, size_t line_max,
                      const char **type, struct error *err)
{
	static char *standard_input[] = {"-"};
	size_t files_from = o->argument_count > 0 && !looks_like_file(o->arguments[0]);
	bool named = o->argument_count > files_from;
	*type = files_from ? o->arguments[0] : NULL;
	*in = (struct batch_input){
	    .files = named ? o->arguments + files_from : standard_input,
	    .file_count = named ? o->argument_count - files_from : 1,
	    .line_max = line_max,
	    .fd = -1,
	};
	if (*type && !named && access(*type, F_OK) == 0)
		return error_set(err, ERROR_USAGE,
		                 "'%s' is a TYPE, but there is a file of that name too: write "
		                 "'./%s' for the file, or "
		                 "'%s -' for the type and standard input",
		                 *type, *type, *type);
	return 0;
}

uint64_t batch_input_size(const struct batch_input *in)
{
	uint64_t total = 0;
	for (size_t i = 0; i < in->file_count; i++) {
		struct stat st;
		int rc = is_standard_input(in->files[i]) ? fstat(STDIN_FILENO, &st)
		                                         : stat(in->files[i], &st);
		if (rc < 0 || !S_ISREG(st.st_mode))
			return 0;
		total += (uint64_t)st.st_size;
	}
	return total;
}

/* ---- reading ---- */

static int open_next(struct batch_input *in, struct error *err)
{
	const char *name = in->files[in->next_file++];
	bool is_stdin = is_standard_input(name);
	in->file = is_stdin ? "stdin" : name;
	in->fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return error_set_errno(err, ERROR_NOINPUT, errno, "'%s'", name);
	if (is_stdin && isatty(STDIN_FILENO))
		fputs("reading JSON Lines from the terminal; end with Ctrl-D\n", stderr);
	lines_init(&in->lines, in->fd, in->line_max);
	return 0;
}

static void close_file(struct batch_input *in)
{
	lines_finish(&in->lines);
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
}

void batch_input_finish(struct batch_input *in)
{
	if (in->fd >= 0)
		close_file(in);
}

static struct span without_mark(const struct batch_input *in, struct span line)
{
	if (in->lines.number == 1 && line.len >= 3 && memcmp(line.at, "\xef\xbb\xbf", 3) == 0)
		return (struct span){line.at + 3, line.len - 3};
	return line;
}

enum batch_input_got batch_input_next(struct batch_input *in, struct span *line, struct error *err)
{
	for (;;) {
		if (in->fd < 0 && in->next_file == in->file_count) {
			in->ended = true;
			return BATCH_INPUT_END;
		}
		if (in->fd < 0 && open_next(in, err) < 0)
			return BATCH_INPUT_UNREADABLE;
		switch (lines_next(&in->lines, line)) {
		case LINES_LINE:
			in->ordinal++;
			*line = without_mark(in, *line);
			return BATCH_INPUT_LINE;
		case LINES_TOO_LONG:
			in->ordinal++;
			return BATCH_INPUT_TOO_LONG;
		case LINES_MORE:
			return BATCH_INPUT_MORE;
		case LINES_END:
			close_file(in);
		}
	}
}

int64_t batch_input_read(struct batch_input *in, struct error *err)
{
	uint64_t before = in->lines.bytes;
	if (lines_read(&in->lines, err) < 0)
		return error_wrap(err, "'%s'", in->file);
	return (int64_t)(in->lines.bytes - before);
}
