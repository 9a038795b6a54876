#!/bin/sh
# The pre-script of Azure Backup: runs just before the filesystems are frozen and the snapshot is taken.
#
# Make your application complete on its disks here, and hold it there: the post-script lets it go. As it stands, it holds nothing.
#
#   - It is started as root with  sh pre.sh PARAMETERS…  whatever the first line says: write for sh, not for bash.
#   - End with 0 only if the application is held. Anything else tells Azure that the backup is not application-consistent.
#   - Be done within timeoutInSeconds of the configuration. Azure does not end a script that takes longer: let a hold end by itself,
#     so that the application goes on even if the post-script never comes.
#   - Azure reads no output, and more than 64 kB of it would block the script. What a program writes at length belongs into a file:
#       program >>/var/log/azure-pre-script.log 2>&1
set -eu

hold() {
	# For example:  systemctl stop my-service
	# or, better, the command of your database that flushes its buffers and keeps it still.
	:
}

hold "$@"
echo "pre-script: done"
