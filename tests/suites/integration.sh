# shellcheck shell=bash disable=SC2154 # the runner sets root, quick and broker_url
# SPDX-License-Identifier: Apache-2.0
#
# Programs with ASan and UBSan against one private RabbitMQ.
#
# broker: yes
# quick: yes

if [ -n "$quick" ]; then
	if build_plain; then meson_suite build-test quick 3; fi
elif build_asan; then
	meson_suite build-asan integration 3
fi
