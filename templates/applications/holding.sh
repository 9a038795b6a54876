# What the pre- and post-scripts of the applications share: settings, log, time limit, mark, and sessions with a lease. Read by them with ".", from
# the directory in which they lie; it is no script of its own.
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for the scripts that read this file

umask 077
export LC_ALL=C
# Whoever runs this may have a short one, or none.
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
here=$(cd "$(dirname "$0")" && pwd) || exit 1
cd / || exit 1

# /etc/azure/NAME-pre.sh, NAME-post.sh and NAME.conf belong together: a second instance of an application gets copies with another NAME.
name=$(basename "$0" .sh)
role=${name##*-}
name=${name%-*}
log_file=/var/log/quiesce/$name.log
lease=${lease:-60}
give_up=''

complain() {
	printf '%s: %s\n' "$name" "$1" >&2
	exit 1
}

[ "$(id -u)" -eq 0 ] || complain "must run as root"

# State and log live in memory: between the scripts every other filesystem may be frozen, and writing to one would wait for the thaw.
memory=''
for directory in /run /dev/shm; do
	case $(stat -f -c %T "$directory" 2>/dev/null) in
	tmpfs | ramfs)
		memory=$directory/quiesce
		break
		;;
	esac
done
[ -n "$memory" ] || complain "neither /run nor /dev/shm is in memory, so there is no place that is never frozen"
state=$memory/$name
mkdir -p "$state" || exit 1
for directory in "$memory" "$state"; do
	if [ -L "$directory" ] || [ "$(stat -c %u "$directory")" -ne 0 ]; then complain "$directory belongs to somebody else"; fi
done
# What one pre-script began, until a post-script has ended it.
run=$state/run

now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }

# log WORDS: one line with the time, in memory; the post-script takes it to $log_file when nothing is frozen any more.
log() {
	printf '%s %s: %s\n' "$(now)" "$role" "$*" >>"$state/log"
}

# The log's lines go to the file, which is kept small. What cannot be written (the disk is full) stays, as long as it is not much, for the next time.
publish_log() {
	[ -s "$state/log" ] || return 0
	mv "$state/log" "$state/log.new" && cat "$state/log.new" >>"$state/log.old" && rm -f "$state/log.new"
	mkdir -p "$(dirname "$log_file")" || return 0
	[ "$(stat -c %s "$log_file" 2>/dev/null || echo 0)" -lt 1000000 ] || mv -f "$log_file" "$log_file.1"
	if (cat "$state/log.old" >>"$log_file") 2>/dev/null || [ "$(stat -c %s "$state/log.old")" -ge 1000000 ]; then rm -f "$state/log.old"; fi
}

# refuse WORDS: for what is wrong before anything is begun. A post-script has to take it to the file here, because it does not come to its end.
refuse() {
	log "$1"
	[ "$role" != post ] || publish_log
	complain "$1"
}

if [ -e "$here/$name.conf" ]; then
	# It is run as root, so nobody else may be able to change it.
	[ -z "$(find -L "$here/$name.conf" \( ! -user root -o -perm /022 \))" ] || refuse "$here/$name.conf must belong to root and be writable by nobody else"
	# shellcheck disable=SC1090 # the administrator's own file
	. "$here/$name.conf"
fi

# seconds NAME VALUE: whether a setting is whole seconds above zero. A pre-script refuses to work with another one; a post-script lets go all the same.
seconds() {
	case $2 in
	'' | *[!0-9]* | 0* | ??????*) ;;
	*) return 0 ;;
	esac
	[ "$role" = post ] || refuse "$here/$name.conf: $1 must be whole seconds above zero, and is '$2'"
	return 1
}
seconds lease "$lease" || lease=60
[ -z "$give_up" ] || seconds give_up "$give_up" || give_up=''

# The extension ends nothing at its time limit: a script that is late would go on during the freeze and after the post-script. So both give up by
# themselves after two thirds of timeoutInSeconds (10 where the configuration does not say), or after give_up seconds.
time_limit() {
	[ -z "$give_up" ] || {
		echo "$give_up"
		return
	}
	for directory in "$here" "$here/.." /etc/azure; do
		[ -f "$directory/VMSnapshotScriptPluginConfig.json" ] || continue
		allowed=$(sed -n 's/.*"timeoutInSeconds"[[:space:]]*:[[:space:]]*\([0-9]\{1,6\}\).*/\1/p' "$directory/VMSnapshotScriptPluginConfig.json" | head -n 1)
		# The extension has a limit of its own, and another one where this file is.
		most=$(sed -n 's/^[[:space:]]*timeoutInSeconds[[:space:]]*[:=][[:space:]]*\([0-9]\{1,6\}\).*/\1/p' "$directory/VMSnapshotPluginHost.conf" 2>/dev/null | head -n 1)
		break
	done
	allowed=${allowed:-10}
	[ "$allowed" -le "${most:-1800}" ] || allowed=${most:-1800}
	allowed=$((allowed * 2 / 3))
	[ "$allowed" -ge 2 ] || allowed=2
	echo "$allowed"
}
deadline=$(($(date +%s) + $(time_limit)))
# Where several scripts share one time limit (quiesce-pre.sh), theirs may be nearer.
[ "${QUIESCE_DEADLINE:-$deadline}" -ge "$deadline" ] || deadline=$QUIESCE_DEADLINE

