#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/certificates.sh DIR
#
# Makes the certificates of the TLS tests in DIR, each with its key beside it (NAME.pem, NAME.key).
set -eu
mkdir -p "$1"
cd "$1"
umask 077

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

# self_signed NAME SUBJECT OPTION...
self_signed() {
	name=$1 subject=$2
	shift 2
	key "$name"
	openssl req -x509 -new -key "$name.key" -subj "$subject" -days 30 -out "$name.pem" "$@"
}

# signed NAME CA SUBJECT EXTENSION DAYS
signed() {
	key "$1"
	openssl req -new -key "$1.key" -subj "$3" -addext "$4" -out "$1.csr"
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial \
		-copy_extensions copy -days "$5" -out "$1.pem"
}

here=subjectAltName=DNS:localhost,IP:127.0.0.1
client=extendedKeyUsage=clientAuth

exec 2>log
self_signed ca '/CN=test CA'
self_signed other-ca '/CN=another CA'
signed server ca /CN=localhost "$here" 10
signed server-other-name ca /CN=x subjectAltName=DNS:broker.example,DNS:two.example 10
signed server-no-name ca /CN=localhost subjectAltName=IP:127.0.0.1 10
signed server-expired ca /CN=localhost "$here" -1
self_signed server-self /CN=localhost -addext "$here"
signed client ca /CN=tls-worker "$client" 10
signed renewed ca /CN=tls-renewed "$client" 10
signed sender ca /CN=tls-sender "$client" 10
signed nobody ca /CN=tls-nobody "$client" 10
signed client-expired ca /CN=tls-worker "$client" -1
signed client-foreign other-ca /CN=tls-worker "$client" 10
openssl pkey -in client.key -aes256 -passout pass:secret -out locked.key
cp client.key open.key
chmod 644 open.key
cat client.pem client.key >both.pem
echo nonsense >nonsense.pem
