/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/base/secret_file.h"

/* ---- certificates in words; what is in them is the peer's, so it is escaped ---- */

enum { ESCAPED = ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB };

/* Moves what was written to bio into out. */
static void take_text(BIO *bio, char *out, size_t size)
{
	int n = BIO_read(bio, out, (int)size - 1);
	out[n > 0 ? n : 0] = 0;
	BIO_free(bio);
}

static void write_names(const X509 *cert, BIO *to)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	const char *between = "";
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			continue;
		BIO_puts(to, between);
		if (name->type == GEN_DNS)
			ASN1_STRING_print_ex(to, name->d.dNSName, ESCAPED);
		else
			GENERAL_NAME_print(to, name);
		between = ", ";
	}
	if (!*between)
		X509_NAME_print_ex(to, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
	GENERAL_NAMES_free(names);
}

static void describe_refused(const X509 *cert, int reason, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (reason == X509_V_ERR_HOSTNAME_MISMATCH || reason == X509_V_ERR_IP_ADDRESS_MISMATCH) {
		write_names(cert, bio);
	} else {
		X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
		if (reason == X509_V_ERR_CERT_HAS_EXPIRED) {
			BIO_puts(bio, ", valid until ");
			ASN1_TIME_print(bio, X509_get0_notAfter(cert));
		}
	}
	take_text(bio, out, size);
}

static void note_expiry(const X509 *cert, char *out, size_t size)
{
	*out = 0;
	if (!cert || X509_cmp_current_time(X509_get0_notAfter(cert)) >= 0)
		return;
	BIO *bio = BIO_new(BIO_s_mem());
	ASN1_TIME_print(bio, X509_get0_notAfter(cert));
	take_text(bio, out, size);
}

/* ---- what a handshake shows ---- */

static int on_verify(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const X509 *cert = X509_STORE_CTX_get_current_cert(store);
	if (ok || t->verify_error != X509_V_OK)
		return ok;
	t->verify_error = X509_STORE_CTX_get_error(store);
	if (cert)
		describe_refused(cert, t->verify_error, t->certificate, sizeof t->certificate);
	return 0;
}

/*
 * The AMQP library connects to a numeric address and would name that to the server, so the name is
 * set here. Alerts come during the handshake, and over TLS 1.3 also at the first read after it.
 */
static void on_info(const SSL *ssl, int where, int value)
{
	struct tls *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const char *name = t->host_is_address ? NULL : t->host;
	if (where == SSL_CB_HANDSHAKE_START)
		SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, name);
	if (where == SSL_CB_READ_ALERT && (value & 0xff) != SSL_AD_CLOSE_NOTIFY)
		t->alert = value & 0xff;
}

static int on_certificate_request(SSL *ssl, void *data)
{
	struct tls *t = data;
	(void)ssl;
	t->certificate_wanted = true;
	return 1;
}

static int on_passphrase(char *out, int size, int writing, void *data)
{
	struct tls *t = data;
	(void)out;
	(void)size;
	(void)writing;
	t->asked_passphrase = true;
	return -1;
}

/* ---- preparing ---- */

/* Returns the first of OpenSSL's reasons, because those behind it are more and more general. */
static const char *library_words(void)
{
	const char *words = ERR_reason_error_string(ERR_peek_error());
	return words ? words : "no reason given";
}

static int check_readable(const char *what, const char *path, struct error *err)
{
	if (access(path, R_OK) == 0)
		return 0;
	return error_set_errno(err, ERROR_CONFIG, errno, "%s '%.300s'", what, path);
}

static int trust(SSL_CTX *ctx, const char *ca, struct error *err)
{
	if (!ca) {
		SSL_CTX_set_default_verify_paths(ctx);
		return 0;
	}
	if (check_readable("tls_ca", ca, err) < 0)
		return -1;
	if (SSL_CTX_load_verify_file(ctx, ca) == 1)
		return 0;
	return error_set(err, ERROR_CONFIG,
	                 "tls_ca '%.300s' holds no certificates in PEM form (%s)", ca,
	                 library_words());
}

