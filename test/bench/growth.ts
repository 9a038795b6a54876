import {spawn} from 'node:child_process';
import {closeSync, openSync, readFileSync, rmSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {generateCycle} from '../support/extension-log-generator.js';
import {bundledQuiesce, makeSandbox, type Sandbox} from '../support/sandbox.js';
import type {Figures} from './figures.js';
import {putHistory} from './histories.js';
import {inTurns} from './in-turns.js';
import {within} from './laboratories.js';
import {Stopwatch, type Programs} from './programs.js';
import type {Growth, Section} from './table.js';

const settings = {pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', timeoutInSeconds: 30};
const configurationPath = '/etc/azure/VMSnapshotScriptPluginConfig.json';

type Dependence = {
	readonly what: string;
	readonly of: string;
	readonly unit?: 'ms' | 'MB';
	readonly sizes: readonly [small: number, large: number];
	/** Called anew before each size is measured. */
	readonly put: (size: number) => Promise<void> | void;
	readonly measure: () => Promise<number> | number;
};

/** How what quiesce costs grows with what lies on the machine. */
export async function growth(programs: Programs, {repeats, logMegabytes}: {readonly repeats: number; readonly logMegabytes: number}): Promise<Section> {
	return within(makeSandbox(), async sandbox => {
		const watch = new Stopwatch(programs, sandbox);
		const script = (text: string): string => `#!/bin/sh\n${text}exit 0\n`;
		const put = (path: string, content: string, mode: number): void => sandbox.put({path, content, mode});
		put(configurationPath, JSON.stringify(settings), 0o600);
		put('/etc/azure/pre.sh', script(''), 0o700);
		put('/etc/azure/post.sh', script(''), 0o700);
		const log = (megabytes: number): string => join(sandbox.directory, `extension-${megabytes}.log`);
		const doctor = (): number => watch.exit([bundledQuiesce, 'doctor', '--json']).ms;
		const sizesOfLog = [1, logMegabytes] as const;
		let logSize = 1;
		const onLog = (size: number): void => {
			logSize = size;
		};
		for (const size of sizesOfLog) writeLog(log(size), size * 1024 * 1024);
		const all: readonly Dependence[] = [
			{what: 'quiesce watch --once --json', of: 'MB of the extension\'s log', sizes: sizesOfLog, put: onLog, measure: () => watch.exit([bundledQuiesce, 'watch', '--once', '--json', '--log', log(logSize)], 0).ms},
			{what: 'quiesce watch, until the latest cycle is shown', of: 'MB of the extension\'s log', sizes: sizesOfLog, put: onLog, measure: () => watch.screen([bundledQuiesce, 'watch', '--log', log(logSize)], 'last one').ms},
			{what: 'most memory of quiesce watch --json', of: 'MB of the extension\'s log', unit: 'MB', sizes: sizesOfLog, put: onLog, measure: async () => highWaterMark(sandbox, [bundledQuiesce, 'watch', '--json', '--log', log(logSize)])},
			{what: 'quiesce history --json', of: 'cycles', sizes: [10, 10_000], put: size => putHistory(sandbox, size), measure: () => watch.exit([bundledQuiesce, 'history', '--json']).ms},
			{what: 'quiesce history, until the list is shown', of: 'cycles', sizes: [10, 10_000], put: size => putHistory(sandbox, size), measure: () => watch.screen([bundledQuiesce, 'history'], 'oldest first').ms},
			{what: 'home, until the last cycle is shown', of: 'cycles', sizes: [10, 10_000], put: size => putHistory(sandbox, size), measure: () => watch.screen([bundledQuiesce], 'Last cycle').ms},
			{what: 'quiesce doctor --json', of: 'kB of configuration', sizes: [1, 1000], put: size => put(configurationPath, configuration(size), 0o600), measure: doctor},
			{what: 'quiesce setup --check', of: 'kB of configuration', sizes: [1, 1000], put: size => put(configurationPath, configuration(size), 0o600), measure: () => watch.exit([bundledQuiesce, 'setup', '--check', '--json'], 3).ms},
			{what: 'quiesce doctor --json', of: 'kB of script (sh reads it as well)', sizes: [1, 10_000], put: size => put('/etc/azure/pre.sh', script('echo "nothing is done here" >/dev/null\n'.repeat(Math.ceil(size * 1024 / 37))), 0o700), measure: doctor},
			{what: 'quiesce doctor --json', of: 'mounts', sizes: [1, 200], put: async size => putMounts(sandbox, size), measure: doctor},
		];
		const found: Growth[] = [];
		for (const {what, of, unit = 'ms', sizes, put: lay, measure} of all) {
			const at = async (size: number): Promise<number> => {
				await lay(size);
				return measure();
			};
			const figures = await inTurns(sizes.map(size => ({name: String(size), measure: async () => at(size)})), repeats);
			const side = (size: number): {readonly size: number; readonly figures: Figures} => ({size, figures: figures(String(size))});
			found.push({what, unit, of, small: side(sizes[0]), large: side(sizes[1])});
		}

		return {title: 'How costs grow', rows: [], growth: found, remarks: ['Starting Node is in all of them.'], skipped: []};
	});
}

/** A configuration of about so many kilobytes: settings that work, and many that nobody knows. */
function configuration(kilobytes: number): string {
	const unknown = Array.from({length: Math.max(1, Math.ceil(kilobytes * 1024 / 70))}, (_, index) => [`remark${index}`, 'kept as it is, for whatever somebody needs it']);
	return JSON.stringify({...settings, ...Object.fromEntries(unknown) as Record<string, string>});
}

/** Leaves so many mounts besides those that are there: memory, and directories seen twice. */
async function putMounts(sandbox: Sandbox, wanted: number): Promise<void> {
	const root = join(sandbox.directory, 'mounts');
	await sandbox.run('sh', ['-c', 'for one in "$1"/*; do umount "$one" 2>/dev/null; rmdir "$one"; done; rmdir "$1"; :', 'sh', root]);
	await sandbox.must('sh', ['-c', 'mkdir "$1" && number=0 && while [ $number -lt "$2" ]; do one=$1/$number; mkdir "$one"; if [ $((number % 2)) -eq 0 ]; then mount -t tmpfs tmpfs "$one"; else mount --bind /usr "$one"; fi || exit 1; number=$((number + 1)); done', 'sh', root, String(wanted)]);
}

function writeLog(path: string, bytes: number): void {
	rmSync(path, {force: true});
	const descriptor = openSync(path, 'w');
	try {
		const nights = Math.ceil(bytes / 60_000);
		const first = Date.now() - (nights + 1) * 3_600_000;
		for (let written = 0, night = 0; written < bytes; night++) {
			const {log} = generateCycle({at: first + night * 3_600_000, task: `night-${night}`, sequence: night});
			const noise = `${log.slice(0, 10)} 10:00:00.123456 [Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0]print line by line :/dev/sda15 on /boot/efi type vfat (rw,relatime)\n`.repeat(300);
			written += writeSync(descriptor, noise + log);
		}
	} finally {
		closeSync(descriptor);
	}
}

/** The most memory that a process took (VmHWM, megabytes) until it had told the result of the latest cycle. */
async function highWaterMark(sandbox: Sandbox, command: readonly string[]): Promise<number> {
	const [program = '', ...words] = sandbox.commandLine(command[0] ?? '', command.slice(1));
	const child = spawn(program, words, {env: {...sandbox.environment}, stdio: ['ignore', 'pipe', 'ignore']});
	let seen = '';
	return new Promise((resolve, reject) => {
		child.once('close', () => reject(new Error(`${command.join(' ')} told no result: ${seen}`)));
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			seen += text;
			if (!seen.includes('result')) return;
			const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
			child.kill('SIGKILL');
			resolve(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024);
		});
	});
}
