#!/bin/sh
# After the snapshot: lets MariaDB or MySQL go on. Where nothing is held, it succeeds and does nothing.
#   mariadb-post.sh              settings: mariadb.conf beside it
set -u
socket='' login_file=''
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"
# shellcheck source-path=SCRIPTDIR source=mariadb-server.sh
. "$here/mariadb-server.sh"

take_over
[ -d "$run/lock" ] || finish 0 "nothing was held yet"

# A pre-script that did not finish may still wait for a lock, and others behind it.
if [ ! -e "$run/held" ] && find_client; then end_connection; fi

if [ "$(cat "$run/hold" 2>/dev/null)" = stages ]; then release='BACKUP STAGE END;'; else release='UNLOCK TABLES;'; fi
if close_session lock "$release" '\q'; then finish 0 "released"; fi

# The session is gone, or does not answer: the server is told to end it, in case it is still there.
log "$(last_words)"
if find_client; then end_connection; else log "$problem"; fi
finish 1 "the hold had ended before the post-script (lease $lease s, or the session was killed): nothing is held now"
