import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {examineFacts} from '../../../source/core/checks/examination.js';
import {hasErrors} from '../../../source/core/checks/finding.js';
import type {FilesystemFacts, OpenPlace} from '../../../source/core/checks/facts.js';
import type {Finding, Severity} from '../../../source/core/checks/finding.js';
import {checks} from '../../../source/core/checks/index.js';
import {configurationPath, makeFacts, makeFile, type FactsOrder} from '../../support/facts.js';

/** What is noticed, in the order of the report, without what is always said (which filesystems are frozen). */
function noticed(order: FactsOrder): readonly string[] {
	return examineFacts(makeFacts(order)).findings.filter(({id}) => id !== 'filesystems-frozen').map(({severity, id}) => `${severity} ${id}`);
}

function find(order: FactsOrder, id: string): Finding {
	const {findings} = examineFacts(makeFacts(order));
	const found = findings.find(finding => finding.id === id);
	assert.ok(found !== undefined, `${id} is not among ${findings.map(finding => finding.id).join(' ')}`);
	return found;
}

const open: OpenPlace = {path: '/opt', mode: 0o777, owner: 'root', because: 'everybody'};
const disk = (mount: string, change: Partial<FilesystemFacts> = {}): FilesystemFacts => ({mount, type: 'ext4', source: '/dev/sdb1', azure: 'freezes', ...change});
const retries = {preScriptNoOfRetries: 3};
const text = (words: string): FactsOrder => ({pre: {text: words}});

test('on a machine on which everything is fine there is nothing to say', () => {
	const {findings, fine, sentence, checked} = examineFacts(makeFacts());
	assert.deepEqual(findings.map(({id}) => id), ['filesystems-frozen']);
	assert.equal(sentence, 'Tonight\'s backup will be application-consistent.');
	assert.equal(fine.length, checked);
	assert.ok(checked > 35);
});

test('ids and titles of checks are unique', () => {
	for (const words of [checks.map(({id}) => id), checks.map(({title}) => title)]) assert.equal(new Set(words).size, words.length);
});