# Whole seconds until the deadline, at least one.
left() {
	left=$((deadline - $(date +%s)))
	[ "$left" -gt 0 ] || left=1
	echo "$left"
}

late() { [ "$(date +%s)" -ge "$deadline" ]; }

# --- the pre-script

# begin: ends what an earlier pre-script still holds, and makes a place for this one.
begin() {
	if [ -d "$run" ]; then
		log "an earlier hold was not ended by its post-script: ending it first"
		sh "$here/$name-post.sh" >/dev/null 2>&1
	fi
	mkdir "$run" 2>/dev/null || refuse "another pre-script is at work ($run)"
	echo "$$" >"$run/pre"
	mkfifo "$run/answers" || exit 1
	# For reading and writing, so that opening waits for nobody.
	exec 4<>"$run/answers"
	trap 'fail "ended by a signal"' INT TERM HUP
	id=$(cat /proc/sys/kernel/random/uuid)
	echo "$id" >"$run/id"
	log "began, id $id, gives up after $(left) s"
}

# fail WORDS: leaves the application as it was. An application adds what has to be undone as a function "undo".
undo() { :; }
fail() {
	# Not ignored: what is started from here on would ignore them too, and with them its own time limit.
	trap : INT TERM HUP
	log "failed: $*"
	end_sessions
	undo
	[ "$(cat "$run/pre" 2>/dev/null)" = "$$" ] && rm -rf "$run"
	complain "$*"
}

# succeed WORDS: the application is ready for the snapshot, unless a post-script has been here meanwhile because this script was late.
succeed() {
	if late; then fail "ready too late, after the time limit; released again"; fi
	# The post-script may have removed it all; a failing ":" would end this script without releasing anything.
	true >"$run/held"
	if [ -e "$run/cancelled" ] || [ "$(cat "$run/pre" 2>/dev/null)" != "$$" ]; then fail "the post-script came first; released again"; fi
	log "$*"
	printf '%s: %s\n' "$name" "$*"
	exit 0
}

# await WORD [FILE]: waits for a line that begins with WORD from a session or a helper, until the deadline; the rest of the line becomes $answer, or $why
# says why there is none. Other lines are what was asked for, and go to FILE; else they are complaints of the database's client, and go to the log.
await() {
	aside=${2:-$state/log}
	[ -z "${2:-}" ] || true >"$aside"
	# shellcheck disable=SC2016 # it is the inner shell that expands them
	answer=$(timeout "$(left)" sh -c '
		while read -r word rest; do
			case $word in
			"$1") echo "$rest" && exit 0 ;;
			ended) exit 3 ;;
			*) printf "  %s %s\n" "$word" "$rest" >>"$2" ;;
			esac
		done' sh "$1" "$aside" <&4 2>/dev/null 6>&-)
	case $? in
	# The session is there, and nobody else may keep its commands open any more: at the end of its lease it has to see their end.
	0) exec 6>&- ;;
	3) why="the session ended: $(tail -n 3 "$aside" | sed -n 's/^  \([^ -]\)/\1/p' | head -n 1 | grep . || echo "its client said nothing")" && return 1 ;;
	*) why="no answer within the time limit" && return 1 ;;
	esac
}

# What a client that "ask" started said last, in place of an answer.
complaint() { tail -n 1 "$run/complaints" 2>/dev/null | grep . || echo "no answer within the time limit"; }

# in_time WORD COMMAND…: runs a command that the deadline must not wait for (a disk may not answer, and then nothing can end it).
in_time() {
	word=$1
	shift
	("$@" </dev/null >/dev/null 2>>"$state/log" && echo "$word done" >&4 || echo "$word failed" >&4) >/dev/null 2>&1 6>&- &
	await "$word" && [ "$answer" = 'done' ]
}

# as USER COMMAND…: with nothing in the environment that could lead it elsewhere.
as() {
	who=$1
	shift
	set -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME="$(getent passwd "$who" | cut -d: -f6)" "$@"
	case $who in
	root) "$@" ;;
	*[!0-9]*) runuser -u "$who" -- "$@" ;;
	*) setpriv --reuid="$who" --regid="$who" --clear-groups -- "$@" ;;
	esac
}

