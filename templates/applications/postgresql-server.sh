# Finds the PostgreSQL server and asks it; read by postgresql-pre.sh and postgresql-post.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables that this file and the scripts around it set for each other

# find_server: data_directory, server (process), port, socket, owner, user, psql; else $problem says what is missing.
find_server() {
	if [ -z "$data_directory" ]; then
		count=0
		for process in /proc/[0-9]*; do
			found=$(readlink "$process/cwd" 2>/dev/null) || continue
			[ "$(head -n 1 "$found/postmaster.pid" 2>/dev/null)" = "${process#/proc/}" ] || continue
			data_directory=$found
			count=$((count + 1))
		done
		problem="PostgreSQL is not running"
		[ "$count" -gt 0 ] || return 1
		problem="$count PostgreSQL servers are running: $here/$name.conf must say which (data_directory)"
		[ "$count" -eq 1 ] || return 1
	fi
	problem="PostgreSQL is not running in $data_directory"
	[ -f "$data_directory/postmaster.pid" ] || return 1
	{
		read -r server
		read -r _
		read -r _
		read -r port
		read -r socket
	} <"$data_directory/postmaster.pid"
	# A file that a crash left behind names a process that is not there, or is another.
	[ "$(readlink "/proc/$server/cwd" 2>/dev/null)" = "$(readlink -f "$data_directory")" ] || return 1
	problem="PostgreSQL in $data_directory listens on no socket"
	[ -n "$socket" ] || return 1
	owner=$(stat -c %U "$data_directory")
	[ -n "$user" ] || user=$owner
	# The client that belongs to this server's version, where it is installed.
	psql=$(dirname "$(readlink "/proc/$server/exe")")/psql
	[ -x "$psql" ] || psql=psql
}

# ask SQL [OPTIONS]: one answer, through the socket as the server's own user: no password is needed.
ask() {
	runuser -u "$owner" -- env -i PATH="$PATH" LC_ALL=C PGCONNECT_TIMEOUT=5 PGOPTIONS="${2:-}" \
		timeout "$(left)" "$psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$socket" -p "$port" -U "$user" -d "$database" -c "$1" 2>>"$run/complaints" </dev/null
}

# end_backend: the server ends the session of backup mode, wherever its client is; a client that was killed may still be waited for.
end_backend() {
	ask "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quiesce $id'" >/dev/null
}
