/* SPDX-License-Identifier: Apache-2.0 */
#include "common/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"

int secret_file_open(const char *what, const char *path, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_set_errno(err, ERROR_CONFIG, errno, "%s '%.300s'", what, path);
		close_fd(&fd);
		return -1;
	}
	mode_t closed = st.st_uid == 0 ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG;
	if (st.st_mode & closed) {
		error_set(err, ERROR_CONFIG, "%s '%.300s' is open to others; run: chmod 600 '%.300s'", what, path,
		          path);
		close_fd(&fd);
		return -1;
	}
	return fd;
}
