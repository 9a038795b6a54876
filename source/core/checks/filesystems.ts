import {check} from './check.js';
import type {Facts, FilesystemFacts} from './facts.js';
import {finding, type Finding} from './finding.js';
import {count, list} from './words.js';

const network = /^(?:nfs4?|cifs|smb3|smbfs|ceph|glusterfs|fuse\.glusterfs|lustre|afs|9p|beegfs|fuse\.sshfs|fuse\.s3fs|fuse\.blobfuse2?)$/;
/** Filesystems without data that a backup would hold. */
const pseudo = new Set(['proc', 'sysfs', 'devtmpfs', 'devpts', 'tmpfs', 'ramfs', 'cgroup', 'cgroup2', 'securityfs', 'debugfs', 'tracefs', 'pstore', 'bpf', 'mqueue', 'hugetlbfs', 'configfs', 'fusectl', 'efivarfs', 'binfmt_misc', 'rpc_pipefs', 'nsfs', 'autofs', 'squashfs', 'selinuxfs', 'fuse.lxcfs', 'fuse.gvfsd-fuse', 'fuse.portal', 'iso9660', 'overlay', 'resctrl', 'nfsd']);

function freezing(facts: Facts): boolean {
	return facts.check.settings.fsFreezeEnabled;
}

function reason({because, type}: FilesystemFacts): string {
	switch (because) {
		case 'loop': return 'on a loop device';
		case 'resource-disk': return "Azure's resource disk, lost at a move anyway";
		case 'configured': return 'left out by MountsToSkip in /etc/azure/vmbackup.conf';
		default: return network.test(type) ? `${type}, on another machine` : type;
	}
}

