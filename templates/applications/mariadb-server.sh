# How the scripts get into MariaDB or MySQL; read by mariadb-pre.sh and mariadb-post.sh. No password is ever a parameter of a command.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables that this file and the scripts around it set for each other

# find_client: client and options that let root in; else $problem says what is missing.
# The server's socket knows root by itself (unix_socket, auth_socket); else /root/.my.cnf, login_file, or the file that Debian's package made.
find_client() {
	client=$(command -v mariadb || command -v mysql) || {
		problem="neither mariadb nor mysql is installed, one of which the scripts need"
		return 1
	}
	if [ -n "$login_file" ]; then
		problem="$login_file must be a file of root's that nobody else can read (chmod 600)"
		[ -n "$(find -L "$login_file" -user root ! -perm /077 2>/dev/null)" ] || return 1
		options=--defaults-extra-file=$login_file
	else
		options=''
	fi
	[ -z "$socket" ] || options="$options --socket=$socket"
	ask 'DO 0' && return 0
	if [ -z "$login_file" ] && [ -r /etc/mysql/debian.cnf ]; then
		given=$options
		options="--defaults-file=/etc/mysql/debian.cnf $given"
		ask 'DO 0' && return 0
		options=$given
	fi
	problem="the server does not let root in: $(head -n 1 "$run/complaints")"
	return 1
}

# ask SQL: one answer, columns separated by tabs.
ask() {
	# shellcheck disable=SC2086 # options are several words, without blanks in them
	env -i PATH="$PATH" LC_ALL=C HOME=/root timeout "$(left)" "$client" $options --batch --skip-column-names --connect-timeout=5 -e "$1" 2>>"$run/complaints" </dev/null
}

# has_stages VERSION: MariaDB from 10.4.1 has BACKUP STAGE.
has_stages() {
	case $1 in
	*MariaDB*) ;;
	*) return 1 ;;
	esac
	# Some versions begin with 5.5.5-, for clients that know no higher one.
	number=${1#5.5.5-}
	major=${number%%.*}
	minor=${number#*.}
	minor=${minor%%.*}
	[ "$major" -gt 10 ] || { [ "$major" -eq 10 ] && [ "$minor" -ge 4 ]; }
}

# read_positions: binlog (FILE:OFFSET), gtid, lsn, each empty where the server has none; position is the first of them.
read_positions() {
	lsn=''
	case $version in
	*MariaDB*)
		# In one go, because the clients wait meanwhile. Without a binary log the first line is missing.
		answers=$(ask "SHOW MASTER STATUS; SELECT 'gtid', @@gtid_current_pos; SELECT 'lsn', variable_value FROM information_schema.global_status WHERE variable_name = 'innodb_lsn_current'")
		binlog=$(echo "$answers" | grep -v -e '^gtid' -e '^lsn' | cut -f 1,2 | tr '\t' ':')
		gtid=$(echo "$answers" | sed -n 's/^gtid\t//p')
		lsn=$(echo "$answers" | sed -n 's/^lsn\t//p')
		;;
	*)
		binlog=$( (ask 'SHOW MASTER STATUS' || ask 'SHOW BINARY LOG STATUS') | head -n 1 | cut -f 1,2 | tr '\t' ':')
		gtid=$(ask 'SELECT @@gtid_executed' | tr -d '\n')
		lsn=$(ask "SELECT storage_engines ->> '\$.InnoDB.LSN' FROM performance_schema.log_status")
		;;
	esac
	position=${binlog:-${gtid:-lsn:$lsn}}
}

# end_connection: the server ends the connection that holds, wherever its client is: one that was killed while it waited for a lock goes on waiting.
end_connection() {
	connection=$(ask "SELECT IS_USED_LOCK('quiesce $id')")
	case $connection in
	'' | *[!0-9]*) return 1 ;;
	*) ask "KILL $connection" && log "the server was told to end connection $connection" ;;
	esac
}
