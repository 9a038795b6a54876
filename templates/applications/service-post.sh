#!/bin/sh
# After the snapshot: starts what the pre-script has stopped, or runs resume_command. Where nothing is held, it succeeds and does nothing.
#   service-post.sh              settings: service.conf beside it
set -u
unit='' how=stop lease=120
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"
# shellcheck source-path=SCRIPTDIR source=service-units.sh
. "$here/service-units.sh"

take_over
[ -e "$run/begun" ] || finish 0 "nothing was held"
begun=$(date +%s%N)
if close_session hold resume; then finish 0 "goes on after $((($(date +%s%N) - begun) / 1000000)) ms"; fi

# What held it has ended before, or could not make it go on: once more. To start what runs does nothing.
[ ! -s "$run/resume.output" ] || log "$(head -c 4000 "$run/resume.output")"
ended=$(cat "$run/hold/ended" 2>/dev/null)
if go_on "$(left)"; then
	[ -e "$run/held" ] || finish 0 "goes on; the pre-script had not finished"
	case $ended in
	[0-9] | [0-9][0-9] | 12[0-7]) finish 0 "goes on, at the second attempt" ;;
	*) finish 1 "it had gone on before the post-script (lease $lease s, or what held it was killed): the snapshot may have it running" ;;
	esac
fi
[ "$how" != stop ] || log "$(timeout 5 systemctl status --no-pager --lines=10 -- "$unit" 2>&1 | head -n 30)"
finish 1 "DOES NOT GO ON: $complaint"
