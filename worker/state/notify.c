/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/state/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/memory.h"

static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	close(fd);
}

void notify_ready(void)
{
	notify("READY=1\nSTATUS=consuming");
}

void notify_stopping(void)
{
	notify("STOPPING=1\nSTATUS=draining");
}

void notify_status(const char *text)
{
	cleanup_free char *state = xprintf("STATUS=%s", text);
	for (char *c = state; *c; c++)
		*c = *c == '\n' ? ' ' : *c; /* a line end would begin the next assignment */
	notify(state);
}

static int64_t watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoll(usec, NULL, 10) / 1000;
}

void notify_watchdog(int64_t now_ms)
{
	static int64_t last_ms;
	int64_t limit_ms = watchdog_ms();
	if (limit_ms <= 0 || now_ms - last_ms < limit_ms / 3)
		return;
	last_ms = now_ms;
	notify("WATCHDOG=1");
}
