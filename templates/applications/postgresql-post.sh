#!/bin/sh
# After the snapshot: ends PostgreSQL's backup mode, where the pre-script began it. Where nothing is held, it succeeds and does nothing.
#   postgresql-post.sh           settings: postgresql.conf beside it
set -u
data_directory='' user='' database=postgres lease=300
# shellcheck source-path=SCRIPTDIR source=holding.sh
. "$(dirname "$0")/holding.sh"
# shellcheck source-path=SCRIPTDIR source=postgresql-server.sh
. "$here/postgresql-server.sh"

take_over
[ -d "$run/backup" ] || finish 0 "nothing was held: PostgreSQL went on during the snapshot"

find_server || finish 1 "backup mode was lost with the server: $problem"
call='SELECT labelfile FROM pg_backup_stop(false);'
[ "$(ask "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = 'pg_backup_stop')")" = t ] || call='SELECT labelfile FROM pg_stop_backup(false, false);'
if close_session backup "SET statement_timeout = '$(left)s';" "$call" '\q'; then
	log "the backup label, for point-in-time recovery from archived WAL:
$(last_words)"
	finish 0 "backup mode ended"
fi

# The session is gone, or does not answer: the server is told to end it, in case it is still there.
end_backend
log "$(last_words)"
finish 1 "backup mode had ended before the post-script (lease $lease s, or the session was killed): nothing is held now"
