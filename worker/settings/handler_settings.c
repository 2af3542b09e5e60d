/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/settings/handler_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

static bool valid_folder(const char *text)
{
	return !*text || (text[0] == '/' && strlen(text) < 256);
}

static bool valid_umask(const char *text)
{
	size_t digits = strspn(text, "01234567");
	return !text[digits] && digits <= 4;
}

/* ---- exit = "3=dead 4=ok" ---- */

static bool read_exit(struct exit_settings *e, const char *word)
{
	static const char *const verdicts[] = {"ok", "retry", "dead"};
	char *end;
	errno = 0;
	long code = strtol(word, &end, 10);
	if (end == word || *end != '=' || errno || code < 0 || code > 255)
		return false;
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		if (strcmp(end + 1, verdicts[i]) != 0)
			continue;
		*e = (struct exit_settings){.code = (int)code, .verdict = verdicts[i]};
		return true;
	}
	return false;
}

static bool read_exits(void *object, const char *text)
{
	struct handler_settings *h = object;
	cleanup_free char *copy = xstrdup(text);
	char *rest = NULL;
	h->exit_count = 0;
	for (char *word = strtok_r(copy, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
		h->exits = xrealloc(h->exits, h->exit_count + 1, sizeof *h->exits);
		if (!read_exit(&h->exits[h->exit_count], word))
			return false;
		h->exit_count++;
	}
	return true;
}

static void show_exits(const void *object, FILE *out)
{
	const struct handler_settings *h = object;
	fputc('"', out);
	for (size_t i = 0; i < h->exit_count; i++)
		fprintf(out, "%s%d=%s", i ? " " : "", h->exits[i].code, h->exits[i].verdict);
	fputc('"', out);
}

static void clear_exits(void *object)
{
	struct handler_settings *h = object;
	free(steal_ptr(h->exits));
	h->exit_count = 0;
}

/* ---- the keys ---- */

enum { SECOND = 1000, HOUR = 3600 * SECOND };
#define YEAR (365LL * 24 * HOUR)

#define AT(field) offsetof(struct handler_settings, field)
static const struct settings_key keys[] = {
    {"type", SETTINGS_TEXT, AT(type), .required = true},
    {"run", SETTINGS_TEXT, AT(run), .required = true},
    {"timeout", SETTINGS_TIME, AT(timeout_ms), .min = 1, .max = YEAR},
    {"grace", SETTINGS_TIME, AT(grace_ms), .min = 0, .max = HOUR},
    {"exit", SETTINGS_OWN, 0, .form = "exit codes and verdicts such as \"3=dead 4=retry 5=ok\"",
     .read = read_exits, .show = show_exits, .clear = clear_exits},
    {"concurrency", SETTINGS_NUMBER, AT(concurrency), .min = 1, .max = 2000},
    {"children", SETTINGS_NUMBER, AT(children), .min = 1, .max = 2000},
    {"stdio", SETTINGS_BOOL, AT(stdio), .standard = "false"},
    {"recycle_jobs", SETTINGS_NUMBER, AT(recycle_jobs), .standard = "0", .max = INT64_MAX},
    {"recycle_memory", SETTINGS_SIZE, AT(recycle_memory), .standard = "0", .max = INT64_MAX},
    {"memory", SETTINGS_SIZE, AT(memory), .min = 1 << 20, .max = INT64_MAX},
    {"cpu", SETTINGS_TIME, AT(cpu_ms), .min = SECOND, .max = YEAR},
    {"files", SETTINGS_NUMBER, AT(files), .min = 5, .max = 1 << 20},
    {"processes", SETTINGS_NUMBER, AT(processes), .min = 1, .max = 1 << 22},
    {"file_size", SETTINGS_SIZE, AT(file_size), .max = INT64_MAX},
    {"user", SETTINGS_TEXT, AT(user)},
    {"group", SETTINGS_TEXT, AT(group)},
    {"folder", SETTINGS_TEXT, AT(folder), .valid = valid_folder, .form = "an absolute path"},
    {"umask", SETTINGS_TEXT, AT(umask), .valid = valid_umask, .form = "octal digits such as 077"},
    {"private_tmp", SETTINGS_BOOL, AT(private_tmp), .standard = "false"},
    {"no_new_privileges", SETTINGS_BOOL, AT(no_new_privileges), .standard = "false"},
    {"no_network", SETTINGS_BOOL, AT(no_network), .standard = "false"},
    {"environment", SETTINGS_TEXT, AT(environment)},
};

const struct settings_part handler_part = SETTINGS_PART(keys, 0);
