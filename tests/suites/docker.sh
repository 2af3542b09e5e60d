# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# The image of docker/ and its compose file for real, with a dockerd of its own.
#
# on-request: docker
# runs: beside

run_test "docker/Dockerfile and docker/compose.yaml" tests/docker/run.sh