/** What is frozen, what is not, and where that is known to go wrong. */
export const filesystemChecks = [
	check({
		id: 'something-to-freeze',
		title: 'there is a filesystem to freeze',
		needs: ['filesystems'],
		applies: freezing,
		conclude({filesystems, freezeDeadlineMs}) {
			const frozen = filesystems.filter(({azure}) => azure === 'freezes');
			return frozen.length > 0 ? [finding({
				id: 'filesystems-frozen',
				severity: 'info',
				title: `Azure freezes ${list(frozen.map(({mount}) => mount))}`,
				detail: `${frozen.length === 1 ? 'It is' : `${frozen.length} filesystems are, one after the other,`} flushed and held still while the snapshot is taken${freezeDeadlineMs === null ? '' : `, for ${freezeDeadlineMs / 1000} s at most`}.`,
				remedy: 'Nothing needs to be done. To see how long it takes: quiesce cycle',
				source: 'filesystems',
			})] : [finding({
				id: 'filesystems-none',
				severity: 'warning',
				title: 'There is no filesystem that Azure can freeze',
				detail: 'It freezes only ext3, ext4, xfs and btrfs on disks of the VM, and none is mounted here. The backup goes on all the same: what the scripts do not make consistent is as after a power cut.',
				remedy: 'Keep the data of the application on ext4, xfs or btrfs.',
				source: 'filesystems',
			})];
		},
	}),
	check({
		id: 'filesystems-left-out',
		title: 'every filesystem with data is frozen',
		needs: ['filesystems'],
		applies: freezing,
		conclude({filesystems}) {
			const left = filesystems.filter(({azure, type, because, onFile}) => azure === 'skips' && !pseudo.has(type) && because !== 'duplicate' && because !== 'pseudo' && because !== 'not-named' && onFile !== true);
			return left.length === 0 ? [] : [finding({
				id: 'filesystems-not-frozen',
				severity: 'info',
				title: `Azure does not freeze ${list(left.map(({mount}) => mount), 4)}`,
				detail: `${list(left.map(filesystem => `${filesystem.mount} (${reason(filesystem)})`), 8)}. What is written there during the snapshot may be in it by halves, or not at all.`,
				remedy: 'Nothing needs to be done where no data of the application lies there.',
				source: 'filesystems',
			})];
		},
	}),
	check({
		id: 'no-loop-on-frozen',
		title: 'no loop device on a filesystem that is frozen',
		needs: ['filesystems'],
		applies: freezing,
		conclude({filesystems}) {
			const frozen = new Set(filesystems.filter(({azure}) => azure === 'freezes').map(({mount}) => mount));
			const loops = filesystems.filter(({loop, type}) => loop !== undefined && frozen.has(loop.parent) && type !== 'squashfs' && type !== 'iso9660');
			return loops.length === 0 ? [] : [finding({
				id: 'filesystems-loop-on-frozen',
				severity: 'warning',
				title: `${list(loops.map(({mount}) => mount), 3)} ${loops.length === 1 ? 'lies' : 'lie'} in an image file on a filesystem that is frozen`,
				detail: `${list(loops.map(({mount, loop}) => `${mount} in ${loop!.image} on ${loop!.parent}`), 4)}. Azure freezes the filesystem below, not the one in the image: programs that write there hang until the thaw, and its data is not flushed into the snapshot. Freezing tools that freeze both in the wrong order hang for good.`,
				remedy: 'Keep the data of the application on a disk of its own.',
				source: 'filesystems',
			})];
		},
	}),
	check({
		id: 'no-containers-on-frozen',
		title: 'no containers write to a filesystem that is frozen',
		needs: ['filesystems'],
		applies: freezing,
		conclude({filesystems}) {
			const overlays = filesystems.filter(({type, mount}) => type === 'overlay' && mount !== '/' && /\/(?:docker|containers|containerd|kubelet|podman|overlay2?)\b/.test(mount));
			return overlays.length === 0 ? [] : [finding({
				id: 'filesystems-containers',
				severity: 'info',
				title: `${count(overlays.length, 'container runs', 'containers run')} on overlay filesystems`,
				detail: 'An overlay cannot be frozen itself; whatever the containers write waits while the filesystem below is frozen, and health checks of a few seconds may fail.',
				remedy: 'Give databases in containers a volume, and let the pre-script hold them.',
				note: overlays[0]!.mount,
				source: 'filesystems',
			})];
		},
	}),
	check({
		id: 'no-mounts-on-files',
		title: 'no single files are mounted',
		needs: ['filesystems'],
		applies: freezing,
		conclude({filesystems}) {
			const files = filesystems.filter(({onFile, azure}) => onFile === true && azure === 'freezes');
			return files.length === 0 ? [] : [finding({
				id: 'filesystems-bind-file',
				severity: 'warning',
				title: `${list(files.map(({mount}) => mount), 3)} ${files.length === 1 ? 'is a single file' : 'are single files'} that ${files.length === 1 ? 'is' : 'are'} mounted`,
				detail: 'Azure opens each mount point as a directory before it freezes; a file refuses that, and the backup fails (error 123).',
				remedy: 'Unmount it, or name it in MountsToSkip in /etc/azure/vmbackup.conf, section [SnapshotThread].',
				source: 'filesystems',
			})];
		},
	}),
	check({
		id: 'no-network-filesystems',
		title: 'no network filesystems that could hang the backup',
		needs: ['filesystems'],
		conclude({filesystems}) {
			const remote = filesystems.filter(({type}) => network.test(type));
			const found: Finding[] = [];
			if (remote.length > 0) {
				found.push(finding({
					id: 'filesystems-network',
					severity: 'info',
					title: `${list(remote.map(({mount}) => mount), 3)} ${remote.length === 1 ? 'lies' : 'lie'} on another machine`,
					detail: 'It is not part of the snapshot. And while that machine does not answer, programs that ask for free space, as backup agents do, hang.',
					remedy: 'Mount it with the options soft and timeo, or automatically when needed, where that is possible.',
					source: 'filesystems',
				}));
			}

			return found;
		},
	}),
];
