# shellcheck shell=bash disable=SC2154 # the runner sets root, quick and broker_url
# SPDX-License-Identifier: Apache-2.0
#
# All states of the settle protocol (tests/model/settle.pml), as it is and with
# deliberate errors, by Spin.
#
# packages: model

count_lines model tests/model/check.sh
