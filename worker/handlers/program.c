/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "worker/handlers/words.h"

/* Returns false with errno when path is no program that we may run. */
static bool runnable(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0 || access(path, X_OK) < 0)
		return false;
	errno = EISDIR;
	return !S_ISDIR(st.st_mode);
}

static char *find_in_path(const char *name)
{
	const char *path = getenv("PATH");
	for (const char *at = path ? path : "/usr/local/bin:/usr/bin:/bin"; at;) {
		const char *colon = strchrnul(at, ':');
		char *candidate = colon == at ? xprintf("./%s", name)
		                              : xprintf("%.*s/%s", (int)(colon - at), at, name);
		if (runnable(candidate))
			return candidate;
		free(candidate);
		at = *colon ? colon + 1 : NULL;
	}
	return NULL;
}

static int find(const char *name, char **program, struct error *err)
{
	if (!strchr(name, '/')) {
		*program = find_in_path(name);
		return *program ? 0
		                : error_set(err, ERROR_CONFIG, "'%s' is not an executable in PATH",
		                            name);
	}
	if (!runnable(name))
		return error_set_errno(err, ERROR_CONFIG, errno, "'%s' cannot be executed", name);
	*program = xstrdup(name);
	return 0;
}

int program_find(const char *command, char **program, char ***words, struct error *err)
{
	size_t count;
	if (words_split(command, words, &count, err) < 0)
		return -1;
	if (find((*words)[0], program, err) == 0)
		return 0;
	words_free(steal_ptr(*words));
	return -1;
}
