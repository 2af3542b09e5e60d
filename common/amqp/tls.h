/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of one connection to a broker: what is trusted, who we are, and, when it fails, why. Works on
 * an SSL_CTX of the AMQP library, knows nothing of AMQP, and keeps nothing beyond one connection,
 * so that each one reads the files anew.
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/base/error.h"

struct tls_options {
	const char *ca;   /* PEM file; NULL: the system's */
	const char *cert; /* client certificate, PEM, with its chain; NULL: none */
	const char *key;  /* PEM; NULL: in cert's file */
	bool insecure;    /* do not verify the peer; for tests only */
};

/* What one handshake showed. At a fixed place as long as the SSL_CTX lives. */
struct tls {
	struct tls_options options; /* borrowed */
	const char *host;           /* borrowed */
	bool host_is_address;       /* no name that a server could be asked for */
	int verify_error;           /* X509_V_...: why the peer's certificate was refused */
	int alert;                  /* the last one that the peer has sent; 0: none */
	char certificate[500];      /* about the one that was refused */
	char expired[64];           /* when our own certificate has, else "" */
	bool asked_passphrase;
	bool certificate_wanted; /* by the peer */
};

/*
 * TLS 1.2 or later; trust, the name (or IP address) host that the peer must prove, our certificate
 * and key. Nobody is asked for a passphrase. -1: ERROR_CONFIG, and the text names the setting and
 * the way out.
 */
int tls_prepare(struct tls *t, SSL_CTX *ctx, struct tls_options o, const char *host,
                struct error *err);

/*
 * After a connection failed on the thread that made it: puts the reason into err, when TLS knows
 * one, and its kind. ERROR_AUTH: one side refuses the other's certificate. ERROR_CONFIG: no TLS
 * there, or none that is new enough. cut_off: the peer ended it before its first word. Over TLS 1.3
 * a client's certificate is judged after the handshake, and the alert that says why is often lost
 * when the connection is reset.
 */
void tls_explain(const struct tls *t, bool cut_off, struct error *err);
