# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# All states of the settle protocol, by Spin.
# As tests/model/settle.pml has it and with deliberate errors, which must be found.
#
# packages: model

count_lines model tests/model/check.sh
