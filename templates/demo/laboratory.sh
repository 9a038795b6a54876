#!/bin/sh
# The demo's laboratory: a "VM" with a disk and an application, in a mount namespace of its own.
#
#   unshare -m --propagation private sh laboratory.sh BASE NODE TEMPLATES
#
# BASE is an existing, unimportant directory (/mnt): everything is made below it, in memory, and seen by nobody outside. It is told that all is
# ready with the line "ready FILESYSTEM", and lives until its input ends, whether that was meant or its starter was killed. Then it ends what
# runs in the laboratory, thaws, and unmounts; what it should have missed, the kernel removes together with the namespace.
set -eu
base=$1 node=$2 templates=$3
export PATH="$PATH:/usr/sbin:/sbin"

# Only the end of the input ends this: a closed terminal or a ctrl-c comes to its starter as well, who decides.
trap '' INT TERM HUP PIPE

problem() {
	echo "problem $*" || :
	exit 1
}

# What runs in this namespace, other than this shell: looked up without starting anything that would itself be found.
others() {
	found=
	for process in /proc/[0-9]*; do
		# shellcheck disable=SC3013 # dash, busybox and bash all have it
		[ "$process/ns/mnt" -ef "/proc/$$/ns/mnt" ] 2>/dev/null || continue
		id=${process#/proc/}
		[ "$id" = "$$" ] || [ "$id" = "${ledger:-}" ] || found="$found $id"
	done
	[ -n "$found" ]
}

clean_up() {
	trap - EXIT
	set +e
	# First in peace: a cycle that is interrupted thaws and releases the ledger by itself.
	rounds=0
	while others && [ "$rounds" -lt 200 ]; do
		for id in $found; do
			# The guard of a cycle ends with the cycle, after it has put everything right.
			[ "$rounds" -eq 0 ] && ! grep -qs 'guard\.js' "/proc/$id/cmdline" && kill -TERM "$id" 2>/dev/null
		done
		rounds=$((rounds + 1))
		sleep 0.1
	done
	fsfreeze -u "$base/vm-disk" 2>/dev/null
	# shellcheck disable=SC2086 # a list of process ids
	others && kill -KILL $found 2>/dev/null
	[ -n "${ledger:-}" ] && kill -KILL "$ledger" 2>/dev/null && wait "$ledger" 2>/dev/null
	umount "$base/snapshot" "$base/vm-disk" "$base/host" 2>/dev/null
	echo gone
}
trap clean_up EXIT

mount -t tmpfs -o mode=755 quiesce-demo "$base" || problem "no memory filesystem on $base"
mkdir "$base/host" "$base/vm-disk" "$base/snapshot" "$base/ledger" "$base/etc" "$base/etc/upper" "$base/etc/work"
chmod 700 "$base/etc"
chmod 755 "$base/etc/upper"

# An /etc of its own. Where nothing can be laid over /etc (in some containers), a copy of it.
if ! mount -t overlay quiesce-demo -o "lowerdir=/etc,upperdir=$base/etc/upper,workdir=$base/etc/work" /etc 2>/dev/null; then
	cp -a /etc/. "$base/etc/upper" 2>/dev/null || :
	mount --bind "$base/etc/upper" /etc || problem "no private version of /etc"
fi
# The machine's own configuration is not even shown.
if [ -d /etc/azure ]; then mount -t tmpfs -o mode=755 quiesce-demo /etc/azure || problem "no private version of /etc/azure"; fi

# The storage of the "host", which can copy a disk in no time where it knows reflinks.
filesystem=none
for kind in xfs btrfs; do
	command -v "mkfs.$kind" >/dev/null || continue
	truncate -s 400M "$base/host.img"
	case $kind in
	xfs) mkfs.xfs -q -f -m reflink=1 "$base/host.img" 2>/dev/null ;;
	btrfs) mkfs.btrfs -q -f "$base/host.img" 2>/dev/null ;;
	esac && mount -t "$kind" -o loop "$base/host.img" "$base/host" 2>/dev/null && filesystem=$kind && break
	rm -f "$base/host.img"
done
mkdir -m 700 "$base/host/quiesce"

# The "VM disk".
truncate -s 64M "$base/host/vm-disk.img"
mkfs.ext4 -q -F -L vm-disk -E lazy_itable_init=0,lazy_journal_init=0 "$base/host/vm-disk.img" || problem "mkfs.ext4 failed"
mount -t ext4 -o loop "$base/host/vm-disk.img" "$base/vm-disk" || problem "no loop device could be had"

# The application on it, and its two scripts.
mkdir "$base/vm-disk/ledger"
mkfifo -m 600 "$base/ledger/request" "$base/ledger/answer" "$base/ledger/started" "$base/ledger/keeper"
"$node" "$templates/ledger.js" "$base/vm-disk/ledger" "$base/ledger" <"$base/ledger/keeper" >"$base/ledger/started" 2>&1 &
ledger=$!
# Its input ends with this shell, and with it the ledger itself.
exec 3>"$base/ledger/keeper"
read -r word <"$base/ledger/started" || word=nothing
[ "$word" = started ] || problem "the demo's application did not start: $word"
mkdir -m 755 /etc/ledger
cp "$templates/pre.sh" "$templates/post.sh" /etc/ledger
chown 0:0 /etc/ledger/pre.sh /etc/ledger/post.sh
# Readable by others, as files usually are at first: the wizard says what Azure thinks of that.
chmod 755 /etc/ledger/pre.sh /etc/ledger/post.sh

echo "ready $filesystem"
while read -r _; do :; done
