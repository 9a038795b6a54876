import type {ErrorEntry} from '../errors.js';

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
		happened: 'A filesystem refused to be frozen. Where it was frozen already (by another backup, say), the extension has thawed it by now, together with its own.',
		effect: backupFails,
		remedies: ['Find the filesystem in the extension\'s log: quiesce watch --once.', 'Look for a second backup at the same time.', 'Leave it out: MountsToSkip in /etc/azure/vmbackup.conf ("/" cannot be left out).'],
	},
	{
		name: 'FailedRetryableFsFreezeTimeout', code: 122, aliases: [],
		happened: 'Freezing took longer than 66 seconds.',
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
		happened: 'The guest agent started the extension more than 140 minutes after the backup had been asked for.',
		effect: 'There is no backup this time; Azure tries again.',
		remedies: ['Look at the guest agent: systemctl status walinuxagent (or waagent).', 'Look at the clock of the VM: timedatectl.'],
	},
	{
		name: 'error', code: 2, aliases: [],
		happened: 'The extension itself ended with an exception. After a failed script: continueBackupOnFailure is neither true nor false, but a text ("false") or null.',
		effect: 'There is no backup, and after a failed pre-script the post-script does not run: the application may still be held.',
		remedies: ['Write continueBackupOnFailure without quotes: true or false.', 'Else read the end of the extension\'s log: quiesce watch --once.'],
	},
	{
		name: 'FailedSnapshotLimitReached', code: 85, aliases: [],
		happened: 'There are too many snapshots of one of the disks.',
		effect: backupFails,
		remedies: ['Delete snapshots that nobody needs, or wait until Azure has removed its own.'],
	},
];
