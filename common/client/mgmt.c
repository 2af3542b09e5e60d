/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/mgmt.h"

#include <stdlib.h>
#include <string.h>

#include "common/amqp/broker.h"
#include "common/http/curl.h"
#include "common/base/memory.h"

enum { TIMEOUT_S = 20, ANSWER_MAX = 64 * 1024 * 1024 };

struct mgmt {
	CURL *curl;
	char *base;      /* without user, password and trailing slash */
	char *vhost;     /* percent-encoded */
	char shown[256]; /* for messages */
	char why[CURL_ERROR_SIZE];
};

static size_t on_data(char *data, size_t size, size_t count, void *to)
{
	struct buf *b = to;
	if (b->len + size * count > ANSWER_MAX)
		return 0;
	return buf_append(b, data, size * count) ? size * count : 0;
}

/* Returns the path of an AMQP URL, still percent-encoded, or "%2F" if it has none. */
static char *vhost_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *slash = host ? strchr(host + 3, '/') : NULL;
	return xstrdup(slash && slash[1] ? slash + 1 : "%2F");
}

/* Returns the credentials of a URL as "user:password", percent-decoded, or NULL if it has none. */
static char *credentials_of(CURL *curl, const char *url)
{
	const char *host = strstr(url, "://");
	const char *at = host ? strrchr(host, '@') : NULL;
	if (!at)
		return NULL;
	cleanup_free char *encoded = xmemdup(host + 3, (size_t)(at - host - 3));
	char *decoded = curl_easy_unescape(curl, encoded, 0, NULL);
	char *copy = xstrdup(decoded);
	curl_free(decoded);
	return copy;
}

static void set_credentials(struct mgmt *m, const struct connection_settings *c, const char *url)
{
	cleanup_free char *own = credentials_of(m->curl, url);
	cleanup_free char *amqp = credentials_of(m->curl, c->urls[0]);
	cleanup_free char *given =
	    c->user || c->password
	        ? xprintf("%s:%s", c->user ? c->user : "guest", c->password ? c->password : "guest")
	        : NULL;
	curl_easy_setopt(m->curl, CURLOPT_USERPWD,
	                 own && strchr(own, ':') ? own
	                 : given                 ? given
	                 : amqp                  ? amqp
	                                         : "guest:guest");
}

/* Uses the TLS settings of AMQP. curl verifies the peer by default. */
static void set_tls(struct mgmt *m, const struct connection_settings *c)
{
	curl_easy_setopt(m->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->tls_ca)
		curl_easy_setopt(m->curl, CURLOPT_CAINFO, c->tls_ca);
	if (!c->tls_cert)
		return;
	curl_easy_setopt(m->curl, CURLOPT_SSLCERT, c->tls_cert);
	curl_easy_setopt(m->curl, CURLOPT_SSLKEY, c->tls_key ? c->tls_key : c->tls_cert);
	curl_easy_setopt(m->curl, CURLOPT_KEYPASSWD,
	                 ""); /* or a locked key would be asked for on the terminal */
}

struct mgmt *mgmt_open(const struct connection_settings *c, const char *url, struct error *err)
{
	const char *scheme_end = strstr(url, "://");
	if (!scheme_end || strncmp(url, "http", 4) != 0) {
		error_set(err, ERROR_USAGE,
		          "--mgmt-url wants a form such as http://localhost:15672");
		return NULL;
	}
	if (curl_load(err) < 0)
		return NULL;
	struct mgmt *m = xcalloc(1, sizeof *m);
	m->curl = curl_easy_init();
	broker_redact_url(url, m->shown, sizeof m->shown);
	m->base = xstrdup(m->shown);
	if (*m->base && m->base[strlen(m->base) - 1] == '/')
		m->base[strlen(m->base) - 1] = 0;
	m->vhost = vhost_of(c->urls[0]);
	curl_easy_setopt(m->curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(m->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(m->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(m->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(m->curl, CURLOPT_ERRORBUFFER, m->why);
	set_tls(m, c);
	set_credentials(m, c, url);
	return m;
}

void mgmt_close(struct mgmt *m)
{
	if (!m)
		return;
	curl_easy_cleanup(m->curl);
	free(m->base);
	free(m->vhost);
	free(m);
}

static json_t *read_answer(const struct mgmt *m, const struct buf *answer, struct error *err)
{
	long status = 0;
	curl_easy_getinfo(m->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 401 || status == 403) {
		error_set(err, ERROR_AUTH, "management API %s: access refused (HTTP status %ld)",
		          m->shown, status);
		return NULL;
	}
	json_t *value = status == 200
	                    ? json_loadb(answer->data ? answer->data : "", answer->len, 0, NULL)
	                    : NULL;
	if (json_is_array(value))
		return value;
	json_decref(value);
	error_set(err, ERROR_UNAVAILABLE,
	          "management API %s: the answer is not a list (HTTP status %ld)", m->shown,
	          status);
	return NULL;
}

static enum error_kind kind_of(CURLcode rc)
{
	switch (rc) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return ERROR_AUTH;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return ERROR_CONFIG;
	default:
		return ERROR_UNAVAILABLE;
	}
}

json_t *mgmt_list(struct mgmt *m, const char *kind, struct error *err)
{
	struct buf answer = {0};
	cleanup_free char *url = xprintf("%s/api/%s/%s", m->base, kind, m->vhost);
	curl_easy_setopt(m->curl, CURLOPT_URL, url);
	curl_easy_setopt(m->curl, CURLOPT_WRITEDATA, &answer);
	CURLcode rc = curl_easy_perform(m->curl);
	json_t *value = NULL;
	if (rc == CURLE_OK)
		value = read_answer(m, &answer, err);
	else
		error_set(err, kind_of(rc), "management API %s: %s", m->shown,
		          *m->why ? m->why : curl_easy_strerror(rc));
	buf_finish(&answer);
	return value;
}
