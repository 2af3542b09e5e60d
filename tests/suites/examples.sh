# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# The handlers of examples/ with their real interpreters, against wc.
#
# builds: plain

run_test "text statistics in sh, Python, JavaScript, C and over HTTP" \
	tests/scripts/examples.sh "$root/build-test"
