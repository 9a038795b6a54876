#!/bin/sh
# The post-script of Azure Backup: runs after the snapshot, also where the pre-script or the snapshot failed.
#
# Let your application go on here. As it stands, it does nothing.
#
#   - It is started as root with  sh post.sh PARAMETERS…  whatever the first line says: write for sh, not for bash.
#   - It must do no harm where the pre-script has held nothing, or only a part, or where the hold has ended by itself.
#   - End with 0 only if the application works again.
#   - Azure reads no output, and more than 64 kB of it would block the script. What a program writes at length belongs into a file:
#       program >>/var/log/azure-post-script.log 2>&1
set -eu

release() {
	# For example:  systemctl start my-service
	:
}

release "$@"
echo "post-script: done"
