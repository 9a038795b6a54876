import type {ErrorEntry} from './entry.js';

const neitherRuns = 'Azure runs neither script. With continueBackupOnFailure the backup becomes file-system consistent, without it there is no backup.';
const lessConsistent = 'With continueBackupOnFailure the backup becomes file-system consistent, without it it fails.';
const configurationIgnored = 'Azure runs neither script, whatever continueBackupOnFailure says, and makes a file-system consistent backup that it reports as a success.';

/** The documentation's ten errors of the pre- and post-scripts. */
export const scriptErrors: readonly ErrorEntry[] = [
	{
		name: 'Pre-ScriptExecutionFailed', code: 300, aliases: ['FailedPrepostPreScriptFailed'],
		happened: 'The pre-script ended with an exit code other than 0, or was killed.',
		effect: `The application may not have been held when the snapshot was taken. ${lessConsistent} Azure does not run the script again, whatever preScriptNoOfRetries says.`,
		remedies: [
			'Read the log that the pre-script writes itself: Azure throws its output away.',
			'Run it the way Azure does: quiesce cycle (or, without the freeze: sudo sh PATH-OF-THE-SCRIPT; echo $?).',
			'Write it for sh, not for bash: Azure ignores the first line (#!) and starts it with sh.',
		],
	},
	{
		name: 'Post-ScriptExecutionFailed', code: 301, aliases: ['FailedPrepostPostScriptFailed'],
		happened: 'The post-script ended with an exit code other than 0, or was killed.',
		effect: `The application may still be held. The snapshot had already been taken. ${lessConsistent}`,
		remedies: [
			'Look first whether the application takes writes again; where not, run the post-script by hand: sudo sh PATH-OF-THE-SCRIPT.',
			'Read the log that the post-script writes itself: Azure throws its output away.',
			'Make it succeed where there is nothing to release, so that it can be run twice.',
		],
	},
	{
		name: 'Pre-ScriptNotFound', code: 302, aliases: ['FailedPrepostPreScriptNotFound'],
		happened: 'There is no regular file at preScriptLocation.',
		effect: neitherRuns,
		remedies: ['Correct preScriptLocation, with an absolute path, or put the script there: quiesce setup.', 'Where it is a link, look whether its target exists.'],
	},
	{
		name: 'Post-ScriptNotFound', code: 303, aliases: ['FailedPrepostPostScriptNotFound'],
		happened: 'There is no regular file at postScriptLocation.',
		effect: neitherRuns,
		remedies: ['Correct postScriptLocation, with an absolute path, or put the script there: quiesce setup.', 'Where it is a link, look whether its target exists.'],
	},
	{
		name: 'IncorrectPluginhostFile', code: 304, aliases: ['FailedPrepostPluginhostConfigParsing'],
		happened: 'The plugin host file (/etc/azure/VMSnapshotPluginHost.conf) is damaged, or, more often, a value in the scripts\' configuration has the wrong type: a time limit as text, a path that is null, a list at the top.',
		effect: configurationIgnored,
		remedies: [
			'Look at the types in /etc/azure/VMSnapshotScriptPluginConfig.json first: quiesce doctor names the key.',
			'Where you have a plugin host file of your own in /etc/azure, compare it with the shipped one or remove it.',
			'Only then reinstall the extension.',
		],
	},
	{
		name: 'IncorrectJSONConfigFile', code: 305, aliases: ['FailedPrepostPluginConfigParsing'],
		happened: 'The scripts\' configuration is no JSON in UTF-8, or preScriptLocation or postScriptLocation is missing.',
		effect: configurationIgnored,
		remedies: [
			'Look for a comma too many, a comment, a byte order mark or quotes of a word processor: python3 -m json.tool /etc/azure/VMSnapshotScriptPluginConfig.json.',
			'Mind the small first letter: Azure ignores PreScriptLocation, as the documentation spells it.',
			'Write it anew: quiesce setup.',
		],
	},
	{
		name: 'InsufficientPermissionforPre-Script', code: 306, aliases: ['FailedPrepostPreScriptPermissionError', 'InsufficientPermissionforPre-Skript'],
		happened: 'The pre-script does not belong to root, or its group or others have a permission on it.',
		effect: neitherRuns,
		remedies: ['chown root PATH-OF-THE-SCRIPT && chmod 700 PATH-OF-THE-SCRIPT'],
	},
	{
		name: 'InsufficientPermissionforPost-Script', code: 307, aliases: ['FailedPrepostPostScriptPermissionError', 'InsufficientPermissionforPost-Skript'],
		happened: 'The post-script does not belong to root, or its group or others have a permission on it.',
		effect: neitherRuns,
		remedies: ['chown root PATH-OF-THE-SCRIPT && chmod 700 PATH-OF-THE-SCRIPT'],
	},
	{
		name: 'Pre-ScriptTimeout', code: 308, aliases: ['FailedPrepostPreScriptTimeout'],
		happened: 'The pre-script ran longer than timeoutInSeconds (10 seconds where nothing is set, 30 minutes at most).',
		effect: `${lessConsistent} Azure does not end the script: it goes on during the snapshot and the post-script.`,
		remedies: [
			'Find out what it waits for: quiesce cycle shows it live.',
			'Let it write little: Azure reads no output, and a script that has written 64 KiB to a pipe hangs. Begin it with: exec >>/var/log/pre-script.log 2>&1',
			'Raise timeoutInSeconds: quiesce setup.',
		],
	},
	{
		name: 'Post-ScriptTimeout', code: 309, aliases: ['FailedPrepostPostScriptTimeout'],
		happened: 'The post-script ran longer than timeoutInSeconds (10 seconds where nothing is set, 30 minutes at most).',
		effect: `The application may still be held, and the script still running. ${lessConsistent}`,
		remedies: [
			'Look first whether the application takes writes again.',
			'Let it write little: Azure reads no output, and a script that has written 64 KiB to a pipe hangs. Begin it with: exec >>/var/log/post-script.log 2>&1',
			'Raise timeoutInSeconds: quiesce setup.',
		],
	},
];
