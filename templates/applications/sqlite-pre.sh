#!/bin/sh
# Before the snapshot: makes what is committed in SQLite databases safe on disk.
#   sqlite-pre.sh                settings: sqlite.conf beside it, which names the databases, one a line
# hold=flush: flushes each database, its write-ahead log and its journal to the disk. Nothing is held, nobody waits, and no database is even opened:
#   SQLite recovers by itself from a copy of these files that was taken at one moment.
# hold=lock: also takes the write lock of each database (BEGIN IMMEDIATE), in a session that stays until the post-script, or until the lease is over:
#   no transaction is under way in the copy. Reading goes on; who wants to write waits as long as its own busy timeout lets it, then gets
#   "database is locked". It is asked for during lock_wait seconds, and nobody waits behind that.
# hold=auto (default): flush.
set -u
databases='' hold=auto lock_wait=5
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"

# flush_files: all that stand in $run/files (an owner before each path), each as its owner, because a user's directory may lead root anywhere. Those of
# one owner together, and one by one where that fails.
# shellcheck disable=SC2317 # in_time calls it
flush_files() {
	# shellcheck disable=SC2013 # no user has blanks in the name
	for who in $(cut -d / -f 1 "$run/files" | sort -u); do
		set --
		while IFS= read -r line; do
			file=/${line#*/}
			[ "${line%%/*}" != "$who" ] || [ ! -e "$file" ] || set -- "$@" "$file"
		done <"$run/files"
		if [ $# -eq 0 ] || as "$who" sync "$@" 2>/dev/null; then continue; fi
		for file in "$@"; do
			# A journal comes and goes with every transaction: it may vanish meanwhile, be there again, and be another's.
			tries=0
			until [ ! -e "$file" ] || as "$(owner_of "$file" 2>/dev/null)" sync "$file" 2>"$run/complaint"; do
				tries=$((tries + 1))
				if [ "$tries" -ge 10 ]; then cat "$run/complaint" >&2 && return 1; fi
			done
		done
	done
}

# lock DATABASE: as its owner, in a session of its own.
lock() {
	number=$((number + 1))
	owner=$(owner_of "$1")
	case $owner in
	*[!0-9]*) become="runuser -u $owner --" ;;
	*) become="setpriv --reuid=$owner --regid=$owner --clear-groups --" ;;
	esac
	# shellcheck disable=SC2086 # it is several words, without blanks in them
	open_session "lock-$number" $become env -i PATH="$PATH" LC_ALL=C "$sqlite3" -batch -bail -init /dev/null "$1"
	say "lock-$number" ".timeout $((lock_wait * 1000))" 'BEGIN IMMEDIATE;' "SELECT 'locked';"
	await locked || fail "$1 is not locked: $why"
}

seconds lock_wait "$lock_wait"
begin
[ "$hold" != auto ] || hold=flush
case $hold in
flush) ;;
lock)
	sqlite3=$(command -v sqlite3) || fail "hold=lock needs the program sqlite3, which is not installed"
	[ "$lock_wait" -le "$(left)" ] || lock_wait=$(left)
	;;
*) fail "hold must be auto, flush or lock, and is $hold" ;;
esac
log "hold=$hold, lease $lease s"

begun=$(date +%s%N)
number=0
for list in files databases directories; do true >"$run/$list"; done
# once LINE FILE: adds a line that is not there yet.
once() { ! grep -qxF -e "$1" "$2" && printf '%s\n' "$1" >>"$2"; }
while IFS= read -r named <&3; do
	# Blanks before a path are none of it; those behind it may be.
	named=${named#"${named%%[![:space:]]*}"}
	[ -e "$named" ] || named=${named%"${named##*[![:space:]]}"}
	[ -n "$named" ] || continue
	database=$(readlink -e "$named")
	[ -f "$database" ] || fail "$named is not there, or is no file"
	[ "$(timeout "$(left)" head -c 15 "$database" | tr -d '\0')" = 'SQLite format 3' ] || fail "$named is no SQLite database (or an encrypted one, or empty)"
	once "$database" "$run/databases" || continue
	[ "$hold" = flush ] || lock "$database"
	directory=$(dirname "$database")
	owner=$(owner_of "$database")
	for file in "$database-wal" "$database-journal" "$database"; do printf '%s%s\n' "$owner" "$file" >>"$run/files"; done
	if once "$directory" "$run/directories"; then printf '%s%s\n' "$(owner_of "$directory")" "$directory" >>"$run/files"; fi
	log "$database"
done 3<<END
$databases
END
count=$(wc -l <"$run/databases")
[ "$count" -gt 0 ] || fail "$here/$name.conf names no databases"

# What has been committed until now was given to the kernel by those who committed it; now it goes to the disk.
mark_time=$(now)
in_time flushed flush_files || fail "not flushed to the disk: ${why:-$(tail -n 1 "$state/log")}"
while IFS= read -r directory <&3; do
	mark "$directory" application=sqlite "hold=$hold"
done 3<"$run/directories"

words="$count databases"
[ "$count" -gt 1 ] || words='1 database'
words="$words flushed in $((($(date +%s%N) - begun) / 1000000)) ms"
[ "$hold" = lock ] || succeed "$words, nothing is held"
for session in "$run"/lock-*; do
	[ ! -e "$session/ended" ] || fail "a lock was lost again: its session was ended, or its lease of $lease s was over"
done
succeed "$words, writing is locked, lease $lease s"
