#!/bin/sh
# After the snapshot: runs the post-scripts of the directory quiesce.d beside it, in reverse, for all whose pre-scripts were started. It goes on where
# one fails, and then fails at the end. Where nothing is held, it succeeds and does nothing. Log: /var/log/quiesce/quiesce.log
set -u
mask=$(umask)
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/quiesce.d source=holding.sh
. "$(dirname "$0")/quiesce.d/holding.sh"
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/quiesce.d source=quiesce-directory.sh
. "$here/quiesce.d/quiesce-directory.sh"

take_over

# A pre-script that is still at work would go on holding while this one resumes. Its number may have become another's, even that of a pre-script that
# has called this one.
if [ ! -e "$run/held" ]; then
	pre=$(cat "$run/pre" 2>/dev/null)
	if [ "${pre:-$PPID}" != "$PPID" ] && grep -qsF "$name-pre.sh" "/proc/$pre/cmdline"; then kill -s KILL "$pre" && log "the pre-script, process $pre, was still at work: ended"; fi
	for file in "$run"/*.pre.process; do
		one=${file##*/}
		one=${one%.pre.process}
		[ ! -e "$file" ] || [ -e "$run/$one.pre" ] || end_script "$one" pre
	done
fi

[ -s "$run/started" ] || finish 0 "nothing was held yet"
resumed=$(tac "$run/started" | tr '\n' ' ')
resume "$deadline"
[ -n "$failed" ] || finish 0 "resumed: $resumed"

# Once more at the next chance: another attempt of the post-script, or the next pre-script. Then no more.
[ ! -e "$run/tried" ] || finish 1 "not resumed:$failed"
true >"$run/tried"
log "not resumed:$failed"
publish_log
complain "not resumed:$failed"
