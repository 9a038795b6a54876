#!/bin/sh
# Before the snapshot: asks the demo's ledger to finish the record that it is writing, and to hold still.
#   pre.sh CONTROL-DIRECTORY [SECONDS]
# It holds for SECONDS (30) at most: then it goes on by itself, whatever became of the backup.
set -u
control=${1:?the directory with the pipes of the ledger}
lease=${2:-30}

# Writing to a pipe that nobody reads would wait until the time limit.
if ! read -r ledger <"$control/pid" || ! kill -0 "$ledger" 2>/dev/null; then
	echo "ledger: not running, so there is nothing to hold" >&2
	exit 1
fi

echo "hold $$ $lease" >"$control/request"
# An answer to somebody who has gone away is passed over.
while read -r to answer; do
	[ "$to" = "$$" ] || continue
	echo "ledger: $answer"
	exit 0
done <"$control/answer"
echo "ledger: gave no answer" >&2
exit 1
