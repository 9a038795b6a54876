#!/bin/sh
# Before the snapshot: runs all pre-scripts of the directory quiesce.d beside it, one after another in the order of their names:
#   quiesce.d/10-service-pre.sh, quiesce.d/50-postgresql-pre.sh, …
# Where one fails or does not end in time, those that were started are resumed by their post-scripts, in reverse, and this script fails.
# Log: /var/log/quiesce/quiesce.log. More about it, and how to put scripts of your own there: quiesce explain directory
set -u
mask=$(umask)
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/quiesce.d source=holding.sh
. "$(dirname "$0")/quiesce.d/holding.sh"
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/quiesce.d source=quiesce-directory.sh
. "$here/quiesce.d/quiesce-directory.sh"

undo() {
	[ -s "$run/started" ] || return 0
	log "resuming, in reverse: $(tac "$run/started" | tr '\n' ' ')"
	# The time limit is two thirds of what the configuration allows; this may take most of the last third.
	end=$((deadline + limit / 2 - 1))
	soon=$(($(date +%s) + 2))
	[ "$end" -ge "$soon" ] || end=$soon
	resume "$end"
	true >"$run/tried"
	[ -z "$failed" ] || {
		log "not resumed:$failed. The post-script tries again"
		echo resuming >"$run/pre"
	}
}

begin
find_scripts || fail "$problem"
QUIESCE_DEADLINE=$((deadline - 1))
export QUIESCE_DEADLINE
for one in $names; do
	if [ -e "$directory/$one-post.sh" ]; then
		echo "$one" >>"$run/started"
	else
		log "$one has no post-script: nothing is resumed for it"
	fi
	[ ! -e "$run/cancelled" ] || fail "the post-script came first"
	[ -e "$directory/$one-pre.sh" ] || continue
	begun=$(date +%s%N)
	start_script "$one" pre || fail "$one-pre.sh could not be started"
	wait_for "$run/$one.pre" $((deadline + 1)) || {
		end_script "$one" pre
		fail "$one-pre.sh did not end in time, and was ended"
	}
	wait_for "$run/$one.pre.read" $(($(date +%s) + 1))
	code=$(cat "$run/$one.pre")
	[ "$code" = 0 ] || fail "$one-pre.sh failed with exit code $code: $(grep -F "  $one: " "$state/log" | tail -n 1 | sed "s/.*  $one: //")"
	log "$one-pre.sh succeeded after $((($(date +%s%N) - begun) / 1000000)) ms"
done
succeed "ready: $(echo "$names" | tr '\n' ' ')"
