#!/bin/sh
# After the snapshot: lets the ledger go on.
#   post.sh CONTROL-DIRECTORY
set -u
control=${1:?the directory with the pipes of the ledger}

# Writing to a pipe that nobody reads would wait until the time limit.
if ! read -r ledger <"$control/pid" || ! kill -0 "$ledger" 2>/dev/null; then
	echo "ledger: not running, so there is nothing to release" >&2
	exit 1
fi

echo "release $$" >"$control/request"
# An answer to somebody who has gone away is passed over.
while read -r to answer; do
	[ "$to" = "$$" ] || continue
	echo "ledger: $answer"
	# Had it gone on by itself before, the snapshot might hold half a record.
	case $answer in
	goes\ on*) exit 0 ;;
	*) exit 1 ;;
	esac
done <"$control/answer"
echo "ledger: gave no answer" >&2
exit 1
