/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/job/scan.h"

static int read_all(int fd, const char *name, size_t max, struct buf *out, struct error *err)
{
	char chunk[65536];
	ssize_t n;
	while ((n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, ERROR_IO, errno, "reading %s", name);
		if (out->len + (size_t)n > max)
			return error_set(err, ERROR_DATA, "%s holds more than %zu bytes (max_body)",
			                 name, max);
		buf_append(out, chunk, (size_t)n);
	}
	return 0;
}

/* Reads the text that word is or names, and sets *name to what errors call it. */
static int read_word(const char *word, size_t max, struct buf *out, const char **name,
                     struct error *err)
{
	*name = "args";
	if (strcmp(word, "-") == 0) {
		*name = "stdin";
		if (isatty(STDIN_FILENO))
			fputs("reading JSON from the terminal; end with Ctrl-D\n", stderr);
		return read_all(STDIN_FILENO, *name, max, out, err);
	}
	if (word[0] == '@') {
		*name = word + 1;
		cleanup_close int fd = open(*name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return error_set_errno(err, ERROR_NOINPUT, errno, "'%s'", *name);
		return read_all(fd, *name, max, out, err);
	}
	buf_append_text(out, word);
	return 0;
}

static int check_json(const char *name, const struct buf *text, struct span *value,
                      struct error *err)
{
	struct scan_value found;
	struct scan_error scan;
	struct span all = {text->data ? text->data : "", text->len};
	size_t line, column;
	if (scan_text(all, &found, &scan)) {
		*value = found.text;
		return 0;
	}
	scan_position(all, scan.offset, &line, &column);
	return error_set(err, ERROR_DATA, "%s:%zu:%zu: not JSON: %s", name, line, column,
	                 scan.reason);
}

int input_json(const char *word, size_t max, struct buf *text, struct span *value,
               struct error *err)
{
	const char *name;
	if (read_word(word, max, text, &name, err) < 0)
		return -1;
	return check_json(name, text, value, err);
}