/** Each order with all that must be noticed: no more, no less. */
const table: Readonly<Record<string, readonly [FactsOrder, ...string[]]>> = {
	'no configuration': [{text: null}, 'error configuration-missing'],
	'the configuration is a directory': [{text: null, configuration: {kind: 'directory'}}, 'error configuration-no-file'],
	'the documentation\'s name': [{text: null, configuration: {documented: makeFile('/etc/azure/VMSnapshotPluginConfig.json', '{}')}}, 'error configuration-documented-name'],
	'a second configuration': [{configuration: {documented: makeFile('/etc/azure/VMSnapshotPluginConfig.json', '{}')}}, 'info configuration-second-file'],
	'another file than Azure reads': [{configuration: {readByExtension: false}}, 'info configuration-elsewhere'],
	'the owner may execute the configuration': [{configuration: {mode: 0o700}}, 'error configuration-permissions'],
	'a set-id bit on the configuration': [{configuration: {mode: 0o4600}}],
	'the configuration in an open directory': [{configuration: {openPlaces: [open]}}, 'error configuration-directory-writable'],
	'empty configuration': [{text: ''}, 'error configuration-not-json'],
	'a list': [{text: '[]'}, 'error configuration-no-object'],
	'nested too deep': [{text: '['.repeat(2000)}, 'error configuration-not-json'],
	'a key twice with two values': [{text: `${JSON.stringify(makeFacts().configuration.settings).slice(0, -1)}, "timeoutInSeconds": 31}`}, 'warning configuration-duplicate-keys', 'info timeout-rounded'],
	'a key twice with one value': [{text: `${JSON.stringify(makeFacts().configuration.settings).slice(0, -1)}, "timeoutInSeconds": 30}`}],

	'no pre-script named': [{settings: {preScriptLocation: undefined}}, 'error pre-script-location-not-given'],
	'the documentation\'s spelling': [{settings: {preScriptLocation: undefined, PreScriptLocation: '/etc/azure/pre.sh'}}, 'error misspelt-pre-script-location'],
	'a misspelt setting': [{settings: {timeoutInSeconds: undefined, timeOutInSecond: 30}}, 'warning misspelt-time-out-in-second'],
	'the same value in both spellings': [{settings: {PreScriptParams: []}}, 'info misspelt-pre-script-params'],
	'two values in two spellings': [{settings: {preScriptParams: ['a'], PreScriptParams: ['b']}}, 'warning misspelt-pre-script-params'],
	'keys of somebody else': [{settings: {comment: 'x', preScript: 1, version: 2, scripts: []}}],
	'a location that is a number': [{settings: {preScriptLocation: 5}}, 'error pre-script-location-no-text'],
	'an empty location': [{settings: {postScriptLocation: ''}}, 'error post-script-missing'],
	'a missing script': [{pre: {file: makeFile('/etc/azure/pre.sh', null), text: null}}, 'error pre-script-missing'],
	'a script that is a directory': [{pre: {file: makeFile('/etc/azure/pre.sh', null, {kind: 'directory', mode: 0o755}), text: null}}, 'error pre-script-missing'],
	'a script that others may read': [{post: {file: makeFile('/etc/azure/post.sh', '', {mode: 0o744})}}, 'error post-script-permissions'],
	'a script that is not executable': [{pre: {file: makeFile('/etc/azure/pre.sh', '', {mode: 0o400})}}],
	'a script in an open directory': [{pre: {openPlaces: [open]}}, 'error pre-script-directory-writable'],
	'a script under /tmp': [{settings: {preScriptLocation: '/tmp/pre.sh'}}, 'warning pre-script-temporary'],
	'a relative script': [{settings: {postScriptLocation: 'post.sh'}}, 'warning post-script-relative'],
	'one script for both': [{settings: {postScriptLocation: '/etc/azure/pre.sh'}}, 'warning scripts-same'],
	'one script for both, told apart': [{settings: {postScriptLocation: '/etc/azure/pre.sh', postScriptParams: ['post']}}],
	'scripts on a filesystem that is frozen': [{filesystems: [disk('/data')], pre: {mount: '/data'}}, 'info scripts-on-frozen-filesystem'],

	'a setting is missing': [{settings: {timeoutInSeconds: undefined}}, 'info settings-missing'],
	'continueBackupOnFailure as text': [{settings: {continueBackupOnFailure: 'false'}}, 'warning continue-type'],
	'continueBackupOnFailure 1': [{settings: {continueBackupOnFailure: 1}}],
	'continueBackupOnFailure 2': [{settings: {continueBackupOnFailure: 2}}, 'warning continue-type'],
	'continueBackupOnFailure 1.0': [{text: JSON.stringify(makeFacts().configuration.settings).replace('"continueBackupOnFailure":true', '"continueBackupOnFailure":1.0')}, 'warning continue-type'],
	'fsFreezeEnabled as text': [{settings: {fsFreezeEnabled: 'false'}}, 'warning freeze-type'],
	'fsFreezeEnabled 0': [{settings: {fsFreezeEnabled: 0}}, 'info freeze-off'],
	'pluginName null': [{settings: {pluginName: null}}, 'error plugin-name-no-text', 'error plugin-name-no-text-post'],
	'retries': [{settings: retries}, 'warning retries-ignored'],
	'retries as text': [{settings: {preScriptNoOfRetries: '2'}}, 'warning pre-script-no-of-retries-type', 'warning retries-ignored'],
	'retries without end': [{text: JSON.stringify(makeFacts().configuration.settings).replace('"postScriptNoOfRetries":0', '"postScriptNoOfRetries":Infinity')}, 'warning post-script-no-of-retries-type', 'warning retries-ignored'],
	'time limit as text': [{settings: {timeoutInSeconds: '30'}}, 'error timeout-type'],
	'time limit 0': [{settings: {timeoutInSeconds: 0}}, 'warning timeout-too-small'],
	'time limit true': [{settings: {timeoutInSeconds: true}}, 'warning timeout-too-small'],
	'time limit above the host\'s': [{settings: {timeoutInSeconds: 3600}}, 'warning timeout-capped'],
	'time limit between two polls': [{settings: {timeoutInSeconds: 31}}, 'info timeout-rounded'],
	'polling null': [{settings: {ScriptsExecutionPollTimeSeconds: null}}, 'error poll-type'],
	'polling 9': [{settings: {ScriptsExecutionPollTimeSeconds: 9}}, 'info poll-ignored'],
	'polling "2"': [{settings: {ScriptsExecutionPollTimeSeconds: '2'}}],
	'polling beyond all bounds': [{text: JSON.stringify(makeFacts().configuration.settings).replace('}', `,"ScriptsExecutionPollTimeSeconds":1${'0'.repeat(400)}}`)}, 'info poll-ignored'],
	'polling in other digits': [{settings: {ScriptsExecutionPollTimeSeconds: '２'}}],
	'polling Infinity': [{text: JSON.stringify(makeFacts().configuration.settings).replace('}', ',"ScriptsExecutionPollTimeSeconds":1e999}')}, 'error poll-type'],

	'parameters null': [{settings: {preScriptParams: null}}, 'error pre-script-params-no-list'],
	'parameters as text': [{settings: {preScriptParams: 'hold'}}, 'warning pre-script-params-text'],
	'parameters as an object': [{settings: {postScriptParams: {a: 1}}}, 'warning post-script-params-object'],
	'a NUL in a parameter': [{settings: {preScriptParams: ['a\0b']}}, 'error pre-script-params-not-passable'],
	'a NUL in parameters as text': [{settings: {preScriptParams: 'a\0b'}}, 'error pre-script-params-not-passable', 'warning pre-script-params-text'],
	'a parameter that is too long': [{settings: {preScriptParams: ['x'.repeat(131_072)]}}, 'error pre-script-params-not-passable'],
	'parameters that are too long together': [{settings: {preScriptParams: Array.from({length: 20}, () => 'x'.repeat(120_000))}}, 'error pre-script-params-not-passable'],
	'half a character in a parameter': [{text: JSON.stringify(makeFacts().configuration.settings).replace('"preScriptParams":[]', '"preScriptParams":["\\ud800"]')}, 'error pre-script-params-not-passable'],
	'truth values among the parameters': [{settings: {preScriptParams: [true, 'a']}}, 'warning pre-script-params-odd-items'],
	'the template\'s empty parameters': [{settings: {preScriptParams: ['', '']}}, 'info pre-script-params-template'],
	'a password among the parameters': [{settings: {preScriptParams: ['--password', 'hunter2']}}, 'warning pre-script-params-secret'],
	'a key among the parameters': [{settings: {postScriptParams: ['DefaultKey=abc', 'AccountKey=Zm9v']}}, 'warning post-script-params-secret'],
	'harmless parameters': [{settings: {preScriptParams: ['/var/lib/mysql/data', '--password-file', '/root/pw', 'sqlpass', 'd41d8cd98f00b204e9800998ecf8427e', '--pass=$PASS', 'https://host/x']}}],

	'a program': [{pre: {text: '\u007FELF\0\0'}}, 'error pre-script-binary'],
	'Python, which sh can read by chance': [text('#!/usr/bin/python3\nprint\n'), 'warning pre-script-interpreter-ignored'],
	'Python, which sh cannot read': [{pre: {text: '#!/usr/bin/env python3\nprint("a"', syntax: {line: 2, message: '"(" unexpected'}}}, 'error pre-script-interpreter-ignored'],
	'a mistake that is reached': [{pre: {text: '#!/bin/sh\nif\n', syntax: {line: 3, message: 'end of file unexpected'}}}, 'error pre-script-syntax'],
	'a mistake behind an end': [{pre: {text: '#!/bin/sh\n[ -e /x ] || exit 0\nif\n', syntax: {line: 4, message: 'end of file unexpected'}}}, 'warning pre-script-syntax'],
	'data behind the end': [{pre: {text: '#!/bin/sh\nexit 0\n(((\n', syntax: {line: 3, message: '"(" unexpected'}}}],
	'bash behind the place where bash takes over': [{pre: {text: '#!/bin/sh\n[ -n "$BASH_VERSION" ] || exec bash "$0" "$@"\na=(1)\n', syntax: {line: 3, message: '"(" unexpected'}}}],
	'a mistake in bash': [{pre: {text: '#!/bin/bash\na=(1)\n', syntax: {line: 2, message: '"(" unexpected'}}}, 'error pre-script-needs-bash'],
	'bash that is sure to fail': [{pre: {text: '#!/bin/bash\nset -o pipefail\n', dialect: [{feature: 'set -o pipefail', line: 2, fatal: true, certain: true}]}}, 'error pre-script-needs-bash'],
	'bash that may fail': [{pre: {text: '#!/bin/bash\nif [[ a = b ]]; then :; fi\n', dialect: [{feature: '[[ … ]]', line: 2, fatal: false, certain: true}]}}, 'warning pre-script-needs-bash'],
	'Windows line ends': [text('#!/bin/sh\r\necho a\r\n'), 'warning pre-script-line-ends'],
	'Windows line ends that fail': [text('#!/bin/sh\r\nexit 0\r\n'), 'error pre-script-line-ends'],
	'Windows line ends in comments': [text('#!/bin/sh\r\nexit 0\n'), 'info pre-script-line-ends'],
	'an interpreter that is not there': [{pre: {interpreter: {path: '/opt/sh', exists: false}}}, 'info pre-script-interpreter-missing'],
	'a mistake that shellcheck finds': [{pre: {mistakes: [{line: 2, code: 'SC1000', message: 'Wrong.'}]}}, 'info pre-script-mistake'],
	'no sh': [{machine: {shell: null}}, 'error shell-missing'],
	'a loud script': [text('#!/bin/sh\nhead -c 200000 /dev/zero\n'), 'warning pre-script-loud'],
	'a pre-script that stops what nobody starts': [text('#!/bin/sh\nsystemctl stop mysql\n'), 'warning pair-not-started'],
	'a pre-script that stops, a post-script that starts': [{...text('#!/bin/sh\nsystemctl stop mysql\n'), post: {text: '#!/bin/sh\nsystemctl start mysql\n'}}],
	'a pre-script that locks': [text('mongosh --eval "db.fsyncLock()"\n'), 'warning pair-not-released'],
	'a pre-script that locks, in a here-document': [text('sqlplus / as sysdba <<EOF\nalter database begin backup;\nEOF\n'), 'warning pair-not-released'],
	'a lock in MySQL that ends with its client': [text('mysql -e "FLUSH TABLES WITH READ LOCK"\n'), 'warning pair-lock-lost'],
	'a lock in MySQL whose client stays': [text('mysql -e "FLUSH TABLES WITH READ LOCK; SELECT SLEEP(100)" &\n')],
	'a lock in a comment': [text('# mysql -e "FLUSH TABLES WITH READ LOCK"\n')],
	'a pre-script that freezes': [text('#!/bin/sh\nfsfreeze -f /data\n'), 'warning pre-script-freezes'],
	'halves of two bundled pairs': [{...text('#!/bin/sh\n# quiesce: mariadb, pre-script\n'), post: {text: '#!/bin/sh\n# quiesce: redis, post-script\n'}}, 'warning pair-not-bundled'],

	'nothing to freeze': [{filesystems: [disk('/', {type: 'zfs', azure: 'skips', because: 'type'})]}, 'warning filesystems-none', 'info filesystems-not-frozen'],
	'nothing to freeze, and freezing is off': [{filesystems: [], settings: {fsFreezeEnabled: false}}, 'info freeze-off'],
	'filesystems that are left out': [{filesystems: [disk('/'), disk('/boot/efi', {type: 'vfat', azure: 'skips', because: 'type'}), disk('/run', {type: 'tmpfs', azure: 'skips', because: 'type'})]}, 'info filesystems-not-frozen'],
	'a loop device': [{filesystems: [disk('/'), disk('/img', {azure: 'skips', because: 'loop', loop: {image: '/data.img', parent: '/'}})]}, 'warning filesystems-loop-on-frozen', 'info filesystems-not-frozen'],
	'a snap': [{filesystems: [disk('/'), disk('/snap/x', {type: 'squashfs', azure: 'skips', because: 'type', loop: {image: '/x.snap', parent: '/'}})]}],
	'containers': [{filesystems: [disk('/'), disk('/var/lib/docker/overlay2/x/merged', {type: 'overlay', azure: 'skips', because: 'type'})]}, 'info filesystems-containers'],
	'a file that is mounted': [{filesystems: [disk('/'), disk('/etc/hosts', {onFile: true})]}, 'warning filesystems-bind-file'],
	'NFS': [{filesystems: [disk('/'), disk('/mnt', {type: 'nfs4', azure: 'skips', because: 'type'})]}, 'info filesystems-not-frozen', 'info filesystems-network'],

	'left frozen': [{machine: {leftFrozen: ['/data']}}, 'error frozen-by-quiesce'],
	'somebody waits for a frozen filesystem': [{machine: {stalled: [{pid: 7, name: 'cp'}]}}, 'warning frozen-by-somebody'],
	'no extension': [{machine: {extensionDirectory: null}}, 'info extension-not-installed'],
	'a lock that is held': [{machine: {lock: {state: 'held', path: '/l', holder: {pid: 7, name: 'python3'}}}}, 'info lock-held'],
	'a stale lock': [{machine: {lock: {state: 'stale', path: '/l', holder: null}}}, 'info lock-stale'],
	'a gate': [{machine: {fanotify: [{pid: 9, name: 'fapolicyd'}]}}, 'warning fanotify-gate'],
	'an agent that freezes': [{machine: {agents: [{name: 'VMware Tools', evidence: 'vmtoolsd (3)', freezes: true, running: true}]}}, 'warning agents-freezing'],
	'an agent that rests': [{machine: {agents: [{name: 'VMware Tools', evidence: '/etc/vmware-tools', freezes: true, running: false}]}}, 'info agents-present'],
	'a plugin host file of everybody\'s': [{host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', '[pre_post]\n', {mode: 0o666})}, 'error host-permissions'],
	'a damaged plugin host file': [{host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', 'damaged', {mode: 0o644})}, 'error host-damaged'],
	'a plugin host file that is a directory': [{host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', null, {kind: 'directory', mode: 0o755, owner: 'root'})}],
	'the extension\'s own plugin host file, damaged': [{shippedHost: makeFile('/var/lib/waagent/x/main/VMSnapshotPluginHost.conf', '[pre_post]\nnumberOfPlugins: one\n', {mode: 0o644})}, 'error host-damaged'],
	'the extension\'s own plugin host file, everybody\'s': [{shippedHost: makeFile('/var/lib/waagent/x/main/VMSnapshotPluginHost.conf', '[pre_post]\n', {mode: 0o666})}, 'error host-permissions'],
	'the extension\'s own plugin host file is gone': [{shippedHost: makeFile('/var/lib/waagent/x/main/VMSnapshotPluginHost.conf', null)}, 'error verdict-313'],
	'a plugin that the extension does not bring': [{host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', `[pre_post]\nnumberOfPlugins: 1\npluginName0: oracle\npluginPath0: /etc/azure\npluginConfigPath0: ${configurationPath}\n`, {mode: 0o644})}, 'error host-damaged'],
	'a plugin host file that leaves no time': [{host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', `[pre_post]\ntimeoutInSeconds: -60\nnumberOfPlugins: 1\npluginName0: ScriptRunner\npluginPath0: /etc/azure\npluginConfigPath0: ${configurationPath}\n`, {mode: 0o644})}, 'error host-no-time', 'warning timeout-capped'],
	'a plugin host file without plugins': [{host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', '[pre_post]\nnumberOfPlugins: 0\n', {mode: 0o644}), configuration: {mode: 0o777}}, 'warning host-no-plugins'],
	'a plugin host file with two plugins': [{host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', `[pre_post]\nnumberOfPlugins: 2\n${[0, 1].map(index => `pluginName${index}: ScriptRunner\npluginPath${index}: /etc/azure\npluginConfigPath${index}: ${configurationPath}\n`).join('')}`, {mode: 0o644})}, 'warning host-several-plugins'],
	'a plugin host file that promises a second plugin': [{host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', `[pre_post]\nnumberOfPlugins: 2\npluginName0: ScriptRunner\npluginPath0: /etc/azure\npluginConfigPath0: ${configurationPath}\n`, {mode: 0o644})}, 'error host-damaged'],
	'a workload': [{workload: '[workload]\nworkload_name = oracle\nlinux_user = oracle\n', text: null}, 'info workload-takes-over'],
	'a workload, and a plugin host file that nobody reads then': [{workload: '[workload]\nworkload_name = oracle\nlinux_user = oracle\n', host: makeFile('/etc/azure/VMSnapshotPluginHost.conf', 'damaged', {mode: 0o666})}, 'info workload-takes-over'],
	'a workload without a login': [{workload: '[workload]\nworkload_name = oracle\n'}, 'error workload-error-505', 'info workload-takes-over'],
	'a workload with a folder that it has no use for': [{workload: '[workload]\nworkload_name = oracle\nlinux_user = oracle\nipc_folder = /tmp\n'}, 'error workload-error-510', 'info workload-takes-over'],
	'a workload that others may write': [{workload: '[workload]\nworkload_name = oracle\nlinux_user = oracle\n', workloadFile: {mode: 0o666}}, 'error workload-writable', 'info workload-takes-over'],
	'a workload whose password others may read': [{workload: '[workload]\nworkload_name = oracle\ncredString = -psecret\n', workloadFile: {mode: 0o644}}, 'warning workload-readable', 'info workload-takes-over'],
	'a last backup that was less': [{logged: {at: '2026-11-23T01:12:00.000Z', running: false, verdict: {outcome: 'file-system-consistent', errors: [{name: 'Pre-ScriptTimeout', code: 308}]}}}, 'warning last-backup-less'],
	'a last backup that was fine': [{logged: {at: '2026-11-23T01:12:00.000Z', running: false, verdict: {outcome: 'application-consistent', errors: []}}}],
};

suite('what is noticed', () => {
	for (const [name, [order, ...expected]] of Object.entries(table)) {
		test(name, () => {
			assert.deepEqual([...noticed(order)].toSorted(), [...expected].toSorted());
			const examination = examineFacts(makeFacts(order));
			assert.equal(hasErrors(examination), expected.some(words => words.startsWith('error ')));
			for (const {title, detail, remedy, fixable, mend} of examination.findings) {
				assert.ok(!title.endsWith('.') && title.trim() === title && title.length > 10 && title.length < 120, title);
				assert.ok(detail.endsWith('.') || detail.endsWith('.)'), detail);
				assert.ok(remedy.length > 10 && !/undefined|null\b.*null/.test(`${title}${remedy}`), remedy);
				assert.equal(fixable, mend !== undefined);
			}
		});
	}
});

suite('the report', () => {
	test('the verdict\'s errors come first, in its order, then other errors, warnings, information', () => {
		const order: FactsOrder = {settings: {...retries, timeoutInSeconds: 31}, configuration: {openPlaces: [open]}, pre: {file: makeFile('/etc/azure/pre.sh', '', {mode: 0o755})}, machine: {extensionDirectory: null}};
		const severities = examineFacts(makeFacts(order)).findings.map(({severity}) => severity);
		assert.deepEqual(severities, ['error', 'error', 'warning', ...severities.slice(3)]);
		assert.ok(severities.slice(3).every((severity: Severity) => severity === 'info'));
		assert.equal(noticed(order)[0], 'error pre-script-permissions');
	});

	test('a script that is sure to fail is said, although the verdict cannot see it', () => {
		const {sentence, verdict} = examineFacts(makeFacts({pre: {text: 'if\n', syntax: {line: 2, message: 'end of file unexpected'}}}));
		assert.deepEqual(verdict, {outcome: 'application-consistent', errors: []});
		assert.equal(sentence, 'Azure accepts the configuration, but tonight\'s backup will not be application-consistent: the pre-script will fail.');
	});

	test('secrets are said of, and not shown', () => {
		const {findings} = examineFacts(makeFacts({settings: {PreScriptParams: ['--password', 'hunter2', '-h'], postScriptParams: 'AccountKey=Zm9vYmFy'}}));
		assert.doesNotMatch(JSON.stringify(findings.map(({title, detail, remedy, note}) => [title, detail, remedy, note])), /hunter2|Zm9vYmFy/);
		assert.match(find({settings: {PreScriptParams: ['--password', 'hunter2', '-h']}}, 'misspelt-pre-script-params').detail, /\["--password","…","-h"\]/);
	});

	test('errors of the database\'s own scripts are told in the error table\'s words', () => {
		const {detail, remedy, error} = find({workload: '[workload]\nworkload_name = mysql\nlinux_user = root\n'}, 'workload-error-507');
		assert.equal(error, 'FailedWorkloadIPCDirectoryMissing');
		assert.match(detail, /ipc_folder/);
		assert.match(remedy, /folder/);
	});
});
