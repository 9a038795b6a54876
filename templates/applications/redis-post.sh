#!/bin/sh
# After the snapshot: lets the clients of Redis (or Valkey) write again. Where nothing is held, it succeeds and does nothing.
#   redis-post.sh                settings: redis.conf beside it
set -u
address='' login_file=''
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"
# shellcheck source-path=SCRIPTDIR source=redis-server.sh
. "$here/redis-server.sh"

take_over
[ -e "$run/paused" ] || finish 0 "nothing was held: Redis went on during the snapshot"

find_server || finish 1 "$problem; what was paused goes on by itself after the lease ($lease s)"
[ "$(fact run_id)" = "$(cat "$run/server")" ] || finish 1 "Redis was started again since the pre-script, so it was not held during the whole snapshot; nothing is held now"
answer=$(ask CLIENT UNPAUSE)
[ "$answer" = OK ] || finish 1 "Redis does not answer (${answer:-nothing within the time limit}); its writers go on by themselves after the lease ($lease s)"
held=$(($(uptime_now) - $(cat "$run/paused")))
if [ -e "$run/held" ] && [ "$held" -ge $((lease * 100)) ]; then
	finish 1 "the hold had ended before the post-script (lease $lease s): nothing is held now"
fi
finish 0 "released after $((held * 10)) ms"
