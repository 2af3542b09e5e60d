/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/memory.h"

static bool open_to_others(const struct stat *st)
{
	mode_t closed = st->st_uid == 0 ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG;
	return st->st_mode & closed;
}

static int judge_trust(const char *what, const char *path, const struct stat *st, uid_t user,
                       struct error *err)
{
	if (!S_ISREG(st->st_mode))
		return error_set(err, ERROR_CONFIG, "%s '%.300s' is not a plain file", what, path);
	if (st->st_uid != 0 && st->st_uid != user)
		return error_set(err, ERROR_CONFIG,
		                 "%s '%.300s' belongs to user %u; it must belong to root or to the "
		                 "user who runs this: chown %u '%.300s'",
		                 what, path, (unsigned)st->st_uid, (unsigned)user, path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_set(err, ERROR_CONFIG,
		                 "%s '%.300s' can be changed by others; run: chmod go-w '%.300s'",
		                 what, path, path);
	return 0;
}

int secret_file_judge(const char *what, const char *path, const struct stat *st, uid_t user,
                      unsigned rules, struct error *err)
{
	if (rules & SECRET_CLOSED && (S_ISREG(st->st_mode) || !(rules & SECRET_TRUSTED)) &&
	    open_to_others(st))
		return error_set(err, ERROR_CONFIG,
		                 "%s '%.300s' is open to others; run: chmod 600 '%.300s'", what,
		                 path, path);
	return rules & SECRET_TRUSTED ? judge_trust(what, path, st, user, err) : 0;
}

int secret_file_check(const char *what, const char *path, int fd, unsigned rules, struct error *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_set_errno(err, ERROR_CONFIG, errno, "%s '%.300s'", what, path);
	return secret_file_judge(what, path, &st, geteuid(), rules, err);
}

int secret_file_open(const char *what, const char *path, unsigned rules, struct error *err)
{
	/* Without O_NONBLOCK a pipe in place of the file would hang the program. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | (rules & SECRET_TRUSTED ? O_NONBLOCK : 0));
	if (fd < 0)
		return error_set_errno(err, ERROR_CONFIG, errno, "%s '%.300s'", what, path);
	if (secret_file_check(what, path, fd, rules, err) == 0)
		return fd;
	close_fd(&fd);
	return -1;
}