static int explain_key(const struct tls *t, const char *key, struct error *err)
{
	if (t->asked_passphrase)
		return error_set(err, ERROR_CONFIG,
		                 "the key '%.200s' is locked by a passphrase, and nobody is there "
		                 "to type it; unlock "
		                 "it with: openssl pkey -in '%.200s' -out NEW.key",
		                 key, key);
	if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
		return error_set(err, ERROR_CONFIG,
		                 "the key '%.200s' is not the one of tls_cert '%.200s'", key,
		                 t->options.cert);
	return error_set(err, ERROR_CONFIG, "%s '%.300s' holds no private key in PEM form (%s)%s",
	                 t->options.key ? "tls_key" : "tls_cert", key, library_words(),
	                 t->options.key ? "" : "; set tls_key");
}

static int load_key(const struct tls *t, SSL_CTX *ctx, struct error *err)
{
	const char *what = t->options.key ? "tls_key" : "tls_cert";
	const char *key = t->options.key ? t->options.key : t->options.cert;
	if (check_readable(what, key, err) < 0)
		return -1;
	ERR_clear_error();
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return explain_key(t, key, err);
	cleanup_close int fd = secret_file_open(what, key, SECRET_CLOSED, err);
	return fd < 0 ? -1 : 0;
}

static int identify(struct tls *t, SSL_CTX *ctx, struct error *err)
{
	const char *cert = t->options.cert;
	if (!cert)
		return t->options.key
		           ? error_set(err, ERROR_CONFIG, "tls_key is set, but tls_cert is not")
		           : 0;
	if (check_readable("tls_cert", cert, err) < 0)
		return -1;
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return error_set(err, ERROR_CONFIG,
		                 "tls_cert '%.300s' holds no certificate in PEM form (%s)", cert,
		                 library_words());
	note_expiry(SSL_CTX_get0_certificate(ctx), t->expired, sizeof t->expired);
	return load_key(t, ctx, err);
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/*
 * An empty name would match every certificate. The CN of a certificate does not count, because a
 * client certificate of the same CA has its user there.
 */
static int expect_name(const struct tls *t, SSL_CTX *ctx, struct error *err)
{
	X509_VERIFY_PARAM *p = SSL_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	                                       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	bool ok =
	    *t->host && (t->host_is_address ? X509_VERIFY_PARAM_set1_ip_asc(p, t->host)
	                                    : X509_VERIFY_PARAM_set1_host(p, t->host, 0)) == 1;
	return ok ? 0
	          : error_set(err, ERROR_CONFIG,
	                      "the URL's host '%.100s' is no name that can be verified", t->host);
}

int tls_prepare(struct tls *t, SSL_CTX *ctx, struct tls_options o, const char *host,
                struct error *err)
{
	*t = (struct tls){.options = o,
	                  .host = host,
	                  .host_is_address = is_address(host),
	                  .verify_error = X509_V_OK};
	ERR_clear_error();
	SSL_CTX_set_app_data(ctx, t);
	SSL_CTX_set_info_callback(ctx, on_info);
	SSL_CTX_set_cert_cb(ctx, on_certificate_request, t);
	SSL_CTX_set_default_passwd_cb(ctx, on_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, t);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	if (trust(ctx, o.ca, err) < 0 || identify(t, ctx, err) < 0)
		return -1;
	if (!o.insecure) {
		if (expect_name(t, ctx, err) < 0)
			return -1;
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	}
	ERR_clear_error();
	return 0;
}

/* ---- explaining ---- */

static void explain_name(const struct tls *t, struct error *err)
{
	error_set(err, ERROR_AUTH,
	          "the broker's certificate is not for '%.100s' but for %s; the URL must have a "
	          "name of the certificate",
	          t->host, t->certificate);
}

static void explain_trust(const struct tls *t, const char *words, struct error *err)
{
	if (t->options.ca)
		error_set(err, ERROR_AUTH,
		          "the broker's certificate (%s) is not trusted: %s; the CA that signed it "
		          "is not in tls_ca "
		          "'%.200s'",
		          t->certificate, words, t->options.ca);
	else
		error_set(err, ERROR_AUTH,
		          "the broker's certificate (%s) is not trusted: %s; the CA that signed it "
		          "is none of the "
		          "system's: set tls_ca",
		          t->certificate, words);
}

static void explain_refusal(const struct tls *t, struct error *err)
{
	const char *words = X509_verify_cert_error_string(t->verify_error);
	switch (t->verify_error) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		explain_name(t, err);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		explain_trust(t, words, err);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		error_set(err, ERROR_AUTH,
		          "the broker's certificate (%s) is refused: %s; renew it on the broker, "
		          "or set this clock",
		          t->certificate, words);
		break;
	default:
		error_set(err, ERROR_AUTH, "the broker's certificate (%s) is refused: %s",
		          t->certificate, words);
	}
}

