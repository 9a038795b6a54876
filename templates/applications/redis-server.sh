# How the scripts find a Redis (or Valkey) server and ask it; read by redis-pre.sh and redis-post.sh. No password is ever a parameter of a command.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables that this file and the scripts around it set for each other

socket='' host='' port='' user='' password=''

# find_server: where it listens (socket, or host and port), how root gets in, its process ($server) and its directory; else $problem says what is missing.
find_server() {
	problem="neither redis-cli nor valkey-cli is installed, one of which the scripts need"
	client=$(command -v redis-cli || command -v valkey-cli) || return 1
	case $address in
	'') find_address || return 1 ;;
	/*) socket=$address ;;
	*:*) host=${address%:*} port=${address##*:} ;;
	*) host=127.0.0.1 port=$address ;;
	esac
	get_in || return 1
	server=$(fact process_id)
	directory=$(readlink "/proc/$server/cwd" 2>/dev/null)
	problem="the server at $(where) is not a process of this machine, or runs in a container"
	is_ours "/proc/$server" || return 1
}

where() { echo "${socket:-$host:$port}"; }

# find_address: that of the only server that runs here.
find_address() {
	found=''
	for process in /proc/[0-9]*; do
		if is_ours "$process"; then found="$found ${process#/proc/}"; fi
	done
	# shellcheck disable=SC2086 # numbers
	set -- $found
	problem="Redis is not running"
	[ $# -gt 0 ] || return 1
	problem="$# Redis servers are running: $here/$name.conf must say which (address)"
	[ $# -eq 1 ] || return 1
	problem="Redis (process $1) answers on none of the sockets on which it listens"
	# A server of a cluster listens on a second port, for the others; that one does not answer.
	listeners "$1" >"$run/listeners"
	while read -r host port; do
		socket=''
		case $host in /*) socket=$host ;; esac
		case $(ask_within 2 PING) in
		'' | *'eset by peer'* | *'losed the connection'*) ;;
		*) return 0 ;;
		esac
	done <"$run/listeners"
	return 1
}

# is_ours /proc/PID: a server (not a sentinel, not its child that writes a dump) whose files are those that this script sees.
is_ours() {
	is_server "$1" || return 1
	case $(tr '\0' ' ' <"$1/cmdline") in *'[sentinel]'*) return 1 ;; esac
	! is_server "/proc/$(sed -n 's/^PPid:[[:space:]]*//p' "$1/status")" || return 1
	[ "$(stat -L -c %d:%i "$1/cwd")" = "$(stat -L -c %d:%i "$(readlink "$1/cwd")")" ]
} 2>/dev/null
is_server() {
	read -r command <"$1/comm" || return 1
	case $command in
	redis-server | valkey-server) ;;
	*) return 1 ;;
	esac
} 2>/dev/null

# listeners PID: a line for each socket on which it listens: a path, or host and port (/proc/net/unix, /proc/net/tcp, where addresses are hexadecimal).
listeners() {
	own=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null)
	awk -v own="$own" '$4 == "00010000" && index(own, "[" $7 "]") && $8 ~ /^\// {print $8}' "/proc/$1/net/unix"
	awk -v own="$own" '$4 == "0A" && index(own, "[" $10 "]") {split($2, part, ":"); print part[1], part[2]}' "/proc/$1/net/tcp" "/proc/$1/net/tcp6" 2>/dev/null | sort -k 2 |
		while read -r hexadecimal number; do
			case $hexadecimal in
			00000000 | 0100007F) ip=127.0.0.1 ;;
			????????) ip=$(for byte in 7-8 5-6 3-4 1-2; do printf '.%d' "0x$(echo "$hexadecimal" | cut -c "$byte")"; done | cut -c 2-) ;;
			00000000000000000000000000000000 | 00000000000000000000000001000000) ip=::1 ;;
			*) continue ;;
			esac
			printf '%s %d\n' "$ip" "0x$number"
		done
}

# get_in: the server lets root in, without a password, with login_file, or with the password in its own configuration; $info is what it says of itself.
get_in() {
	if [ -n "$login_file" ]; then
		problem="$login_file must be a file of root's that nobody else can read (chmod 600)"
		[ -n "$(find -L "$login_file" -user root ! -perm /077 2>/dev/null)" ] || return 1
		# One line: the password. Two: the user, and the password.
		password=$(tail -n 1 "$login_file")
		[ "$(grep -c . "$login_file")" -lt 2 ] || user=$(head -n 1 "$login_file")
	fi
	look all && return 0
	case $info in
	*NOAUTH*) ;;
	*)
		problem="Redis at $(where) does not answer root: $(echo "${info:-nothing in time, or all its connections (maxclients) are in use}" | head -n 1)"
		return 1
		;;
	esac
	problem="Redis at $(where) does not take the login in $login_file"
	[ -z "$login_file" ] || return 1
	problem="Redis at $(where) wants a password: $here/$name.conf must say where it is (login_file)"
	for file in /etc/redis/*.conf /etc/redis.conf /etc/valkey/*.conf /etc/valkey.conf; do
		if ! is_about "$file"; then continue; fi
		password=$(sed -n 's/^[[:space:]]*requirepass[[:space:]]\{1,\}"\{0,1\}\([^"]*[^"[:space:]]\).*/\1/p' "$file" | tail -n 1)
		if [ -n "$password" ] && look all; then return 0; fi
	done
	return 1
}

# is_about FILE: it configures the server that listens here.
is_about() {
	[ -f "$1" ] || return 1
	if [ -n "$socket" ]; then
		grep -q "^[[:space:]]*unixsocket[[:space:]]\{1,\}\"\{0,1\}$socket\"\{0,1\}[[:space:]]*\$" "$1"
	else
		configured=$(sed -n 's/^[[:space:]]*port[[:space:]]\{1,\}\([0-9]\{1,5\}\).*/\1/p' "$1" | tail -n 1)
		[ "${configured:-6379}" = "$port" ]
	fi
}

# ask WORD…: one answer. It fails where there is none in time; an error that Redis answers is an answer.
ask() { ask_within "$(left)" "$@"; }
ask_within() {
	patience=$1
	shift
	[ -z "$user" ] || set -- --user "$user" "$@"
	if [ -n "$socket" ]; then set -- -s "$socket" "$@"; else set -- -h "$host" -p "$port" "$@"; fi
	(
		if [ -n "$password" ]; then export REDISCLI_AUTH="$password"; else unset REDISCLI_AUTH; fi
		exec timeout "$patience" "$client" "$@" </dev/null 2>>"$run/complaints"
	)
}

# look SECTION: reads what the server says of itself; fact NAME is a value of it.
look() {
	info=$(ask INFO "$1" | tr -d '\r')
	case $info in
	'#'*) ;;
	*)
		[ -n "$info" ] || info=$(tail -n 1 "$run/complaints")
		return 1
		;;
	esac
}
fact() { echo "$info" | sed -n "s/^$1://p"; }

# configured NAME: a value of its configuration; nothing where this user may not ask.
configured() { ask CONFIG GET "$1" | sed -n '2p'; }

# Seconds since the machine started, in hundredths: the clock may be set meanwhile.
uptime_now() {
	read -r seconds _ </proc/uptime
	echo "${seconds%.*}${seconds#*.}"
}
