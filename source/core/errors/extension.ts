import type {ErrorEntry} from './entry.js';

const configurationIgnored = 'Azure runs neither script, whatever continueBackupOnFailure says, and makes a file-system consistent backup that it reports as a success.';
const backupFails = 'The backup fails; the post-script still runs.';
const neverSeen = 'Defined by the extension and never reported by it.';

function unused(code: number, name: string, instead: string): ErrorEntry {
	return {name, code, aliases: [], happened: neverSeen, effect: `In its place the extension reports ${instead}.`, remedies: [`See: quiesce explain ${instead}`]};
}

/** What the extension reports beyond the documentation's ten: its plugin host and configuration, the freeze, the snapshot. */
export const extensionErrors: readonly ErrorEntry[] = [
	{
		name: 'FailedPrepostPluginhostPreTimeout', code: 310, aliases: [],
		happened: 'The part of the extension that runs the pre-script never answered: almost always parameters, retries or a plugin name of a type that it cannot use, such as null.',
		effect: 'Azure waits for its whole limit, up to 30 minutes, and then makes a file-system consistent backup, whatever continueBackupOnFailure says.',
		remedies: ['Look at the types of preScriptParams, preScriptNoOfRetries and pluginName: quiesce doctor names the key.'],
	},
	{
		name: 'FailedPrepostPluginhostPostTimeout', code: 311, aliases: [],
		happened: 'The part of the extension that runs the post-script never answered: almost always parameters, retries or a plugin name of a type that it cannot use, such as null.',
		effect: 'Azure waits for its whole limit, up to 30 minutes. The application may still be held.',
		remedies: ['Look first whether the application takes writes again.', 'Look at the types of postScriptParams, postScriptNoOfRetries and pluginName: quiesce doctor names the key.'],
	},
	unused(312, 'FailedPrepostCheckSumMismatch', '305'),
	{
		name: 'FailedPrepostPluginhostConfigNotFound', code: 313, aliases: [],
		happened: 'The extension finds no plugin host file, neither in /etc/azure nor its own.',
		effect: configurationIgnored,
		remedies: ['Reinstall the backup extension: its own file is missing.'],
	},
	{
		name: 'FailedPrepostPluginhostConfigPermissionError', code: 314, aliases: [],
		happened: 'The plugin host file does not belong to root, or others may write to it.',
		effect: configurationIgnored,
		remedies: ['chown root /etc/azure/VMSnapshotPluginHost.conf && chmod 644 /etc/azure/VMSnapshotPluginHost.conf'],
	},
	unused(315, 'FailedPrepostPluginhostConfigOwnershipError', '314'),
	{
		name: 'FailedPrepostPluginConfigNotFound', code: 316, aliases: [],
		happened: 'There is no configuration of the scripts: the normal state of most VMs.',
		effect: configurationIgnored,
		remedies: ['Set it up: quiesce setup.', 'Mind the name: Azure reads VMSnapshotScriptPluginConfig.json, never VMSnapshotPluginConfig.json, as the documentation calls it.'],
	},
	{
		name: 'FailedPrepostPluginConfigPermissionError', code: 317, aliases: [],
		happened: 'The scripts\' configuration does not belong to root, is executable, or its group or others have a permission on it.',
		effect: configurationIgnored,
		remedies: ['chown root /etc/azure/VMSnapshotScriptPluginConfig.json && chmod 600 /etc/azure/VMSnapshotScriptPluginConfig.json'],
	},
	unused(318, 'FailedPrepostPluginConfigOwnershipError', '317'),
	{
		name: 'FailedRetryableFsFreezeFailed', code: 121, aliases: ['FailedFsFreezeFailed'],
		happened: 'A filesystem refused to be frozen: mostly, because another program had frozen it already.',
		effect: `${backupFails} Where it was frozen already, Azure's extension has thawed it by now, together with its own.`,
		remedies: ['Look for a second backup at the same time, or for a filesystem that was left frozen: quiesce doctor.', 'Find out which filesystem it is: quiesce cycle names it. For a backup of Azure\'s: quiesce watch --once.', 'Leave it out: MountsToSkip in /etc/azure/vmbackup.conf ("/" cannot be left out).'],
	},
	{
		name: 'FailedRetryableFsFreezeTimeout', code: 122, aliases: [],
		happened: 'Freezing took too long. Azure\'s extension waits 66 seconds where nothing is set.',
		effect: backupFails,
		remedies: ['Back up when the disks have less to write.', 'Raise SafeFreezeWaitInSeconds in /etc/azure/vmbackup.conf.', 'Look whether something is still frozen: quiesce doctor.'],
	},
	{
		name: 'FailedRetryableUnableToOpenMount', code: 123, aliases: [],
		happened: 'A mount point could not be opened: a stale mount, mostly.',
		effect: backupFails,
		remedies: ['Unmount what is stale: findmnt, then umount.', 'Leave it out: MountsToSkip in /etc/azure/vmbackup.conf.'],
	},
	{
		name: 'FailedSafeFreezeBinaryNotFound', code: 124, aliases: [],
		happened: 'The extension\'s program that freezes is missing.',
		effect: backupFails,
		remedies: ['Reinstall the backup extension.'],
	},
	{
		name: 'FailedGuestAgentInvokedCommandTooLate', code: 402, aliases: [],
		happened: 'More than 140 minutes had passed since the backup was asked for: the guest agent started the extension too late, or the scripts took too long.',
		effect: 'There is no backup this time; Azure tries again.',
		remedies: ['Look at the guest agent: systemctl status walinuxagent (or waagent).', 'Look at the clock of the VM: timedatectl.'],
	},
	{
		name: 'error', code: 2, aliases: [],
		happened: 'The extension itself ended with an exception, or the filesystems thawed by themselves, at safefreeze\'s time-out, before the snapshot was taken. An exception after a failed script: continueBackupOnFailure is neither true nor false, but a text ("false") or null.',
		effect: 'There is no backup. After an exception behind a failed pre-script the post-script does not run: the application may still be held.',
		remedies: ['Look which of the two it was: quiesce watch --once.', 'Write continueBackupOnFailure without quotes: true or false.', 'Where the snapshot came too late: raise timeout in the section [SnapshotThread] of /etc/azure/vmbackup.conf.'],
	},
	{
		name: 'FailedRetryableSnapshotFailedNoNetwork', code: 76, aliases: [],
		happened: 'None of the snapshots could be taken: the host did not answer, or the storage could not be reached.',
		effect: `${backupFails} Azure tries again.`,
		remedies: [
			'Look whether the VM reaches the host: curl -s -o /dev/null -w "%{http_code}" http://168.63.129.16/ must answer with a number other than 000.',
			'Let no firewall, proxy or route in the VM block 168.63.129.16.',
			'Where it comes every night, ask Azure\'s support with the task id of the backup.',
		],
	},
	{
		name: 'FailedRetryableSnapshotFailedRestrictedNetwork', code: 761, aliases: [],
		happened: 'Some of the snapshots could be taken, others not: mostly a network rule in the way of the storage.',
		effect: `${backupFails} Azure tries again.`,
		remedies: ['Let the VM reach Azure\'s storage (service tag Storage) and 168.63.129.16.', 'Look at the proxy of the guest agent: /etc/waagent.conf.'],
	},
	{
		name: 'FailedRetryableSnapshotRateExceeded', code: 173, aliases: [],
		happened: 'Azure takes no more snapshots of one of the disks just now: too many were asked for in a short time.',
		effect: `${backupFails} The extension cannot name this error in its own status file, which goes on saying that the backup is running.`,
		remedies: ['Wait: Azure tries again.', 'Look whether another tool takes snapshots of the same disks.'],
	},
	{
		name: 'FailedHostSnapshotRemoteServerError', code: 556, aliases: [],
		happened: 'Azure\'s host answered the request for a snapshot with an error of its own.',
		effect: `${backupFails} Azure tries again.`,
		remedies: ['Wait for the next try.', 'Where it comes every night, ask Azure\'s support with the task id of the backup.'],
	},
	{
		name: 'error_parameter', code: 11, aliases: [],
		happened: 'The extension was given no usable settings by the service.',
		effect: 'There is no backup, and no script runs.',
		remedies: ['Look at the guest agent: systemctl status walinuxagent (or waagent).', 'Reinstall the backup extension.'],
	},
	{
		name: 'error_12', code: 12, aliases: [],
		happened: 'A file or a command that the extension needs is not there.',
		effect: 'There is no backup, and after a failed pre-script the post-script may not have run.',
		remedies: ['Read which one, at the end of the extension\'s log: quiesce watch --once.', 'Reinstall the backup extension.'],
	},
	{
		name: 'FailedHandlerGuestAgentCertificateNotFound', code: 16, aliases: [],
		happened: 'The guest agent has not brought the certificate with which the extension reads its settings.',
		effect: 'There is no backup, and no script runs.',
		remedies: ['Update and restart the guest agent: systemctl restart walinuxagent (or waagent).'],
	},
	{
		name: 'FailedInvalidDataDiskLunList', code: 17, aliases: [],
		happened: 'The service excluded disks from the backup and named none that are left.',
		effect: 'There is no backup, and no script runs.',
		remedies: ['Look at the disk selection of the backup item in the vault.'],
	},
	{
		name: 'FailedSnapshotLimitReached', code: 85, aliases: [],
		happened: 'There are too many snapshots of one of the disks.',
		effect: backupFails,
		remedies: ['Delete snapshots that nobody needs, or wait until Azure has removed its own.'],
	},
	...([[13, 'error_wrong_time'], [14, 'error_same_taskid']] as const).map(([code, name]): ErrorEntry => ({
		name, code, aliases: [], happened: neverSeen, effect: 'None: no backup ends with it.',
		remedies: ['Where you meet it all the same, read the end of the extension\'s log: quiesce watch --once.'],
	})),
	{
		name: 'error_http_failure', code: 15, aliases: [],
		happened: 'A request over the network failed: to the host, for the snapshot, or to the storage, for the extension\'s own log and status.',
		effect: 'Where it was the request for the snapshot, the backup fails and Azure tries again. What could only not be reported changes nothing about the snapshot.',
		remedies: ['Let the VM reach Azure\'s storage (service tag Storage) and 168.63.129.16.', 'Read the end of the extension\'s log: quiesce watch --once.'],
	},
];
