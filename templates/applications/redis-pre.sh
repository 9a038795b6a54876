#!/bin/sh
# Before the snapshot: makes what Redis (or Valkey) has acknowledged safe on disk.
#   redis-pre.sh                 settings: redis.conf beside it (Redis's own file of that name is another one)
# With an append-only file: waits until all that was acknowledged is written to it, and flushes it to the disk. Without one: has a dump written
#   (BGSAVE) and waits for its end.
# hold=flush: nothing stays held: Redis goes on, and what is written later may be in the copy or not. As long as the filesystem is frozen, a server
#   with an append-only file answers nobody from the first write on.
# hold=pause: writing commands wait from before the mark until the post-script, or until the lease is over, which the server itself counts
#   (CLIENT PAUSE, from Redis 6.2). Reading goes on, also while the filesystem is frozen.
# hold=auto (default): flush.
# dump=always: writes a dump even where Redis is told to keep nothing on disk; dump=auto (default) fails there.
set -u
address='' login_file='' hold=auto dump=auto
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"
# shellcheck source-path=SCRIPTDIR source=redis-server.sh
. "$here/redis-server.sh"

# The append-only file to which the server writes at this moment; nothing where it has none yet.
append_only_file() { find "/proc/$server/fd" \( -lname '*.aof' -o -lname "*/$append_name" \) -printf '%l\n' 2>/dev/null | sort -V | tail -n 1; }

nap() {
	if late; then fail "$1 within the time limit"; fi
	sleep 0.1
}

# flush_append_only_file: what was acknowledged until now is in the file, and the file is on disk.
flush_append_only_file() {
	[ "$(fact aof_last_write_status)" != err ] || fail "Redis cannot write its append-only file (is the disk full?): it says so in its own log"
	# Before Redis 7 it may have any name.
	append_name=$(configured appendfilename)
	file=$(append_only_file)
	until [ -n "$file" ]; do
		nap "the append-only file was switched on only now, and is not complete"
		file=$(append_only_file)
	done
	mark_time=$(now)
	look persistence || fail "Redis does not answer: $info"
	# Redis may have acknowledged what it has not given to the file yet (appendfsync everysec, while the disk is slow). The length is asked for
	# afterwards, so it is at least the length at that moment.
	enough=$(($(stat -c %s "$file" 2>/dev/null || echo 0) + $(fact aof_buffer_length)))
	until [ "$(fact aof_buffer_length)" -eq 0 ] || [ "$(stat -c %s "$file" 2>/dev/null || echo "$enough")" -ge "$enough" ]; do
		nap "Redis did not write what it has acknowledged"
		look persistence || fail "Redis does not answer: $info"
	done
	# A rewrite that began meanwhile has opened another file, and completed this one before.
	file=$(append_only_file)
	position=aof:${file##*/}:$(stat -c %s "$file") || fail "the append-only file $file is gone"
	in_time synced as "$(owner_of "$directory")" sync "$file" "${file%/*}" || fail "the append-only file could not be flushed to the disk: $(tail -n 1 "$state/log")"
}

# write_dump: a dump of all that was acknowledged until now, on disk.
write_dump() {
	file=$directory/$(configured dbfilename)
	[ "${file##*/}" ] || file=$directory/dump.rdb
	# A dump that fails makes Redis refuse to be written to, so it is not begun where there is no room for it.
	room=$(($(stat -f -c '%a * %S' "$directory")))
	[ "$room" -gt "$(stat -c %s "$file" 2>/dev/null || echo 0)" ] || fail "there is no room for a dump beside the one in $directory"
	while :; do
		look persistence || fail "Redis does not answer: $info"
		began=$(date +%s)
		mark_time=$(now)
		answer=$(ask BGSAVE)
		case $answer in
		*'saving started'*) break ;;
		*progress* | *active*) nap "another background save of Redis did not end: no dump could be begun" ;;
		*) fail "Redis writes no dump: ${answer:-it does not answer}" ;;
		esac
	done
	before=''
	while :; do
		look persistence || fail "Redis does not answer: $info"
		ended=$(fact rdb_last_save_time)
		if [ "$(fact rdb_bgsave_in_progress)" -eq 0 ]; then
			if [ "$ended" -ge "$began" ] && [ "$(fact rdb_last_bgsave_status)" = ok ]; then break; fi
			fail "Redis could not write its dump: it says why in its own log"
		fi
		# Another one may have begun since: then this one has ended first.
		[ "${before:-$ended}" = "$ended" ] || break
		before=$ended
		nap "the dump was not complete"
	done
	in_time synced as "$(owner_of "$directory")" sync "$file" "$directory" || fail "the dump could not be flushed to the disk: $(tail -n 1 "$state/log")"
	position=dump:${file##*/}:$(stat -c %Y "$file")
}

pause_writing() {
	uptime_now >"$run/paused"
	fact run_id >"$run/server"
	undo() { ask CLIENT UNPAUSE >/dev/null; }
	answer=$(ask CLIENT PAUSE "$((lease * 1000))" WRITE)
	[ "$answer" = OK ] || fail "Redis $version does not pause its writers (hold=pause needs 6.2 or later): ${answer:-it does not answer}"
	[ -e "$run/paused" ] || fail "the post-script came first; released again"
}

begin
begun=$(date +%s%N)
find_server || fail "$problem"
version=$(fact redis_version)
replication=$(fact role)
[ "$(fact loading)" = 0 ] || fail "Redis is still loading its data"
[ "$(fact master_sync_in_progress)" != 1 ] || fail "this replica is getting all its data from its master just now"
[ "$hold" != auto ] || hold=flush
log "Redis $version in $directory, process $server, at $(where), role $replication; hold=$hold, lease $lease s"

case $hold in
flush) ;;
pause) pause_writing ;;
*) fail "hold must be auto, flush or pause, and is $hold" ;;
esac
if [ "$(fact aof_enabled)" = 1 ]; then
	flush_append_only_file
	words="append-only file flushed"
else
	points=$(ask CONFIG GET save | sed -n '1,2p' | tr '\n' ' ')
	[ "$dump" = always ] || [ "$points" != 'save  ' ] || fail "Redis keeps nothing on disk (neither an append-only file nor save points): a restored copy would come up empty. dump=always has a dump written"
	write_dump
	words="dump written"
fi
mark "$directory" application=redis "position=$position" "hold=$hold" "version=$version" "role=$replication"

words="$words in $((($(date +%s%N) - begun) / 1000000)) ms, mark at $position"
[ "$hold" = pause ] || succeed "$words, nothing is held"
[ "$(uptime_now)" -lt "$(($(cat "$run/paused") + lease * 100))" ] || fail "ready only after the lease of $lease s, when writing went on again"
succeed "$words, writing is paused, lease $lease s"
