/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/job/job.h"
#include "common/settings/key_files.h"
#include "common/base/memory.h"
#include "producer/session/session.h"
#include "producer/commands.h"

static const struct option_spec options[] = {
    {"kid", 0, "ID",
     "the new key's id, which goes with every job (default: FILE's name without folder and "
     "ending)"},
    {0},
};

static char *id_of_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path,
	           *dot = strrchr(name, '.');
	return xmemdup(name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static int write_pair(const struct key *k, const char *path, struct error *err)
{
	cleanup_free char *public_path = xprintf("%s.pub", path);
	struct buf secret = {0}, public_half = {0};
	key_write(k, false, &secret);
	key_write(k, true, &public_half);
	int rc = key_file_create(path, true, (struct span){secret.data, secret.len}, err);
	if (rc == 0 &&
	    (rc = key_file_create(public_path, false,
	                          (struct span){public_half.data, public_half.len}, err)) < 0)
		remove(path);
	if (rc == 0)
		fprintf(stderr,
		        "secret: %s (nobody else may read it)\npublic: %s (give it to %s)\n", path,
		        public_path,
		        k->kind == KEY_SIGN_SECRET ? "the workers: signed_by"
		                                   : "the producers: seal_to");
	if (rc == 0)
		fputs(public_half.data, stdout);
	buf_wipe(&secret);
	buf_finish(&public_half);
	return rc;
}

static int make(const struct options *o, enum key_kind kind, const char *path, struct error *err)
{
	struct keyring r = {0};
	const char *given = options_get(o, "kid");
	cleanup_free char *kid = given ? xstrdup(given) : id_of_file(path);
	if (!key_id_valid(span_of(kid)))
		return error_set(
		    err, ERROR_USAGE,
		    "the key's id '%.100s' must be " KEY_ID_FORM "; give it with --kid", kid);
	int rc = keyring_make(&r, kind, kid, err) == 0 ? write_pair(&r.keys[0], path, err) : -1;
	keyring_finish(&r);
	return rc;
}

static int show(const char *path, bool whole, struct error *err)
{
	struct keyring r;
	int rc = key_file_read(path, KEY_ANY, &r, err);
	for (size_t i = 0; rc == 0 && i < r.count; i++) {
		struct buf line = {0};
		key_write(&r.keys[i], true, &line);
		if (whole)
			fputs(line.data, stdout);
		else
			printf("%s %s\n", r.keys[i].kid, key_kind_name(r.keys[i].kind));
		buf_finish(&line);
	}
	keyring_finish(&r);
	return rc;
}

static int keys(struct session *s, struct error *err)
{
	const struct options *o = &s->options;
	const char *verb = o->argument_count > 0 ? o->arguments[0] : "";
	if (o->argument_count != 2)
		return error_set(err, ERROR_USAGE,
		                 "keys wants sign, seal, list or public, and a FILE");
	if (strcmp(verb, "sign") == 0)
		return make(o, KEY_SIGN_SECRET, o->arguments[1], err);
	if (strcmp(verb, "seal") == 0)
		return make(o, KEY_SEAL_SECRET, o->arguments[1], err);
	if (strcmp(verb, "list") == 0)
		return show(o->arguments[1], false, err);
	if (strcmp(verb, "public") == 0)
		return show(o->arguments[1], true, err);
	return error_set(err, ERROR_USAGE, "keys wants sign, seal, list or public, not '%.60s'",
	                 verb);
}

static int run(int argc, char **argv)
{
	struct session s;
	struct error err = {0};
	int code;
	if (session_begin(&s, &keys_command, argc, argv, &code))
		return code;
	return session_end(&s, keys(&s, &err), &err);
}

const struct command_spec keys_command = {
    .name = "keys",
    .usage = "keys sign|seal|list|public FILE [--kid ID]",
    .summary = "make a pair of keys that sign or seal jobs; print a file's public halves",
    .examples = "  warren-producer keys sign mail.sign\n"
                "  warren-producer keys seal mail.open\n"
                "  warren-producer keys public mail.sign >>mail.signers\n",
    .options = options,
    .run = run,
};
