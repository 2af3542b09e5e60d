/* SPDX-License-Identifier: Apache-2.0 */
/* Tests settings and command lines. */
#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/job/keys.h"
#include "common/base/memory.h"
#include "common/base/nearest.h"
#include "common/settings/options.h"
#include "common/settings/settings_load.h"
#include "producer/commands.h"
#include "producer/session/producer_settings.h"
#include "worker/settings/worker_settings.h"

/* ---- settings ---- */

/* The settings of either program. */
union settings {
	struct worker_settings worker;
	struct producer_settings producer;
};

static char path[] = "/tmp/warren-settings-XXXXXX";

static const char *write_file(const char *text)
{
	strcpy(path + strlen(path) - 6, "XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	return path;
}

static int load(const struct settings_schema *schema, void *settings, const char *text,
                struct error *err)
{
	settings_init(schema, settings);
	int rc = settings_load(schema, settings, write_file(text), err);
	unlink(path);
	return rc;
}

static const struct {
	const char *text, *error;
} wrong[] = {
    {"\nslot = 3;\n", ":2: unknown key 'slot'; did you mean 'slots'?"},
    {"slots = 0;\n", ":1: slots must be from 1 to 2000, not '0'"},
    {"slots = \"many\";\n", "slots wants a number"},
    {"timeout = \"soon\";\n", "timeout wants a time"},
    {"drain = \"2d\";\n", "drain must be from 0s to 1d"},
    {"max_body = \"1T\";\n", "max_body wants a size"},
    {"log_output = \"perhaps\";\n", "log_output wants true or false"},
    {"log_level = \"loud\";\n", "log_level must be one of"},
    {"slots = [1];\n", "wants a single value"},
    {"queues = 3;\n", "'queues' wants a list of groups"},
    {"queues = ( 3 );\n", "'queues' wants groups"},
    {"queues = ( { weight = 2; } );\n", "an entry of queues needs the key 'name'"},
    {"queues = ( { name = \"a b\"; } );\n",
     "name must be 1 to 100 bytes of A-Za-z0-9._- and not end in .dead, not 'a b'"},
    {"queues = ( { name = \"a\"; wegiht = 2; } );\n",
     "unknown key 'wegiht' in queues; did you mean 'weight'?"},
    {"queues = ( { name = \"a\"; weight = 0; } );\n", "weight must be from 1 to 1000, not '0'"},
    {"queues = ( { name = \"a\"; codec = \"xml\"; } );\n",
     "codec wants \"json\" or \"raw\", not 'xml'"},
    {"queues = ( { name = \"a\"; type = \"a b\"; } );\n", "type must be 1 to 128 bytes"},
    {"queues = ( { name = \"a\"; max_attempts = 0; } );\n", "max_attempts must be"},
    {"queues = ( { name = \"a\"; max_crashes = 0; } );\n", "max_crashes must be"},
    {"queues = ( { name = \"a\"; max_timeouts = 0; } );\n", "max_timeouts must be"},
    {"queues = ( { name = \"a\"; backoff = \"often\"; } );\n", "backoff wants a form"},
    {"queues = ( { name = \"a\"; sign_with = \"f\"; } );\n", "unknown key 'sign_with' in queues"},
    {"queues = ( { name = \"a\"; require_signed = 3; } );\n", "require_signed wants true or false"},
    {"handlers = ( { type = \"a\"; } );\n", "an entry of handlers needs the key 'run'"},
    {"handlers = ( { type = \"a\"; run = \"exec:b\"; timeout = \"x\"; } );\n",
     "timeout wants a time"},
    {"handlers = ( { type = \"a\"; run = \"exec:b\"; exit = 3; } );\n", "exit wants exit codes"},
    {"handlers = ( { type = \"a\"; run = \"exec:b\"; exit = \"999=dead\"; } );\n",
     "exit wants exit codes"},
    {"handlers = ( { type = \"a\"; run = \"exec:b\"; exit = \"3=maybe\"; } );\n",
     "exit wants exit codes"},
    {"handlers = ( { type = \"a\"; run = \"exec:b\"; exit = \"=dead\"; } );\n",
     "exit wants exit codes"},
    {"prefix = \"a b\";\n", "prefix must be 1 to 100 bytes"},
    {"handlers = ( { type = \"a\"; run = \"exec:b\"; umask = \"9\"; } );\n",
     "umask must be octal digits"},
    {"handlers = ( { type = \"a\"; run = \"exec:b\"; folder = \"x\"; } );\n",
     "folder must be an absolute path"},
    {"slots = ;\n", ":1: syntax error"},
};

START_TEST(a_wrong_file_is_refused_by_line_and_words)
{
	struct worker_settings s;
	struct error err = {0};
	ck_assert_int_eq(load(&worker_schema, &s, wrong[_i].text, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
	ck_assert_msg(strstr(err.text, wrong[_i].error) != NULL, "%s", err.text);
	settings_finish(&worker_schema, &s);
}
END_TEST

static char *shown(const struct settings_schema *schema, const void *settings)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	settings_show(schema, settings, f);
	fclose(f);
	return text;
}

START_TEST(what_is_shown_can_be_read_back)
{
	static const char text[] = "urls = [ \"amqp://u:secret@a/\", \"amqps://b:5671/v\" ]; "
	                           "password = \"hush\"; slots = 7; drain = \"1m\";\n"
	                           "queues = ( { name = \"mail\"; weight = 3; codec = \"raw\"; "
	                           "type = \"blob\"; max_attempts = 9;\n"
	                           "  max_crashes = 2; max_timeouts = 4; backoff = "
	                           "\"linear:5s..1m~0.5\"; }, { name = \"img\"; } );\n"
	                           "handlers = ( { type = \"img.*\"; run = \"exec:/bin/x 'a b'\"; "
	                           "timeout = \"1m\"; grace = \"1s\"; memory = "
	                           "\"1G\"; umask = \"077\"; children = 3; stdio = true;\n"
	                           "  exit = \"3=dead 4=ok\"; } );\n";
	struct worker_settings s, again;
	struct error err = {0};
	ck_assert_msg(load(&worker_schema, &s, text, &err) == 0 &&
	                  worker_schema.check(&s, &err) == 0,
	              "%s", err.text);
	ck_assert_uint_eq(s.connection.url_count, 2);
	ck_assert_int_eq(s.slots, 7);
	ck_assert_int_eq(s.drain_ms, 60000);
	ck_assert(s.queues[0].queue.raw && s.queues[0].queue.weight == 3 &&
	          s.queues[0].queue.retry.max_attempts == 9);
	ck_assert_int_eq(s.queues[0].queue.retry.base_ms, 5000);
	ck_assert_str_eq(s.handlers[0].run, "exec:/bin/x 'a b'");
	ck_assert_int_eq(s.handlers[0].exits[0].code, 3);
	cleanup_free char *first = shown(&worker_schema, &s);
	ck_assert_ptr_null(strstr(first, "secret"));
	ck_assert_ptr_null(strstr(first, "hush"));
	ck_assert_msg(load(&worker_schema, &again, first, &err) == 0, "%s", err.text);
	cleanup_free char *second = shown(&worker_schema, &again);
	ck_assert_str_eq(first, second);
	settings_finish(&worker_schema, &s);
	settings_finish(&worker_schema, &again);
}
END_TEST

static const struct {
	const struct settings_schema *schema;
	const char *text, *error;
} keys[] = {
    {&worker_schema, "queues = ( { name = \"a\"; signed_by = \"f\"; codec = \"raw\"; } );", NULL},
    {&worker_schema,
     "queues = ( { name = \"a\"; signed_by = \"f\"; open_with = \"g\"; require_sealed = false; } "
     ");",
     NULL},
    {&worker_schema, "queues = ( { name = \"a\"; open_with = \"f\"; codec = \"raw\"; } );",
     "queue 'a' has open_with and codec \"raw\""},
    {&producer_schema, "queues = ( { name = \"a\"; sign_with = \"f\"; seal_to = \"g\"; } );", NULL},
    {&producer_schema, "queues = ( { name = \"a\"; seal_to = \"f\"; codec = \"raw\"; } );",
     "queue 'a' has seal_to and codec \"raw\""},
};

START_TEST(keys_of_queues_are_checked)
{
	union settings s;
	struct error err = {0};
	const char *want = keys_supported() ? keys[_i].error : "was built without libsodium";
	ck_assert_int_eq(load(keys[_i].schema, &s, keys[_i].text, &err), 0);
	ck_assert_int_eq(keys[_i].schema->check(&s, &err), want ? -1 : 0);
	ck_assert_msg(!want || (err.kind == ERROR_CONFIG && strstr(err.text, want)), "%s",
	              err.text);
	settings_finish(keys[_i].schema, &s);
}
END_TEST

START_TEST(an_option_may_be_for_all_queues)
{
	struct worker_settings s;
	struct error err = {0};
	ck_assert_int_eq(
	    load(&worker_schema, &s,
	         "queues = ( { name = \"a\"; signed_by = \"f\"; }, { name = \"b\"; } );", &err),
	    0);
	ck_assert_int_eq(queues_set(&worker_schema, &s, "signed_by", "--signed-by", "g", &err), 0);
	ck_assert_str_eq(s.queues[0].signed_by, "g");
	ck_assert_str_eq(s.queues[1].signed_by, "g");
	ck_assert_int_eq(queues_set(&worker_schema, &s, "sign_with", "--sign-with", "g", &err), -1);
	ck_assert_int_eq(queues_set(&worker_schema, &s, "weight", "--weight", "many", &err), -1);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	settings_finish(&worker_schema, &s);
}
END_TEST

START_TEST(later_sources_win)
{
	struct producer_settings s;
	struct error err = {0};
	setenv("WARREN_WINDOW", "50", 1);
	setenv("AMQP_URL", "amqp://env/", 1);
	setenv("AMQP_PASSWORD", "from-env", 1);
	ck_assert_int_eq(load(&producer_schema, &s,
	                      "window = 10; urls = \"amqp://file/\"; routes = ( { type = \"a*\"; "
	                      "queue = \"q\"; } );",
	                      &err),
	                 0);
	ck_assert_int_eq(s.window, 50);
	ck_assert_str_eq(s.connection.urls[0], "amqp://env/");
	ck_assert_str_eq(s.connection.password, "from-env");
	ck_assert_int_eq(settings_set(&producer_schema, &s, "window", "--window", "60", &err), 0);
	ck_assert_int_eq(
	    settings_set(&producer_schema, &s, "urls", "--url", "amqp://x/,amqp://y/", &err), 0);
	ck_assert_uint_eq(s.connection.url_count, 2);
	ck_assert_int_eq(s.window, 60);
	ck_assert_int_eq(
	    settings_set(&producer_schema, &s, "log_level", "--log-level", "loud", &err), -1);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert_msg(strncmp(err.text, "--log-level must be one of", 26) == 0, "%s", err.text);
	ck_assert_int_eq(settings_set(&producer_schema, &s, "nothing", "--nothing", "no", &err),
	                 -1);
	cleanup_free char *text = shown(&producer_schema, &s);
	ck_assert_ptr_nonnull(strstr(text, "routes = ("));
	settings_finish(&producer_schema, &s);
	setenv("WARREN_WINDOW", "none", 1);
	ck_assert_int_eq(load(&producer_schema, &s, "", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "environment: WARREN_WINDOW wants a number"));
	settings_finish(&producer_schema, &s);
	unsetenv("WARREN_WINDOW");
	unsetenv("AMQP_URL");
	unsetenv("AMQP_PASSWORD");
	settings_init(&producer_schema, &s);
	ck_assert_int_eq(settings_load(&producer_schema, &s, "/no/such/file", &err), -1);
	ck_assert_int_eq(err.kind, ERROR_NOINPUT);
	settings_finish(&producer_schema, &s);
}
END_TEST

START_TEST(every_key_has_a_variable_and_a_common_one_wins)
{
	struct producer_settings s;
	struct error err = {0};
	setenv("WARREN_URLS", "amqp://ours/,amqp://second/", 1);
	setenv("WARREN_PASSWORD", "ours", 1);
	setenv("AMQP_URL", "", 1);
	ck_assert_int_eq(load(&producer_schema, &s, "urls = \"amqp://file/\";", &err), 0);
	ck_assert_uint_eq(s.connection.url_count, 2);
	ck_assert_str_eq(s.connection.urls[0], "amqp://ours/");
	ck_assert_str_eq(s.connection.password, "ours");
	settings_finish(&producer_schema, &s);
	setenv("AMQP_URL", "amqp://common/", 1);
	setenv("AMQP_PASSWORD", "common", 1);
	ck_assert_int_eq(load(&producer_schema, &s, "", &err), 0);
	ck_assert_str_eq(s.connection.urls[0], "amqp://common/");
	ck_assert_str_eq(s.connection.password, "common");
	settings_finish(&producer_schema, &s);
	unsetenv("WARREN_URLS");
	unsetenv("WARREN_PASSWORD");
	unsetenv("AMQP_URL");
	unsetenv("AMQP_PASSWORD");
}
END_TEST

/* ---- a program that is neither worker nor producer ---- */

struct gate_settings {
	struct connection_settings connection;
	int64_t port;
};

static const struct settings_key gate_keys[] = {
    {"port", SETTINGS_NUMBER, offsetof(struct gate_settings, port), .min = 1, .max = 65535},
};

static const struct settings_part gate_parts[] = {
    CONNECTION_PART(offsetof(struct gate_settings, connection)),
    SETTINGS_PART(gate_keys, 0),
};

static void gate_init(void *settings)
{
	(void)settings;
}

static int gate_check(void *settings, struct error *err)
{
	return connection_settings_check(&((struct gate_settings *)settings)->connection, err);
}

static const struct settings_schema gate_schema = {
    .program = "gate",
    .file = "gate",
    .size = sizeof(struct gate_settings),
    .connection = offsetof(struct gate_settings, connection),
    .table = {NULL, gate_parts, SETTINGS_COUNT(gate_parts)},
    .init = gate_init,
    .check = gate_check,
};

START_TEST(another_program_brings_only_its_schema)
{
	struct gate_settings s;
	struct error err = {0};
	ck_assert_int_eq(load(&gate_schema, &s, "urls = [ \"amqp://a/\" ];", &err), 0);
	ck_assert_int_eq(s.port, SETTINGS_UNSET);
	ck_assert_int_eq(settings_set(&gate_schema, &s, "port", "--port", "80", &err), 0);
	ck_assert_int_eq(s.port, 80);
	ck_assert_int_eq(gate_schema.check(&s, &err), 0);
	cleanup_free char *text = shown(&gate_schema, &s);
	ck_assert_msg(strncmp(text, "urls = [\"amqp://a/\"];\n", 22) == 0, "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "port = 80;\n"));
	settings_finish(&gate_schema, &s);
	ck_assert_int_eq(load(&gate_schema, &s, "prot = 1;", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "unknown key 'prot'; did you mean 'port'?"));
	settings_finish(&gate_schema, &s);
	ck_assert_int_eq(load(&gate_schema, &s, "slots = 1;", &err), -1);
	settings_finish(&gate_schema, &s);
}
END_TEST

START_TEST(a_password_file_others_can_read_is_refused)
{
	struct worker_settings s;
	struct error err = {0};
	settings_init(&worker_schema, &s);
	s.connection.password_file = xstrdup(write_file("word\n"));
	ck_assert_int_eq(worker_schema.check(&s, &err), 0);
	ck_assert_str_eq(s.connection.password, "word");
	chmod(path, 0644);
	ck_assert_int_eq(worker_schema.check(&s, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "chmod 600"));
	chmod(path, 0640); /* only root may share it with a group */
	ck_assert_int_eq(worker_schema.check(&s, &err), geteuid() == 0 ? 0 : -1);
	chmod(path, 0620);
	ck_assert_int_eq(worker_schema.check(&s, &err), -1);
	unlink(path);
	ck_assert_int_eq(worker_schema.check(&s, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
	settings_finish(&worker_schema, &s);
}
END_TEST

START_TEST(queues_and_handlers_of_the_command_line_come_first)
{
	struct worker_settings s;
	struct error err = {0};
	ck_assert_int_eq(
	    load(&worker_schema, &s,
	         "queues = ( { name = \"a\"; max_attempts = 2; }, { name = \"b\"; } ); "
	         "handlers = ( { type = \"f\"; run = \"exec:f\"; } );",
	         &err),
	    0);
	ck_assert_int_eq(queues_use(&worker_schema, &s, "a:4", true, &err), 0);
	ck_assert_int_eq(queues_use(&worker_schema, &s, "c", false, &err), 0);
	ck_assert_uint_eq(s.queue_count, 2);
	ck_assert(s.queues[0].queue.weight == 4 && s.queues[0].queue.retry.max_attempts == 2);
	ck_assert_int_eq(queues_use(&worker_schema, &s, "c:0", false, &err), -1);
	ck_assert_int_eq(queues_use(&worker_schema, &s, "c d", false, &err), -1);
	ck_assert_int_eq(worker_add_handler(&s, "x=exec:x", &err), 0);
	ck_assert_int_eq(worker_add_handler(&s, "y=exec:y=1", &err), 0);
	ck_assert_int_eq(worker_add_handler(&s, "nonsense", &err), -1);
	ck_assert_int_eq(worker_set_handler(&s, "memory=1M", &err), 0);
	ck_assert_int_eq(s.handlers[1].memory, 1 << 20);
	ck_assert_int_eq(worker_set_handler(&s, "umaks=077", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'umask'?"));
	ck_assert_int_eq(worker_set_handler(&s, "run=x", &err), -1);
	ck_assert_int_eq(worker_set_handler(&s, "files=many", &err), -1);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert_str_eq(s.handlers[0].type, "x");
	ck_assert_str_eq(s.handlers[1].run, "exec:y=1");
	ck_assert_str_eq(s.handlers[2].type, "f");
	settings_finish(&worker_schema, &s);
}
END_TEST

START_TEST(a_queue_configured_twice_is_refused)
{
	struct worker_settings s;
	struct error err = {0};
	ck_assert_int_eq(
	    load(&worker_schema, &s, "queues = ( { name = \"a\"; }, { name = \"a\"; } );", &err),
	    0);
	ck_assert_int_eq(worker_schema.check(&s, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "configured twice"));
	settings_finish(&worker_schema, &s);
	ck_assert_int_eq(load(&worker_schema, &s, "urls = \"\";", &err), 0);
	ck_assert_int_eq(worker_schema.check(&s, &err), -1);
	settings_finish(&worker_schema, &s);
}
END_TEST

static char *config_text(const char *name)
{
	cleanup_free char *file = xprintf("%s/%s", CONFIG_DIR, name);
	struct buf b = {0};
	char line[512];
	FILE *f = fopen(file, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		buf_append_text(&b, line);
	fclose(f);
	return buf_steal(&b, NULL);
}

/* Returns the lines "#key = value;" without the '#'. */
static char *uncommented(const char *text)
{
	struct buf b = {0};
	for (const char *at = text; *at; at = strchr(at, '\n') + 1)
		if (at[0] == '#' && at[1] >= 'a' && at[1] <= 'z')
			buf_append(&b, at + 1, (size_t)(strchr(at, '\n') - at));
	return buf_steal(&b, NULL);
}

static const struct {
	const char *file;
	const struct settings_schema *schema;
} shipped[] = {{"worker.cfg", &worker_schema}, {"producer.cfg", &producer_schema}};

START_TEST(the_shipped_config_shows_every_key_at_its_default)
{
	union settings standard, read;
	const struct settings_schema *schema = shipped[_i].schema;
	struct error err = {0};
	cleanup_free char *text = config_text(shipped[_i].file);
	cleanup_free char *active = uncommented(text);
	settings_init(schema, &standard);
	ck_assert_msg(load(schema, &read, active, &err) == 0, "%s", err.text);
	if (schema == &worker_schema) { /* these differ by machine */
		free(read.worker.connection.name);
		read.worker.connection.name = xstrdup(standard.worker.connection.name);
		read.worker.slots = standard.worker.slots;
	}
	cleanup_free char *want = shown(schema, &standard);
	cleanup_free char *have = shown(schema, &read);
	ck_assert_str_eq(want, have);
	for (const char *at = want; *at; at = strchr(at, '\n') + 1) {
		if (strchr(" )", *at))
			continue;
		cleanup_free char *key = xprintf("\n#%.*s = ", (int)strcspn(at, " "), at);
		ck_assert_msg(strstr(text, key) != NULL, "%s lacks%s", shipped[_i].file, key);
	}
	settings_finish(schema, &standard);
	settings_finish(schema, &read);
}
END_TEST

/* ---- options ---- */

static int nothing(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static const struct option_spec specs[] = {{"queue", 'q', "NAME", "a queue"},
                                           {"delay", 0, "TIME", "later"},
                                           {"wait", 0, "[=TIME]", "wait"},
                                           {"yes", 'y', NULL, "yes"},
                                           {0}};
static const struct command_spec command = {"try",          "try THING", "tries",
                                            "  try this\n", specs,       nothing};

START_TEST(options_and_arguments_mix_until_two_dashes)
{
	char *argv[] = {(char *)"try",        (char *)"a",  (char *)"-q",     (char *)"x",
	                (char *)"--delay=3s", (char *)"b",  (char *)"--wait", (char *)"-y",
	                (char *)"--",         (char *)"-c", (char *)"d",      NULL};
	struct options o;
	struct error err = {0};
	ck_assert_int_eq(options_parse(&o, &command, 11, argv, &err), 0);
	ck_assert_uint_eq(o.argument_count, 4);
	ck_assert_uint_eq(o.after_dashes, 2);
	ck_assert_str_eq(o.arguments[0], "a");
	ck_assert_str_eq(o.arguments[2], "-c");
	ck_assert_str_eq(options_get(&o, "queue"), "x");
	ck_assert_str_eq(options_get(&o, "delay"), "3s");
	ck_assert_str_eq(options_get(&o, "wait"), "");
	ck_assert(options_has(&o, "yes") && !options_has(&o, "config"));
	options_finish(&o);
}
END_TEST

static const struct {
	const char *word, *error;
} misuse[] = {{"--dealy", "did you mean --delay?"},
              {"--delay", "wants a value"},
              {"-Z", "unknown option -Z"},
              {"--yes=1", "yes"}};

START_TEST(misuse_is_told_with_a_hint)
{
	char *argv[] = {(char *)"try", (char *)misuse[_i].word, NULL};
	struct options o;
	struct error err = {0};
	ck_assert_int_eq(options_parse(&o, &command, 2, argv, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert_msg(strstr(err.text, misuse[_i].error) != NULL, "%s", err.text);
}
END_TEST

static int begin(const char *word, const char *value)
{
	char *argv[] = {(char *)"try", (char *)word, (char *)value, NULL};
	struct options o;
	struct producer_settings s;
	int code = -1;
	if (options_begin(&producer_schema, &command, value ? 3 : 2, argv, &o, &s, &code))
		return code;
	settings_finish(&producer_schema, &s);
	options_finish(&o);
	return -1;
}

static bool is_key(const char *name)
{
	const struct producer_settings none = {0};
	return settings_find(&producer_schema.table, &none, name).key;
}

static void check_options(const struct option_spec *table)
{
	for (; table && table->name; table++) {
		cleanup_free char *alike = xstrdup(table->name);
		for (char *c = alike; *c; c++)
			*c = *c == '-' ? '_' : *c;
		ck_assert_msg(!table->setting || is_key(table->setting),
		              "--%s sets '%s', which is no key", table->name, table->setting);
		ck_assert_msg(table->setting || !is_key(alike),
		              "--%s is called like a key, and does not set it", table->name);
	}
}

START_TEST(an_option_that_is_called_like_a_key_sets_it)
{
	const struct command_spec *const commands[] = {
	    &setup_command, &send_command, &batch_command, &dead_command,
	    &queue_command, &keys_command, &ping_command};
	check_options(options_common);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): the number of pointers is meant */
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		check_options(commands[i]->options);
}
END_TEST

START_TEST(the_common_options_are_answered_for_every_command)
{
	ck_assert(freopen("/dev/null", "w", stdout) != NULL);
	ck_assert_int_eq(begin("--help", NULL), 0);
	ck_assert_int_eq(begin("--version", NULL), 0);
	ck_assert_int_eq(begin("--show-config", NULL), 0);
	ck_assert_int_eq(begin("--nonsense", NULL), ERROR_USAGE);
	ck_assert_int_eq(begin("--log-level", "loud"), ERROR_USAGE);
	ck_assert_int_eq(begin("--config", "/no/such"), ERROR_NOINPUT);
	ck_assert_int_eq(begin("--log-format", "json"), -1);
	const struct command_spec all[] = {command, {0}};
	options_overview("prog", "does things", all);
	static const char *const names[] = {"send", "batch"};
	ck_assert_str_eq(options_nearest("sned", names, 2), "send");
	ck_assert_ptr_null(nearest_name("anything", names, 2));
	ck_assert_ptr_null(
	    nearest_name("a-word-that-is-far-longer-than-forty-characters-are", names, 2));
}
END_TEST

static Suite *settings_suite(void)
{
	Suite *s = suite_create("settings");
	TCase *c = tcase_create("settings");
	tcase_add_loop_test(c, a_wrong_file_is_refused_by_line_and_words, 0,
	                    (int)(sizeof wrong / sizeof *wrong));
	tcase_add_test(c, what_is_shown_can_be_read_back);
	tcase_add_test(c, later_sources_win);
	tcase_add_test(c, every_key_has_a_variable_and_a_common_one_wins);
	tcase_add_test(c, another_program_brings_only_its_schema);
	tcase_add_test(c, an_option_that_is_called_like_a_key_sets_it);
	tcase_add_test(c, a_password_file_others_can_read_is_refused);
	tcase_add_test(c, queues_and_handlers_of_the_command_line_come_first);
	tcase_add_test(c, a_queue_configured_twice_is_refused);
	tcase_add_loop_test(c, keys_of_queues_are_checked, 0, (int)(sizeof keys / sizeof *keys));
	tcase_add_test(c, an_option_may_be_for_all_queues);
	tcase_add_loop_test(c, the_shipped_config_shows_every_key_at_its_default, 0, 2);
	tcase_add_test(c, options_and_arguments_mix_until_two_dashes);
	tcase_add_loop_test(c, misuse_is_told_with_a_hint, 0,
	                    (int)(sizeof misuse / sizeof *misuse));
	tcase_add_test(c, the_common_options_are_answered_for_every_command);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	unsetenv("AMQP_URL");
	unsetenv("WARREN_CONFIG");
	SRunner *r = srunner_create(settings_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
