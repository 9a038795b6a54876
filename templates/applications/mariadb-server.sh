# How the scripts get into MariaDB or MySQL; read by mariadb-pre.sh and mariadb-post.sh. No password is ever a parameter of a command.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables that this file and the scripts around it set for each other

# find_client: $program and $login, which let root in, and what the server says of itself: $version, $data_directory; else $problem says what is missing.
# The server's socket knows root by itself (unix_socket, auth_socket); else /root/.my.cnf, login_file, or the file that Debian's package made.
find_client() {
	problem="neither mariadb nor mysql is installed, one of which the scripts need"
	program=$(command -v mariadb || command -v mysql) || return 1
	login=''
	if [ -n "$login_file" ]; then
		problem="$login_file must be a file of root's that nobody else can read (chmod 600)"
		[ -n "$(find -L "$login_file" -user root ! -perm /077 2>/dev/null)" ] || return 1
		login=--defaults-extra-file=$login_file
	fi
	if ! get_in; then
		problem="the server does not let root in: $(head -n 1 "$run/complaints" 2>/dev/null | grep . || complaint)"
		[ -z "$login_file" ] && [ -r /etc/mysql/debian.cnf ] || return 1
		login=--defaults-file=/etc/mysql/debian.cnf
		get_in || return 1
	fi
}
get_in() {
	facts=$(ask 'SELECT @@version, @@datadir') || return 1
	version=$(echo "$facts" | cut -f 1)
	data_directory=$(echo "$facts" | cut -f 2)
	data_directory=${data_directory%/}
}

# client HOW WORD…: the client with what lets root in. HOW is "now" (until the deadline), or "stays" (as the session that holds).
client() {
	how=$1
	shift
	set -- --batch --skip-column-names "$@"
	[ -z "$socket" ] || set -- "--socket=$socket" "$@"
	# It must be the first one.
	[ -z "$login" ] || set -- "$login" "$@"
	set -- env -i PATH="$PATH" LC_ALL=C HOME=/root "$program" "$@"
	case $how in
	now) timeout "$(left)" "$@" 2>>"$run/complaints" </dev/null ;;
	stays) open_session lock "$@" ;;
	esac
}

# ask SQL: one answer, columns separated by tabs, over a connection of its own.
ask() { client now --connect-timeout=5 -e "$1"; }

# from MAJOR MINOR: the server is of this version or later. Some versions of MariaDB begin with 5.5.5-, for clients that know no higher one.
from() {
	number=${version#5.5.5-}
	major=${number%%.*}
	minor=${number#*.}
	minor=${minor%%.*}
	[ "$major" -gt "$1" ] || { [ "$major" -eq "$1" ] && [ "${minor%%[!0-9]*}" -ge "$2" ]; }
}

# has_stages: MariaDB from 10.4 has BACKUP STAGE.
has_stages() {
	case $version in
	*MariaDB*) from 10 4 ;;
	*) return 1 ;;
	esac
}

# read_positions: binlog (FILE:OFFSET), gtid, lsn, each empty where the server has none; position is the first of them. Through the session that holds:
# where all connections are in use, there would be no other.
read_positions() {
	case $version in
	*MariaDB*)
		# Without a binary log the first line is missing.
		say lock 'SHOW MASTER STATUS;' "SELECT 'gtid', @@gtid_current_pos;" \
			"SELECT 'lsn', variable_value FROM information_schema.global_status WHERE variable_name = 'innodb_lsn_current';"
		;;
	*)
		if from 8 2; then say lock 'SHOW BINARY LOG STATUS;'; else say lock 'SHOW MASTER STATUS;'; fi
		say lock "SELECT 'gtid', REPLACE(@@GLOBAL.gtid_executed, CHAR(10), '');"
		! from 8 0 || say lock "SELECT 'lsn', storage_engines ->> '\$.InnoDB.LSN' FROM performance_schema.log_status;"
		;;
	esac
	say lock "SELECT 'known';"
	await known "$run/positions" || return 1
	binlog=$(grep -v -e '^  gtid ' -e '^  lsn ' "$run/positions" | head -n 1 | tr '\t' ' ' | cut -d ' ' -f 3,4 | tr ' ' ':')
	gtid=$(sed -n 's/^  gtid //p' "$run/positions")
	lsn=$(sed -n 's/^  lsn //p' "$run/positions")
	position=${binlog:-${gtid:-${lsn:+lsn:$lsn}}}
	why="the server does not say where it stands"
	[ -n "$position" ]
}

# end_connection: the server ends the connection that holds, wherever its client is: one that was killed while it waited for a lock goes on waiting.
end_connection() {
	connection=$(ask "SELECT IS_USED_LOCK('quiesce $id')")
	case $connection in
	'' | *[!0-9]*) return 1 ;;
	*) ask "KILL $connection" && log "the server was told to end connection $connection" ;;
	esac
}
