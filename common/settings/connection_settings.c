/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/connection_settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/base/secret_file.h"
#include "common/job/job.h"
#include "common/job/topology.h"

/* ---- urls ---- */

static void clear_urls(void *object)
{
	struct connection_settings *c = object;
	for (size_t i = 0; i < c->url_count; i++)
		free(c->urls[i]);
	free(steal_ptr(c->urls));
	c->url_count = 0;
}

static bool read_urls(void *object, const char *text)
{
	struct connection_settings *c = object;
	cleanup_free char *copy = xstrdup(text);
	char *rest = NULL;
	clear_urls(c);
	for (char *url = strtok_r(copy, ", ", &rest); url; url = strtok_r(NULL, ", ", &rest)) {
		c->urls = xrealloc(c->urls, c->url_count + 1, sizeof *c->urls);
		c->urls[c->url_count++] = xstrdup(url);
	}
	return true;
}

static void show_url(FILE *out, const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	const char *at = strrchr(host, '@');
	cleanup_free char *shown = xprintf("%.*s%s", (int)(host - url), url, at ? at + 1 : host);
	settings_print_text(shown, out);
}

static void show_urls(const void *object, FILE *out)
{
	const struct connection_settings *c = object;
	fputc('[', out);
	for (size_t i = 0; i < c->url_count; i++) {
		fputs(i ? ", " : "", out);
		show_url(out, c->urls[i]);
	}
	fputc(']', out);
}

/* ---- the keys ---- */

static bool valid_prefix(const char *text)
{
	return queue_name_valid(span_of(text));
}

enum { SECOND = 1000, MINUTE = 60 * SECOND };

#define AT(field) offsetof(struct connection_settings, field)
const struct settings_key connection_keys[CONNECTION_KEYS] = {
    {"urls", SETTINGS_OWN, 0, .standard = "amqp://guest@localhost:5672/", .variable = "AMQP_URL",
     .list = true, .form = "URLs", .read = read_urls, .show = show_urls, .clear = clear_urls},
    {"user", SETTINGS_TEXT, AT(user)},
    {"password", SETTINGS_SECRET, AT(password), .variable = "AMQP_PASSWORD"},
    {"password_file", SETTINGS_TEXT, AT(password_file)},
    {"prefix", SETTINGS_TEXT, AT(prefix), .standard = TOPOLOGY_PREFIX_DEFAULT,
     .valid = valid_prefix, .form = QUEUE_NAME_FORM},
    {"heartbeat", SETTINGS_TIME, AT(heartbeat_ms), .standard = "30s", .min = 2 * SECOND,
     .max = 10 * MINUTE},
    {"connect_timeout", SETTINGS_TIME, AT(connect_timeout_ms), .standard = "5s", .min = 100,
     .max = 5 * MINUTE},
    {"tls_ca", SETTINGS_TEXT, AT(tls_ca)},
    {"tls_cert", SETTINGS_TEXT, AT(tls_cert)},
    {"tls_key", SETTINGS_TEXT, AT(tls_key)},
    {"sasl_external", SETTINGS_BOOL, AT(sasl_external), .standard = "false"},
};

const struct settings_key general_keys[GENERAL_KEYS] = {
    {"log_level", SETTINGS_CHOICE, AT(log_level), .standard = "info",
     .choices = "debug info warn error nothing"},
    {"log_format", SETTINGS_CHOICE, AT(log_format), .standard = "text", .choices = "text json"},
    {"log_file", SETTINGS_TEXT, AT(log_file)},
    {"max_body", SETTINGS_SIZE, AT(max_body), .standard = "1M", .min = 1024, .max = 128 << 20},
};

/* ---- what programs do with them ---- */

void connection_settings_name(struct connection_settings *c, const char *before)
{
	char host[256] = "localhost";
	gethostname(host, sizeof host - 1);
	free(c->name);
	c->name = xprintf("%s%s:%d", before, host, (int)getpid());
}

static int read_password_file(struct connection_settings *c, struct error *err)
{
	cleanup_close int fd =
	    secret_file_open("password_file", c->password_file, SECRET_CLOSED, err);
	char text[1024];
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, sizeof text - 1);
	if (n <= 0 || n == sizeof text - 1)
		return error_set(err, ERROR_CONFIG, "password_file '%s' is empty or too long",
		                 c->password_file);
	text[n] = 0;
	text[strcspn(text, "\r\n")] = 0;
	free(c->password);
	c->password = xstrdup(text);
	explicit_bzero(text, sizeof text);
	return 0;
}

int connection_settings_check(struct connection_settings *c, struct error *err)
{
	if (c->url_count == 0)
		return error_set(err, ERROR_CONFIG, "urls holds no broker URL");
	return c->password_file ? read_password_file(c, err) : 0;
}

int connection_settings_log(const struct connection_settings *c, struct error *err)
{
	enum log_level level = LOG_INFO;
	log_level_from_name(c->log_level, &level);
	log_configure(level, strcmp(c->log_format, "json") == 0 ? LOG_JSON : LOG_TEXT);
	return c->log_file ? log_open(c->log_file, err) : 0;
}
