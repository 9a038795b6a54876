#!/bin/sh
# Before the snapshot: makes what PostgreSQL has acknowledged safe on disk, and keeps the recovery of a restored copy short.
#   postgresql-pre.sh            settings: postgresql.conf beside it (PostgreSQL's own file of that name is another one)
# hold=checkpoint: flushes the write-ahead log, writes the mark, makes a checkpoint. Nothing stays held: all filesystems of a backup are frozen
#   together, and PostgreSQL recovers from such a copy by itself.
# hold=backup: also starts PostgreSQL's backup mode, in a session that stays until the post-script (or until the lease is over), and logs the
#   backup label: for archived WAL and point-in-time recovery, and for volumes that are not frozen together.
# hold=auto (default): backup where the data lies on several filesystems, else checkpoint.
set -u
data_directory='' user='' database=postgres lease=300 hold=auto
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"
# shellcheck source-path=SCRIPTDIR source=postgresql-server.sh
. "$here/postgresql-server.sh"

begin
case $hold in
auto | checkpoint | backup) ;;
*) fail "hold must be auto, checkpoint or backup, and is $hold" ;;
esac
find_server || fail "$problem"

# What is not answered in time is cancelled by the server too, so that nothing goes on when this script has given up.
limits="-c statement_timeout=$(left)s -c lock_timeout=$(left)s"
facts=$(ask "SELECT current_setting('server_version_num')::int / 10000, pg_is_in_recovery(), EXISTS (SELECT FROM pg_proc WHERE proname = 'pg_backup_start')" "$limits") ||
	fail "PostgreSQL in $data_directory does not answer $user: $(complaint)"
version=${facts%%|*}
facts=${facts#*|}
standby=${facts%%|*}

# The data directory, the write-ahead log and the tablespaces may lie on several filesystems.
filesystems=$(stat -L -c %d "$data_directory" "$data_directory/pg_wal" "$data_directory"/pg_tblspc/* 2>/dev/null | sort -u | wc -l)
if [ "$hold" = auto ]; then
	hold=checkpoint
	[ "$filesystems" -le 1 ] || hold=backup
fi
log "PostgreSQL $version in $data_directory, process $server, socket $socket, port $port, on $filesystems filesystem(s), standby: $standby; hold=$hold"

if [ "$hold" = backup ]; then
	started=$(date +%s%N)
	# The functions have had their present names since PostgreSQL 15; the third argument asks the old one for a backup that lives in a session.
	call="pg_backup_start('quiesce $id', true)"
	[ "${facts#*|}" = t ] || call="pg_start_backup('quiesce $id', true, false)"
	# Should this machine stop the client without ending it, the server itself ends the session soon after the lease (PostgreSQL 14 and later).
	server_lease=
	[ "$version" -lt 14 ] || server_lease="SET idle_session_timeout = '$((lease + 5))s';"
	undo() { end_backend; }
	open_session backup runuser -u "$owner" -- env -i PATH="$PATH" LC_ALL=C PGCONNECT_TIMEOUT=5 PGAPPNAME="quiesce $id" \
		"$psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$socket" -p "$port" -U "$user" -d "$database"
	say backup "SET statement_timeout = '$(left)s'; $server_lease" \
		"SELECT 'begun ' || $call;" \
		'SET statement_timeout = 0;'
	await begun || fail "PostgreSQL did not begin a backup: $why"
	log "backup mode began at $answer after $((($(date +%s%N) - started) / 1000000)) ms, lease $lease s"
	start=$answer
fi

# A message in the write-ahead log, flushed here (and not waiting for a standby), takes everything acknowledged before it to the disk with it.
if [ "$standby" = t ]; then
	position=$(ask 'SELECT pg_last_wal_replay_lsn()' "$limits")
else
	ask "SELECT pg_logical_emit_message(true, 'quiesce', '$id')" "$limits -c synchronous_commit=local" >/dev/null && position=$(ask 'SELECT pg_current_wal_flush_lsn()' "$limits")
fi || fail "PostgreSQL did not write the mark to its log: $(complaint)"
mark "$data_directory" application=postgresql "position=$position" "hold=$hold" "version=$version" ${start:+"backup_start=$start"}

if [ "$hold" = backup ]; then succeed "backup mode since $start, mark at $position, lease $lease s"; fi
started=$(date +%s%N)
ask CHECKPOINT "$limits" >/dev/null || fail "no checkpoint in time: $(complaint)"
succeed "checkpoint made in $((($(date +%s%N) - started) / 1000000)) ms, mark at $position, nothing is held"
