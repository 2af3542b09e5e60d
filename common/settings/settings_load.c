/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/settings_load.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/settings/settings_file.h"

static char *standard_file(const char *name)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *candidates[] = {
	    xdg && *xdg ? xprintf("%s/warren/%s.cfg", xdg, name) : NULL,
	    home && *home ? xprintf("%s/.config/warren/%s.cfg", home, name) : NULL,
	    xprintf("%s/warren/%s.cfg", WARREN_SYSCONFDIR, name),
	    xprintf("/etc/warren/%s.cfg", name),
	};
	char *found = NULL;
	for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
		if (!found && candidates[i] && access(candidates[i], R_OK) == 0)
			found = candidates[i];
		else
			free(candidates[i]);
	}
	return found;
}

static void variable_name(const struct settings_key *k, char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, "WARREN_%s", k->name);
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(out[i] >= 'a' && out[i] <= 'z' ? out[i] - 'a' + 'A' : out[i]);
}

/* The common variables of AMQP programs, such as AMQP_URL, mean nothing when they are empty. */
static int load_field(struct settings_field f, struct error *err)
{
	char name[64];
	variable_name(f.key, name, sizeof name);
	const char *value = getenv(name);
	const char *common = f.key->variable ? getenv(f.key->variable) : NULL;
	if (value && settings_read(f, name, value, err) < 0)
		return -1;
	return common && *common ? settings_read(f, f.key->variable, common, err) : 0;
}

static int load_environment(const struct settings_schema *schema, void *settings, struct error *err)
{
	struct settings_field f;
	for (size_t i = 0; (f = settings_field(&schema->table, i, settings)).key; i++)
		if (load_field(f, err) < 0)
			return error_wrap(err, "environment");
	return 0;
}

int settings_load(const struct settings_schema *schema, void *settings, const char *file,
                  struct error *err)
{
	const char *named = file ? file : getenv("WARREN_CONFIG");
	cleanup_free char *found = named && *named ? NULL : standard_file(schema->file);
	const char *path = named && *named ? named : found;
	if (path && settings_load_file(schema, settings, path, err) < 0)
		return -1;
	return load_environment(schema, settings, err);
}
