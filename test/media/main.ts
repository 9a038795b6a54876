// npm run media: takes the pictures in media/ from the real screens, in the demo's laboratory and a real terminal. Needs root and tmux.
import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {openLaboratory, type Laboratory} from '../../source/demo/laboratory.js';
import {generateCycle} from '../support/extension-log-generator.js';
import {must} from '../support/process.js';
import {bundledQuiesce, repository} from '../support/sandbox.js';
import {firstReason, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal, type Terminal} from '../support/terminal.js';
import {picture} from './picture.js';

const reason = firstReason(whyNoSandbox(), whyNoTmux());
if (reason !== false) {
	process.stderr.write(`No pictures can be taken here: ${reason}.\n`);
	process.exit(1);
}

const directory = join(repository, 'media');
mkdirSync(directory, {recursive: true});
const logs = mkdtempSync(join(tmpdir(), 'quiesce-media-'));
const laboratory = await openLaboratory();
const sizes = {'': [80, 24], '-narrow': [40, 24], '-short': [40, 15], '-wide': [200, 60]} as const;
type Size = keyof typeof sizes;

/** What one series of pictures shows: the words for quiesce, and what is done on the way. */
type Story = {
	readonly words: readonly string[];
	readonly sizes: readonly Size[];
	/** In a process namespace of its own: what else runs on this machine is not for the picture. */
	readonly alone?: boolean;
	readonly play: (terminal: Terminal, take: (name: string) => Promise<void>) => Promise<void>;
};

const logFolder = '/var/log/azure/Microsoft.Azure.RecoveryServices.VMSnapshotLinux';
const everySize: readonly Size[] = ['', '-narrow', '-short', '-wide'];
const configuration = {
	preScriptLocation: laboratory.preScript, postScriptLocation: laboratory.postScript, preScriptParams: [laboratory.control], postScriptParams: [laboratory.control],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};

const model = join(laboratory.control, 'model.json');
writeFileSync(laboratory.inside(model), JSON.stringify(configuration, null, 2), {mode: 0o600});

