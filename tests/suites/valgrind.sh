# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# A worker under valgrind that runs 10,000 jobs.
#
# packages: valgrind
# builds: plain
# broker: yes

run_test "10,000 jobs under valgrind" \
	tests/scripts/valgrind.sh "$root/build-test" "$broker_url"
