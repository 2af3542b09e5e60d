# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# The real programs against one private RabbitMQ.
# With ASan and UBSan, or with --quick some of them without.
#
# broker: yes
# quick: yes

if [ -n "$quick" ]; then
	if build_plain; then meson_suite build-test quick 3; fi
elif build_asan; then
	meson_suite build-asan integration 3
fi
