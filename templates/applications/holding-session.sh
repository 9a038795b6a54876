# Keeps one client of a database, in which a lock lives, after the pre-script has ended: started by it in a session of its own, as
#   sh holding-session.sh NAME DIRECTORY LEASE LOG COMMAND…
# The client reads commands from the pipe DIRECTORY/commands. A sleeping process, and nothing else, keeps that pipe open: when it ends (the lease
# is over, or somebody killed it), the client reads the end of its input, leaves, and the database lets go.
# shellcheck shell=sh
set -u
directory=$2 lease=$3 log=$4
shift 4

# Opened for reading and writing, so that nobody waits for a reader or dies of its absence.
exec 4<>"$directory/../answers" 5<>"$directory/end" || exit 1
echo "$$" >"$directory/keeper"
# Opened here and inherited: were it opened by the process in the background, that could come too late, and the client would find its input at an end.
exec 6<>"$directory/commands"
sleep "$lease" >&6 4>&- 5>&- 6>&- &
sleeper=$!
exec 6>&-
"$@" <"$directory/commands" >&4 2>&4 4>&- 5>&-
code=$?
# A client that makes something go on at its end does so even where it is killed.
if [ "$code" -ge 128 ] && [ -e "$directory/insist" ]; then "$@" </dev/null >&4 2>&4 4>&- 5>&-; fi

if kill "$sleeper" 2>/dev/null; then
	words="ended before the post-script ($code)"
else
	words="ended with its lease of $lease s: the post-script did not come in time"
	code=lease
fi
[ -e "$directory/release" ] || printf '%s session: %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "${directory##*/}" "$words" >>"$log"
# The file first: who sees no file can be sure that the word is still to come.
echo "$code" >"$directory/ended"
echo ended >&4
echo "$code" >&5
