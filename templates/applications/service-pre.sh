#!/bin/sh
# Before the snapshot: stops services of systemd, or runs a command that makes a service quiet. The post-script lets them go on, or this does when the
# lease is over.
#   service-pre.sh               settings: service.conf beside it
# how=stop: only what runs is stopped, and with it the sockets, timers and paths that would start it meanwhile; only that is started again.
# how=command: runs quiesce_command; resume_command ends it. Where a unit is named that does not run, neither is run.
set -u
unit='' how=stop quiesce_command='' resume_command='' lease=120
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"
# shellcheck source-path=SCRIPTDIR source=service-units.sh
. "$here/service-units.sh"
limit=$((deadline - $(date +%s)))

# Once more, where this script could not hold it: what began to stop is started.
undo() {
	[ -e "$run/begun" ] || return 0
	[ ! -s "$run/command" ] || kill -s KILL -- "-$(cat "$run/command")" 2>/dev/null
	if go_on $((limit / 2)); then
		log "goes on as before"
	else
		log "DOES NOT GO ON: $complaint. The post-script tries again"
		echo resuming >"$run/pre"
	fi
}

begin
case $how in
stop)
	[ -n "$unit" ] || fail "$here/$name.conf must say which unit is stopped"
	find_units || fail "$problem"
	[ -n "$running" ] || succeed "nothing to stop: $unit $found"
	{
		echo "systemctl start -- $running || exit 1"
		echo "for one in $running; do systemctl is-active --quiet -- \"\$one\" || { echo \"\$one does not run\"; exit 1; }; done"
	} >"$run/resume"
	;;
command)
	if [ -z "$quiesce_command" ] || [ -z "$resume_command" ]; then fail "$here/$name.conf must have both commands, quiesce_command and resume_command"; fi
	if [ -n "$unit" ]; then
		find_units || fail "$problem"
		[ -n "$running" ] || succeed "nothing to quiesce: $unit $found"
	fi
	echo "$resume_command" >"$run/resume"
	;;
*) fail "how must be stop or command, and is $how" ;;
esac

# Whoever waits here makes it go on at a word of the post-script, or at the end of its input, which comes with the end of the lease.
# shellcheck disable=SC2016 # it is the inner shell that expands them
open_session hold sh -c 'echo ready; read -r _; exec sh "$0" </dev/null >"$0.output" 2>&1' "$run/resume"
# And where that one is killed, another takes its place.
true >"$run/hold/insist"
await ready || fail "nobody is there to make it go on: $why"

true >"$run/begun"
begun=$(date +%s%N)
if [ "$how" = stop ]; then
	log "stopping:$running"
	# shellcheck disable=SC2086 # a word for each
	in_time stopped systemctl stop -- $running || fail "not stopped in time:$running"
	stopped_well || fail "$problem"
else
	# In a session of its own, so that it can be ended with all that it started.
	# shellcheck disable=SC2016 # it is the inner shell that expands them
	in_time quiesced setsid sh -c 'echo "$$" >"$1"; exec sh -c "$0"' "$quiesce_command" "$run/command" || fail "the command failed, or did not end in time: $quiesce_command"
	rm -f "$run/command"
fi
succeed "${unit:-the service} is held ($how) after $((($(date +%s%N) - begun) / 1000000)) ms, lease $lease s"