# owner_of FILE: a user's name, or a number where nobody has that name here (files of a container).
owner_of() {
	owner=$(stat -c %U "$1")
	if [ "$owner" = UNKNOWN ]; then stat -c %u "$1"; else echo "$owner"; fi
}

# mark DIRECTORY KEY=VALUE…: writes DIRECTORY/.quiesce-mark, on disk when this returns, as the directory's owner. A restored copy can be compared
# with it: what had been committed at this position, and at $mark_time (as "now" writes it; default: this moment), must be there.
mark() {
	directory=$1
	shift
	log "mark in $directory: $*"
	printf '%s\n' "id=$id" "at=${mark_time:-$(now)}" "$@" >"$run/mark"
	in_time marked write_mark "$directory" || fail "the mark could not be written to $directory"
}
write_mark() {
	# shellcheck disable=SC2016 # it is the inner shell that expands them
	as "$(owner_of "$1")" sh -c 'umask 077; rm -f "$1.new"; set -C; echo "$2" >"$1.new" && sync "$1.new" && mv "$1.new" "$1" && sync "$(dirname "$1")"' \
		sh "$1/.quiesce-mark" "$(cat "$run/mark")"
}

# --- sessions: a lock that lives in a session of a database needs a client that stays

# open_session SESSION COMMAND…: starts a client that reads commands from $run/SESSION/commands and outlives this script, until its lease is over
# (holding-session.sh). What the client writes comes through $run/answers. The next session is opened when this one has answered.
open_session() {
	session=$run/$1
	shift
	{ mkdir "$session" && mkfifo "$session/commands" "$session/end"; } || fail "no place for a session in $run"
	# Open from here on, so that commands can be given before the client has come.
	exec 6<>"$session/commands"
	setsid sh "$here/holding-session.sh" "$name" "$session" "$lease" "$state/log" "$@" </dev/null >/dev/null 2>&1 4>&- 6>&- &
	keepers="${keepers:-} $!"
}

# say SESSION LINE…: gives commands to a session's client.
say() {
	session=$run/$1
	shift
	# Opened for both, because a client that has gone would let this wait for ever.
	printf '%s\n' "$@" 1<>"$session/commands"
}

# Ends, at once, the sessions that this very script opened: they are its children, so their numbers are still theirs.
end_sessions() {
	for keeper in ${keepers:-}; do
		# Some shells tell of it when it is not waited for.
		kill -s KILL -- "-$keeper" && wait "$keeper"
	done 2>/dev/null
	keepers=''
}

# --- the post-script

# take_over: leaves with success where nothing is held; stops a pre-script that is still at work.
take_over() {
	if [ ! -d "$run" ]; then
		log "nothing is held"
		publish_log
		exit 0
	fi
	# A pre-script that gives up at this very moment takes it all away; then nothing is held, and a redirection that fails must not end this script.
	if ! true >"$run/cancelled" || ! true 4<>"$run/answers"; then
		log "the pre-script gave up by itself"
		publish_log
		exit 0
	fi 2>/dev/null
	id=$(cat "$run/id" 2>/dev/null)
	if [ ! -e "$run/held" ]; then log "the pre-script did not finish; what it began is ended"; fi
	exec 4<>"$run/answers"
}

# close_session SESSION LINE…: gives the client its last commands and waits until it has left. Not zero where it had ended before, or ended badly.
close_session() {
	session=$run/$1
	[ -p "$session/end" ] || return 1
	exec 5<>"$session/end"
	# The keeper writes this file before it speaks up, so either the file is there or its word is still to come.
	[ ! -e "$session/ended" ] || return 1
	: >"$session/release"
	grep -qsF "$session" "/proc/$(cat "$session/keeper")/cmdline" && keeper=alive || keeper=gone
	say "$@"
	# Who was killed has no last word.
	[ "$keeper" = alive ] || return 1
	code=$(timeout "$(left)" head -n 1 <&5)
	exec 5>&-
	[ "$code" = 0 ]
}

# kill_session SESSION: ends one that does not leave, where its keeper still lives (else it is at the end of its commands, and leaves).
kill_session() {
	keeper=$(cat "$run/$1/keeper" 2>/dev/null) && grep -qsF "$run/$1" "/proc/$keeper/cmdline" && kill -s KILL -- "-$keeper"
	# In its place, for a pre-script that still waits for its answer.
	echo ended >&4
}

# What the session's client said last (bounded, without waiting).
last_words() {
	dd iflag=nonblock bs=65536 count=1 <&4 2>/dev/null | sed '/^ended$/d'
}

# finish CODE WORDS: the post-script's end.
finish() {
	code=$1
	shift
	log "$*"
	rm -rf "$run"
	publish_log
	[ "$code" -eq 0 ] || complain "$*"
	printf '%s: %s\n' "$name" "$*"
	exit 0
}
