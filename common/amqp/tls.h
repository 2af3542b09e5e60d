/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets up TLS for one connection to a broker, and explains why it failed. Works on an SSL_CTX of
 * the AMQP library and knows nothing of AMQP. Each connection reads the certificate files again.
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/base/error.h"

struct tls_options {
	const char *ca;   /* PEM file; NULL means the system's certificates */
	const char *cert; /* client certificate, PEM, with its chain; NULL for none */
	const char *key;  /* PEM; NULL if it is in cert's file */
	bool insecure;    /* do not verify the peer; for tests only */
};

/* The findings of one handshake. The struct must not move while the SSL_CTX lives. */
struct tls {
	struct tls_options options; /* borrowed */
	const char *host;           /* borrowed */
	bool host_is_address;       /* an address is not sent as the server's name */
	int verify_error;           /* why the peer's certificate was refused (X509_V_...) */
	int alert;                  /* the last one that the peer has sent, or 0 */
	char certificate[500];      /* about the one that was refused */
	char expired[64];           /* when our own certificate expired, else "" */
	bool asked_passphrase;
	bool certificate_wanted; /* the peer asked for a certificate of ours */
};

/*
 * Prepares ctx: TLS 1.2 or later, the certificates to trust, the name or IP address (host) that the
 * peer must prove, and our certificate and key. A key with a passphrase is refused, because nobody
 * is there to type it. t borrows host and the texts of o. Returns -1 with ERROR_CONFIG if a file
 * cannot be used, and the text names the setting and the way out.
 */
int tls_prepare(struct tls *t, SSL_CTX *ctx, struct tls_options o, const char *host,
                struct error *err);

/*
 * Puts the reason of a failed connection and its kind into err, if TLS knows one. Call it on the
 * thread that made the connection. The kind is ERROR_AUTH if one side refuses the other's
 * certificate, and ERROR_CONFIG if there is no TLS or only too old a version. cut_off says that the
 * peer closed before it sent anything. With TLS 1.3 the peer judges our certificate after the
 * handshake, and the alert that says why is often lost when the connection is reset.
 */
void tls_explain(const struct tls *t, bool cut_off, struct error *err);
