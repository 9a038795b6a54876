#!/bin/sh
# After the snapshot: lets go of the write locks of SQLite databases. Where nothing is held, it succeeds and does nothing.
#   sqlite-post.sh               settings: sqlite.conf beside it
set -u
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"

take_over
[ -d "$run/lock-1" ] || finish 0 "nothing was held: the databases went on during the snapshot"

if [ ! -e "$run/held" ]; then
	for session in "$run"/lock-*; do kill_session "${session##*/}"; done
	finish 0 "what the pre-script had locked is released"
fi

count=0
lost=0
for session in "$run"/lock-*; do
	count=$((count + 1))
	if ! close_session "${session##*/}" 'ROLLBACK;' '.quit'; then
		kill_session "${session##*/}"
		lost=$((lost + 1))
	fi
done
locks="$count locks"
[ "$count" -gt 1 ] || locks='1 lock'
[ "$lost" -gt 0 ] || finish 0 "released, $locks"
log "$(last_words)"
finish 1 "$lost of $locks had ended before the post-script (lease $lease s, or the session was killed): nothing is held now"