/* OpenSSL 3.0 has no words for the newer alerts. */
static const char *alert_words(int alert)
{
	switch (alert) {
	case SSL_AD_UNKNOWN_CA:
		return "it does not know the CA that signed it";
	case SSL_AD_CERTIFICATE_REQUIRED:
		return "certificate required";
	default:
		return SSL_alert_desc_string_long(alert);
	}
}

static void explain_our_refusal(const struct tls *t, const char *words, struct error *err)
{
	if (!t->options.cert)
		error_set(err, ERROR_AUTH,
		          "the broker wants a client certificate (%s): set tls_cert and tls_key",
		          words);
	else if (*t->expired)
		error_set(err, ERROR_AUTH,
		          "the broker refused tls_cert '%.300s' (%s): it expired %s",
		          t->options.cert, words, t->expired);
	else
		error_set(err, ERROR_AUTH, "the broker refused tls_cert '%.300s': %s",
		          t->options.cert, words);
}

static void explain_age(struct error *err)
{
	error_set(err, ERROR_CONFIG,
	          "the broker offers no TLS 1.2 or later, and nothing older is spoken here");
}

static void explain_alert(const struct tls *t, struct error *err)
{
	switch (t->alert) {
	/* TLS 1.2 sends this where 1.3 says that a certificate is required */
	case SSL_AD_HANDSHAKE_FAILURE:
		if (t->options.cert && !*t->expired)
			break;
		explain_our_refusal(t, alert_words(t->alert), err);
		return;
	case SSL_AD_CERTIFICATE_REQUIRED:
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
		explain_our_refusal(t, alert_words(t->alert), err);
		return;
	case SSL_AD_PROTOCOL_VERSION:
		explain_age(err);
		return;
	default:
		break;
	}
	error_set(err, ERROR_UNAVAILABLE, "the broker ended the TLS handshake: %s",
	          alert_words(t->alert));
}

static void explain_library(struct error *err)
{
	unsigned long code = ERR_peek_last_error();
	if (ERR_GET_LIB(code) != ERR_LIB_SSL)
		return;
	switch (ERR_GET_REASON(code)) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
		error_set(err, ERROR_CONFIG,
		          "what answers there is not TLS: amqps:// wants the TLS port (often "
		          "5671), amqp:// the other");
		break;
	case SSL_R_UNSUPPORTED_PROTOCOL:
		explain_age(err);
		break;
	default:
		error_wrap(err, "TLS: %s", library_words());
	}
}

void tls_explain(const struct tls *t, bool cut_off, struct error *err)
{
	if (!err)
		return;
	if (t->verify_error != X509_V_OK)
		explain_refusal(t, err);
	else if (t->alert)
		explain_alert(t, err);
	else if (cut_off && t->certificate_wanted)
		explain_our_refusal(t, "it ended the connection without a word", err);
	else
		explain_library(err);
	ERR_clear_error();
}
