# Runs the scripts of a directory; read by quiesce-pre.sh and quiesce-post.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables that this file and the scripts around it set for each other

directory=$here/quiesce.d
limit=$((deadline - $(date +%s)))

# trusted FILE…: they are run as root, so nobody else may be able to change them; else $problem says which one is wrong.
trusted() {
	problem="$directory must be a directory of root's, writable by nobody else, and no link"
	[ -n "$(find "$directory" -maxdepth 0 -type d -user root ! -perm /022 2>/dev/null)" ] || return 1
	for file in "$@"; do
		problem="$file must be a file of root's, writable by nobody else, and no link: it would be run as root"
		[ -n "$(find "$file" -maxdepth 0 -type f -user root ! -perm /022 2>/dev/null)" ] || return 1
	done
}

# find_scripts: $names in their order, a name for NAME-pre.sh and NAME-post.sh; else $problem. All other files belong to the scripts.
find_scripts() {
	problem="$directory is not there"
	[ -d "$directory" ] || return 1
	set -- "$directory"/*-pre.sh "$directory"/*-post.sh
	for file in "$@"; do
		problem="there is a name in $directory with other characters than letters, digits, '.', '_' and '-'"
		case ${file##*/} in
		'*-pre.sh' | '*-post.sh') shift ;;
		*[!A-Za-z0-9._-]*) return 1 ;;
		*) set -- "$@" "$file" && shift ;;
		esac
	done
	problem="there is nothing to run in $directory"
	[ $# -gt 0 ] || return 1
	trusted "$@" || return 1
	names=$(printf '%s\n' "$@" | sed 's|.*/||; s/-pre\.sh$//; s/-post\.sh$//' | sort -u)
}

# start_script NAME ROLE: in a session of its own. Its process is in $run/NAME.ROLE.process, its exit code, once it has ended, in $run/NAME.ROLE. What
# it writes goes to the log, up to 20 kB; the rest is read and dropped, so that it never waits for a reader.
start_script() {
	place=$run/$1.$2
	rm -f "$place" "$place".*
	mkfifo "$place.output" || return 1
	{
		{ head -c 20000 && cat >/dev/null; } | while IFS= read -r line || [ -n "$line" ]; do log "  $1: $line"; done
		true >"$place.read"
		echo read >&4
	} <"$place.output" >/dev/null 2>&1 &
	# shellcheck disable=SC2016 # it is the inner shell that expands them
	setsid sh -c '
		echo "$$" >"$2.process"
		# A post-script that came in between has to see the process, or is seen here.
		[ "$4" = post ] || [ ! -e "$3" ] || exit 1
		umask "$5"
		unset LC_ALL
		sh "$1" 4>&-
		echo "$?" >"$2.new" && mv "$2.new" "$2"
		echo ended >&4' sh "$directory/$1-$2.sh" "$place" "$run/cancelled" "$2" "$mask" </dev/null >"$place.output" 2>&1 &
}

# wait_for FILE TIME: until the file is there; not zero where it is not by then (seconds since 1970).
wait_for() {
	while [ ! -e "$1" ]; do
		[ "$(date +%s)" -lt "$2" ] || return 1
		# Something is said when a script has ended; looking once a second is for words that are lost. In the background, so that a signal is heard.
		timeout 1 sh -c 'read -r _' <&4 >/dev/null 2>&1 &
		wait "$!"
	done
}

# end_script NAME ROLE: ends it and all that it has started and that is still in its session.
end_script() {
	process=$(cat "$run/$1.$2.process" 2>/dev/null) || return 0
	[ -n "$process" ] || return 0
	grep -qsF "$run/$1.$2" "/proc/$process/cmdline" || return 0
	kill -s TERM -- "-$process" 2>/dev/null
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -s 0 -- "-$process" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -s KILL -- "-$process" 2>/dev/null
}

# resume TIME: runs the post-scripts of all that were started, in reverse. Each may take its share of what is left until TIME; then the next one begins
# beside it, and what has not ended at TIME is ended. $failed: those that did not succeed, which stay in $run/started.
resume() {
	failed=''
	waiting=$(tac "$run/started")
	count=$(echo "$waiting" | wc -l)
	QUIESCE_DEADLINE=$(($1 - 1))
	export QUIESCE_DEADLINE
	for one in $waiting; do
		if trusted "$directory/$one-post.sh"; then
			start_script "$one" post
			now=$(date +%s)
			wait_for "$run/$one.post" $((now + 1 + ($1 - now) / count)) || log "$one-post.sh takes long: the next one begins beside it"
		else
			log "$problem"
			echo refused >"$run/$one.post"
		fi
		count=$((count - 1))
	done
	for one in $waiting; do
		if wait_for "$run/$one.post" "$1"; then
			wait_for "$run/$one.post.read" $(($(date +%s) + 1))
			code=$(cat "$run/$one.post")
		else
			end_script "$one" post
			code='no end in time'
		fi
		if [ "$code" = 0 ]; then
			log "$one-post.sh succeeded"
		else
			log "$one-post.sh failed ($code)"
			failed="$failed $one"
		fi
	done
	# shellcheck disable=SC2086 # a word for each
	printf '%s\n' $failed | tac >"$run/started"
}
