/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/guardian/confine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/guardian/cgroup.h"

static int find_group(const char *name, uint32_t *gid, struct error *err)
{
	const struct group *g = getgrnam(name);
	if (!g)
		return error_set(err, ERROR_CONFIG, "group '%s' does not exist", name);
	*gid = g->gr_gid;
	return 0;
}

static int find_user(const struct handler_settings *s, struct spawn_limits *l, struct error *err)
{
	if (!s->user && !s->group)
		return 0;
	if (geteuid() != 0)
		return error_set(
		    err, ERROR_CONFIG,
		    "user and group can be changed by root only; start the worker as root");
	const struct passwd *p = s->user ? getpwnam(s->user) : getpwuid(geteuid());
	if (!p)
		return error_set(err, ERROR_CONFIG, "user '%s' does not exist",
		                 s->user ? s->user : "?");
	l->as_user = true;
	l->uid = p->pw_uid;
	l->gid = p->pw_gid;
	if (s->group && find_group(s->group, &l->gid, err) < 0)
		return -1;
	int count = SPAWN_GROUPS_MAX;
	getgrouplist(p->pw_name, l->gid, l->groups, &count);
	l->group_count = (uint32_t)(count < SPAWN_GROUPS_MAX ? count : SPAWN_GROUPS_MAX);
	return 0;
}

static int check_folder(const struct handler_settings *s, struct spawn_limits *l, struct error *err)
{
	struct stat st;
	if (!s->folder)
		return 0;
	if (stat(s->folder, &st) < 0)
		return error_set_errno(err, ERROR_CONFIG, errno, "folder '%s'", s->folder);
	if (!S_ISDIR(st.st_mode))
		return error_set_errno(err, ERROR_CONFIG, ENOTDIR, "folder '%s'", s->folder);
	snprintf(l->folder, sizeof l->folder, "%s", s->folder);
	return 0;
}

/* Returns the exit status of a child that tries something, or -1 when it could not be tried. */
static int status_of(pid_t pid)
{
	int status = 0;
	bool ended = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status);
	return ended ? WEXITSTATUS(status) : -1;
}

/* Uses system calls, because the C library would address threads, which the child of a fork has
 * not. */
static int try_as_user(const struct spawn_limits *l, const char *program)
{
	if (syscall(SYS_setgroups, l->group_count, l->groups) < 0 ||
	    syscall(SYS_setresgid, l->gid, l->gid, l->gid) < 0 ||
	    syscall(SYS_setresuid, l->uid, l->uid, l->uid) < 0 || access(program, X_OK) < 0)
		return errno;
	return 0;
}

/* Tries it in a process that has become the user: a folder above the program may be closed to that
 * user. */
static int check_program(const struct handler_settings *s, const struct spawn_limits *l,
                         const char *program, struct error *err)
{
	if (!l->as_user)
		return 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(try_as_user(l, program));
	int code = status_of(pid);
	if (code < 0)
		return error_set(err, ERROR_BUG,
		                 "cannot find out whether the user may run '%.200s'", program);
	if (code == 0)
		return 0;
	return error_set_errno(err, ERROR_CONFIG, code, "user '%s' may not run '%.200s'",
	                       s->user ? s->user : "root", program);
}

/* Tries it in a process of its own, because more than can be asked decides whether it is allowed.
 */
static int check_network(const struct handler_settings *s, struct spawn_limits *l,
                         struct error *err)
{
	if (!s->no_network)
		return 0;
	l->no_network = true;
	pid_t pid = fork();
	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ? errno : 0);
	int code = status_of(pid);
	if (code < 0)
		return error_set(err, ERROR_BUG, "cannot find out whether no_network works here");
	if (code == 0)
		return 0;
	return error_set_errno(
	    err, ERROR_CONFIG, code,
	    "no_network needs the right to make network namespaces (CAP_SYS_ADMIN)");
}

int confine_read(const struct handler_settings *s, const char *program, struct spawn_limits *l,
                 struct error *err)
{
	*l = spawn_unlimited;
	l->memory = s->memory;
	l->cpu_s = s->cpu_ms == SETTINGS_UNSET ? SPAWN_UNLIMITED : s->cpu_ms / 1000;
	l->files = s->files;
	l->processes = s->processes;
	l->file_size = s->file_size;
	l->umask = s->umask ? (int)strtol(s->umask, NULL, 8) : SPAWN_UNLIMITED;
	l->no_new_privileges = s->no_new_privileges;
	l->clean_environment = s->environment != NULL;
	if (find_user(s, l, err) < 0 || check_folder(s, l, err) < 0 ||
	    check_program(s, l, program, err) < 0)
		return -1;
	return check_network(s, l, err);
}

static size_t add(char *out, size_t size, size_t len, const char *name, const char *what)
{
	if (len < size)
		len += (size_t)snprintf(out + len, size - len, "%s%s%s%s", len ? ", " : "", name,
		                        *what ? " " : "", what);
	return len;
}

char *confine_describe(const struct handler_settings *s, char *out, size_t size)
{
	const struct {
		int64_t value;
		const char *name;
	} numbers[] = {
	    {s->memory, cgroup_usable() ? "memory in bytes (by a control group)"
	                                : "memory in bytes (by RLIMIT_AS)"},
	    {s->cpu_ms == SETTINGS_UNSET ? SETTINGS_UNSET : s->cpu_ms / 1000, "CPU seconds"},
	    {s->files, "open files"},
	    {s->processes, "processes"},
	    {s->file_size, "file size in bytes"}};
	const struct {
		const char *text, *name;
	} texts[] = {{s->user, "user"},
	             {s->group, "group"},
	             {s->folder, "folder"},
	             {s->umask, "umask"},
	             {s->environment, "of the environment only"}};
	size_t len = 0;
	*out = 0;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		char text[32];
		snprintf(text, sizeof text, "%lld", (long long)numbers[i].value);
		if (numbers[i].value != SETTINGS_UNSET)
			len = add(out, size, len, numbers[i].name, text);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].text)
			len = add(out, size, len, texts[i].name, texts[i].text);
	if (s->private_tmp)
		len = add(out, size, len, "a temporary folder of its own", "");
	if (s->no_new_privileges)
		len = add(out, size, len, "no new privileges", "");
	if (s->no_network)
		add(out, size, len, "no network", "");
	return out;
}
