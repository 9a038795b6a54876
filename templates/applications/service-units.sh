# Asks systemd about units, and makes a service go on; read by service-pre.sh and service-post.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables that this file and the scripts around it set for each other

# look UNIT: $load, $active, $result, $triggers as systemd says them.
look() {
	facts=$(timeout "$(left)" systemctl show -p LoadState,ActiveState,Result,TriggeredBy -- "$1" 2>>"$run/complaints") || {
		problem="systemd does not answer: $(tail -n 1 "$run/complaints")"
		return 1
	}
	load=$(fact LoadState)
	active=$(fact ActiveState)
	result=$(fact Result)
	triggers=$(fact TriggeredBy)
}
fact() { printf '%s\n' "$facts" | sed -n "s/^$1=//p"; }

# find_units: $running, of $unit and of what could start it meanwhile, in the order in which it is started; $found in words; else $problem.
find_units() {
	running=''
	found=''
	for one in $unit; do
		look "$one" || return 1
		problem="there is no unit $one"
		[ "$load" != not-found ] || return 1
		problem="$one is $active just now: nothing is done in between"
		case $active in
		active | reloading) also=" $one" ;;
		inactive | failed) also='' ;;
		*) return 1 ;;
		esac
		found="${found:+$found, }is $active"
		for trigger in $triggers; do
			look "$trigger" || return 1
			[ "$active" != active ] || running="$running $trigger"
		done
		running=$running$also
	done
}

# stopped_well: nothing runs any more, and nothing had to be killed; else $problem.
stopped_well() {
	for one in $running; do
		look "$one" || return 1
		case $active in
		inactive | failed) ;;
		*) problem="$one is $active, although it was stopped" && return 1 ;;
		esac
		# What a program answers to the signal that stops it is its own matter; that it had to be killed is not.
		case $result in
		success | exit-code) ;;
		*) problem="$one did not stop in good order ($result)" && return 1 ;;
		esac
	done
}

# go_on SECONDS: starts what was stopped, or runs the command; else $complaint.
go_on() {
	[ "$1" -ge 2 ] || set -- 2
	timeout "$1" sh "$run/resume" </dev/null >"$run/resume.output" 2>&1 && return 0
	complaint=$(tail -n 1 "$run/resume.output")
	[ -n "$complaint" ] || complaint="no answer in time"
	return 1
}
