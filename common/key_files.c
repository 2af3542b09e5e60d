/* SPDX-License-Identifier: Apache-2.0 */
#include "common/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"

enum { FILE_MAX = 64 * 1024 };

int key_file_judge(const char *path, const struct stat *st, uid_t user, bool secret, struct error *err)
{
	if (!S_ISREG(st->st_mode))
		return error_set(err, ERROR_CONFIG, "key file '%s' is not a plain file", path);
	if (st->st_uid != 0 && st->st_uid != user)
		return error_set(err, ERROR_CONFIG,
		                 "key file '%s' belongs to user %u; it must be root's or of the user who runs this: "
		                 "chown %u '%s'",
		                 path, (unsigned)st->st_uid, (unsigned)user, path);
	if (secret && st->st_mode & 077)
		return error_set(err, ERROR_CONFIG, "key file '%s' can be read by others; run: chmod 600 '%s'", path,
		                 path);
	if (st->st_mode & 022)
		return error_set(err, ERROR_CONFIG, "key file '%s' can be changed by others; run: chmod go-w '%s'",
		                 path, path);
	return 0;
}

/* All of it; text has room for FILE_MAX bytes. */
static int read_all(int fd, const char *path, char *text, size_t *len, struct error *err)
{
	ssize_t n;
	*len = 0;
	while (*len < FILE_MAX && (n = read(fd, text + *len, FILE_MAX - *len)) != 0) {
		if (n < 0 && errno != EINTR)
			return error_set_errno(err, ERROR_IO, errno, "reading key file '%s'", path);
		*len += n > 0 ? (size_t)n : 0;
	}
	return *len < FILE_MAX ? 0 : error_set(err, ERROR_CONFIG, "key file '%s' is too large to be one", path);
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
	struct stat st;
	char text[FILE_MAX];
	size_t len;
	*r = (struct keyring){0};
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set_errno(err, ERROR_NOINPUT, errno, "key file '%s'", path);
	if (key_file_judge(path, &st, geteuid(), kind != KEY_ANY && key_kind_secret(kind), err) < 0)
		return -1;
	int rc = read_all(fd, path, text, &len, err);
	if (rc == 0)
		rc = keyring_read(r, kind, (struct span){text, len}, path, err);
	explicit_bzero(text, len);
	return rc < 0 ? -1 : key_file_judge(path, &st, geteuid(), holds_secret(r), err);
}

int key_file_read_one(const char *path, enum key_kind kind, struct keyring *r, struct error *err)
{
	if (key_file_read(path, kind, r, err) < 0)
		return -1;
	if (r->count == 1)
		return 0;
	return error_set(err, ERROR_CONFIG, "key file '%s' holds %zu keys; leave the one that is to be used", path,
	                 r->count);
}

int key_file_create(const char *path, bool secret, struct span text, struct error *err)
{
	mode_t mode = secret ? 0600 : 0644;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_USAGE, "'%s' exists, and keys are never overwritten: name another file",
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
