#!/bin/sh
# Before the snapshot: holds all commits of MariaDB or MySQL, in a session that stays until the post-script, or until the lease is over.
#   mariadb-pre.sh               settings: mariadb.conf beside it
# hold=stages: BACKUP STAGE up to BLOCK_COMMIT (MariaDB from 10.4.1): reading goes on, and long queries are not waited for.
# hold=read-lock: FLUSH TABLES WITH READ LOCK (MySQL, older MariaDB): waits for running queries, and everybody else behind it; so it is not even
#   asked for while a query runs that has taken longer than lock_wait seconds.
# hold=auto (default): stages where the server has it. Either gives up after lock_wait seconds, so that the others wait no longer than that.
set -u
socket='' login_file='' hold=auto lock_wait=5
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"
# shellcheck source-path=SCRIPTDIR source=mariadb-server.sh
. "$here/mariadb-server.sh"

seconds lock_wait "$lock_wait"
begin
find_client || fail "$problem"
[ -d "$data_directory" ] || fail "the data directory $data_directory is not on this machine"
if [ "$hold" = auto ]; then
	hold=read-lock
	! has_stages || hold=stages
fi
[ "$lock_wait" -le "$(left)" ] || lock_wait=$(left)
echo "$hold" >"$run/hold"
log "$version in $data_directory; hold=$hold, lease $lease s, waits $lock_wait s for locks"

begun=$(date +%s%N)
client stays --unbuffered --skip-reconnect
undo() { end_connection; }
# The name of a lock of its own tells which connection it is, wherever its client is; and should the client be stopped without being ended, the
# server closes the connection soon after the lease.
say lock "SET SESSION lock_wait_timeout = $lock_wait, wait_timeout = $((lease + 5));" \
	"SELECT 'connection', CONNECTION_ID(), GET_LOCK('quiesce $id', 0);"
await connection || fail "no session with the server: $why"

case $hold in
stages)
	say lock 'BACKUP STAGE START;' 'BACKUP STAGE FLUSH;' 'BACKUP STAGE BLOCK_DDL;' 'BACKUP STAGE BLOCK_COMMIT;'
	;;
read-lock)
	say lock "SELECT 'connection', CONCAT(id, ' has been at it for ', time, ' s') FROM information_schema.processlist
		WHERE command IN ('Query', 'Execute') AND time >= $lock_wait AND id <> CONNECTION_ID() ORDER BY time DESC LIMIT 1;" "SELECT 'looked';"
	await looked "$run/long" || fail "the server does not say what is running: $why"
	[ ! -s "$run/long" ] || fail "a long query is running ($(sed 's/^ *//' "$run/long")): a read lock would wait behind it, and everybody behind the lock"
	say lock 'FLUSH TABLES WITH READ LOCK;'
	;;
*) fail "hold must be auto, stages or read-lock, and is $hold" ;;
esac
say lock "SELECT 'held';"
await held || fail "not held: $why"
log "held after $((($(date +%s%N) - begun) / 1000000)) ms"

read_positions || fail "$why"
# What is committed is flushed to the disk, however innodb_flush_log_at_trx_commit is set. After the positions were read: InnoDB's own log goes on in the
# background, and the mark must not name a place that is not on disk.
say lock 'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS;' "SELECT 'flushed';"
await flushed || fail "not flushed: $why"
mark "$data_directory" application=mariadb "position=$position" "hold=$hold" "version=$version" ${binlog:+"binlog=$binlog"} ${gtid:+"gtid=$gtid"} ${lsn:+"lsn=$lsn"}
succeed "commits are held ($hold) since $((($(date +%s%N) - begun) / 1000000)) ms, mark at $position, lease $lease s"
