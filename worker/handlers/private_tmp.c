/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/private_tmp.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/memory.h"

enum { OPEN_FOLDERS = 16 };

char *private_tmp_make(const struct spawn_limits *l)
{
	const char *base = getenv("TMPDIR");
	char *path = xprintf("%s/warren-job.XXXXXX", base && *base ? base : "/tmp");
	if (mkdtemp(path) && (!l->as_user || chown(path, l->uid, l->gid) == 0))
		return path;
	free(path);
	return NULL;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path); /* what cannot be removed stays, for there is nobody to tell */
	return 0;
}

struct removal {
	uv_work_t work;
	char *path;
};

static void remove_all(uv_work_t *work)
{
	const struct removal *r = work->data;
	nftw(r->path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void removed(uv_work_t *work, int status)
{
	struct removal *r = work->data;
	(void)status;
	free(r->path);
	free(r);
}

void private_tmp_remove(uv_loop_t *loop, char *path)
{
	if (!path)
		return;
	struct removal *r = xcalloc(1, sizeof *r);
	r->path = path;
	r->work.data = r;
	uv_queue_work(loop, &r->work, remove_all, removed);
}
