/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/http_status.h"

enum verdict http_status_verdict(long status)
{
	if (status >= 200 && status <= 299)
		return VERDICT_OK;
	switch (status) {
	case 400:
	case 410:
	case 413:
	case 415:
	case 422:
		return VERDICT_DEAD;
	default:
		return VERDICT_RETRY; /* 408, 425, 429 and 5xx by name, any other by rule */
	}
}

enum verdict http_failure_verdict(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return VERDICT_UNRUNNABLE;
	default:
		return VERDICT_RETRY;
	}
}

bool http_header_safe(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}
