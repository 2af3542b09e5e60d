/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/base/secret_file.h"

#define WHAT "key file"

enum { FILE_MAX = 64 * 1024 };

/* Reads the whole file into text, which has room for FILE_MAX bytes. */
static int read_all(int fd, const char *path, char *text, size_t *len, struct error *err)
{
	ssize_t n;
	*len = 0;
	while (*len < FILE_MAX && (n = read(fd, text + *len, FILE_MAX - *len)) != 0) {
		if (n < 0 && errno != EINTR)
			return error_set_errno(err, ERROR_IO, errno, "reading " WHAT " '%s'", path);
		*len += n > 0 ? (size_t)n : 0;
	}
	return *len < FILE_MAX
	           ? 0
	           : error_set(err, ERROR_CONFIG, WHAT " '%s' is too large to be one", path);
}

static bool holds_secret(const struct keyring *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (key_kind_secret(r->keys[i].kind))
			return true;
	return false;
}

int key_file_read(const char *path, enum key_kind kind, struct keyring *r, struct error *err)
{
	char text[FILE_MAX];
	size_t len;
	*r = (struct keyring){0};
	if (access(path, R_OK) < 0)
		return error_set_errno(err, ERROR_NOINPUT, errno, WHAT " '%s'", path);
	cleanup_close int fd = secret_file_open(WHAT, path, SECRET_TRUSTED, err);
	if (fd < 0)
		return -1;
	int rc = read_all(fd, path, text, &len, err);
	if (rc == 0)
		rc = keyring_read(r, kind, (struct span){text, len}, path, err);
	explicit_bzero(text, len);
	if (rc < 0 || !holds_secret(r))
		return rc;
	return secret_file_check(WHAT, path, fd, SECRET_CLOSED, err);
}

int key_file_read_one(const char *path, enum key_kind kind, struct keyring *r, struct error *err)
{
	if (key_file_read(path, kind, r, err) < 0)
		return -1;
	if (r->count == 1)
		return 0;
	return error_set(err, ERROR_CONFIG,
	                 WHAT " '%s' holds %zu keys; leave the one that is to be used", path,
	                 r->count);
}

int key_file_create(const char *path, bool secret, struct span text, struct error *err)
{
	mode_t mode = secret ? 0600 : 0644;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_USAGE,
		                 "'%s' exists, and keys are never overwritten: name another file",
		                 path);
	if (fd < 0)
		return error_set_errno(err, ERROR_IO, errno, "'%s'", path);
	bool ok = fchmod(fd, mode) == 0;
	while (ok && text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);
		ok = n > 0 || (n < 0 && errno == EINTR);
		if (n > 0)
			text = (struct span){text.at + n, text.len - (size_t)n};
	}
	ok = ok && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	return ok ? 0 : error_set_errno(err, ERROR_IO, errno, "writing '%s'", path);
}