const wizard: Story = {
	words: ['setup', '--mount', laboratory.disk, '--template', model],
	sizes: ['', '-narrow'],
	alone: true,
	async play(terminal, take) {
		const enter = async (...screens: readonly (string | RegExp)[]): Promise<void> => {
			for (const screen of screens) {
				await terminal.press('Enter');
				await terminal.shows(screen);
			}
		};
		await terminal.shows('none yet');
		await take('wizard-machine');
		await enter('step 2 of', /❯ .*model\.json/, '❯ My own');
		await take('wizard-scripts');
		await enter('/etc/ledger/pre.sh', '/etc/ledger/post.sh', /where they\s+are/, 'step 4 of', /parameters does the\s+post/, /pre-script tried/, /post-script tried/, 'step 6 of', 'step 7 of', 'step 8 of', 'step 9 of', /root 0755 → root 0700|root 0755   root 0700/);
		await take('wizard-permissions');
		await enter(/Tonight's backup will be/);
		await take('wizard-review');
	},
};

const cycle: Story = {
	words: ['cycle', '--mount', laboratory.disk, '--hold', '2'],
	sizes: everySize,
	async play(terminal, take) {
		await terminal.shows('FROZEN');
		await terminal.until('the freeze window counts', screen => /FROZEN +0?\.?[1-9]|FROZEN +1\./.test(screen));
		await take('cycle-frozen');
		await terminal.shows(/consistent/);
		await take('cycle-ended');
	},
};

/** Why the backup of the night before last was less than it should be. */
const lastNight: Story = {
	words: ['watch', '--log', nights()],
	sizes: everySize,
	async play(terminal, take) {
		await terminal.shows(/waiting/);
		await terminal.press('Down', 'Enter');
		await terminal.shows(/recovery\s+point,\s+not/);
		await take('watch-backup');
	},
};

const still = (words: readonly string[], name: string, pattern: RegExp): Story => ({
	words,
	sizes: everySize,
	async play(terminal, take) {
		await terminal.shows(pattern);
		await take(name);
	},
});

try {
	await show(wizard);
	await answer(configuration);
	await show(cycle);
	await inside(bundledQuiesce, ['cycle', '--json', '--snapshot', 'image', '--mount', laboratory.disk]);
	const [snapshot = ''] = readdirSync(laboratory.inside(`${laboratory.state}/snapshots`)).toSorted();
	await show(still(['verify', snapshot], 'verify', /The snapshot restores[^]*verified in/));
	await show({...still([], 'home', /Tonight[^]*Doctor.*(?:\d (?:warning|error)s?|all is well)/), alone: true});
	await show(still(['history', '--log', nights()], 'history', /\d+ cycles/));
	await show(still(['watch', '--log', nights()], 'watch', /waiting/));
	await show(lastNight);
	await show(still(['watch', '--log', tonight()], 'watch-running', /pre-script/));
	await show(still(['explain'], 'explain', /Pre-Script/));
	await inside('sh', ['-c', 'chmod 755 "$1" && sed -i "s/preScriptLocation/PreScriptLocation/" /etc/azure/VMSnapshotScriptPluginConfig.json && chmod 644 /etc/azure/VMSnapshotScriptPluginConfig.json', 'sh', laboratory.postScript]);
	await show({...still(['doctor'], 'doctor', /backup/), alone: true});
} finally {
	rmSync(logs, {recursive: true});
	await laboratory.end();
}

/** The log of twelve nights, most of them good. */
function nights(): string {
	const fates = [{}, {}, {pre: 'times-out'}, {}, {}, {post: 'fails'}, {}, {freeze: 'busy'}, {}, {}, {check: {name: 'FailedPrepostPluginConfigNotFound', code: 316}}, {}] as const;
	const today = Math.floor(Date.now() / 86_400_000) * 86_400_000;
	return logOf('nights', fates.map((fate, night) => generateCycle({...fate, at: today - (fates.length - 1 - night) * 86_400_000 + 72 * 60_000, task: `${night}5af1c3e-6d0b-4e27-9f54-1d1c5a0e7b21`, sequence: night}).log).join(''));
}

/** The log of a backup in which the pre-script has been running for some seconds. */
function tonight(): string {
	const {log} = generateCycle({at: Date.now() - 9000});
	return logOf('tonight', log.slice(0, log.indexOf('\n', log.indexOf('Running prescript')) + 1));
}

function logOf(name: string, text: string): string {
	const directory = join(logs, name);
	mkdirSync(directory, {recursive: true});
	const path = join(directory, 'extension.log');
	writeFileSync(path, text);
	return path;
}

async function show({words, sizes: wanted, alone = false, play}: Story): Promise<void> {
	for (const size of wanted) {
		const [columns, rows] = sizes[size];
		// A draft of the picture before would be offered.
		await inside('rm', ['-rf', `${laboratory.state}/setup-draft.json`]);
		const terminal = await open(laboratory, words, alone, columns, rows);
		try {
			await play(terminal, async name => {
				writeFileSync(join(directory, `${name}${size}.svg`), picture(await terminal.styled(), columns, rows));
				process.stdout.write(`media/${name}${size}.svg\n`);
			});
			// What it keeps at its end (a draft) must be there before it is removed for the next picture.
			await terminal.press('C-c');
			await terminal.exited();
		} finally {
			await terminal.end();
		}
	}
}

async function open({commandLine, environment}: Laboratory, words: readonly string[], alone: boolean, columns: number, rows: number): Promise<Terminal> {
	// Alone: without the machine's processes and its other disks, and with a log of the extension in the usual place.
	const surroundings = !alone ? '' : `for disk in $(findmnt --raw --noheadings --output TARGET --types ext2,ext3,ext4,xfs,btrfs); do
			case $disk in / | ${dirname(laboratory.disk)}/*) ;; *) umount --lazy "$disk" ;; esac
		done
		mount -t tmpfs log /var/log && mkdir -p ${logFolder} && cp '${nights()}' ${logFolder}/extension.log || exit 1; `;
	const [command, parameters] = commandLine('unshare', ['--uts', ...(alone ? ['--mount', '--pid', '--fork', '--mount-proc'] : []), 'sh', '-c', `hostname vm-sql-01; ${surroundings}exec "$@"`, 'sh', bundledQuiesce, ...words]);
	return openTerminal([command, ...parameters], {columns, rows, env: {...environment, LANG: 'C.UTF-8'}});
}

async function answer(settings: object): Promise<void> {
	await inside('sh', ['-c', 'printf %s "$1" | "$2" setup --answers - >/dev/null', 'sh', JSON.stringify(settings), bundledQuiesce]);
}

async function inside(command: string, parameters: readonly string[]): Promise<void> {
	const [program, words] = laboratory.commandLine(command, parameters);
	await must(program, words, {env: {...process.env, ...laboratory.environment}});
}
