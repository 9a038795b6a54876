// npm run bench [-- --quick] [-- --only PART,PART …] [-- --repeats N] [-- --windows N] [-- --mounts N,N …]: measures quiesce beside its peers in one run, and writes bench/RESULTS.md.
import {spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {cpus, loadavg, release, totalmem} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {repository} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {cycles} from './cycles.js';
import {freezeWindow} from './freeze-window.js';
import {growth} from './growth.js';
import {keys} from './keys.js';
import {endAllWhenInterrupted, within} from './laboratories.js';
import {liveScreen} from './live-screen.js';
import {makePrograms, type Programs} from './programs.js';
import {stalls} from './stalls.js';
import {startUp} from './start-up.js';
import {isReached, markdown, type Section} from './table.js';

const {values: {quick = false, only, repeats: wanted, windows, mounts}} = parseArgs({options: {quick: {type: 'boolean'}, only: {type: 'string'}, repeats: {type: 'string'}, windows: {type: 'string'}, mounts: {type: 'string'}}});
const repeats = Number(wanted ?? (quick ? 4 : 21));
const parts: Readonly<Record<string, (programs: Programs) => Promise<Section>>> = {
	'start-up': async programs => startUp(programs, repeats),
	cycles: async programs => cycles(programs, {repeats, megabytes: quick ? 256 : 1024}),
	'freeze-window': async programs => freezeWindow(programs, {counts: mounts?.split(',').map(Number) ?? (quick ? [1, 2, 8] : [1, 2, 8, 64, 200]), repeats}),
	'live-screen': async programs => liveScreen(programs, {repeats: quick ? 1 : 3, seconds: quick ? 10 : 60}),
	keys: async programs => keys(programs, {count: quick ? 40 : 200, findings: [50, 500], cycles: [100, 10_000]}),
	growth: async programs => growth(programs, {repeats: Math.ceil(repeats / 3), logMegabytes: quick ? 50 : 500}),
	stalls: async () => stalls({windows: Number(windows ?? (quick ? 20 : 1000))}),
};
const wantedParts = only?.split(',') ?? Object.keys(parts);
const unknown = wantedParts.find(name => parts[name] === undefined);
const reason = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), process.versions.node.startsWith('24.') ? false : `this is Node ${process.version}, and quiesce brings along its own: npm run bench`);
if (unknown !== undefined || !(repeats > 0)) {
	process.stderr.write(unknown === undefined ? 'The repeats are a number above 0.\n' : `There is no part "${unknown}"; there are ${Object.keys(parts).join(', ')}.\n`);
	process.exit(2);
}
if (reason !== false) {
	process.stderr.write(`The benchmarks cannot run here: ${reason}.\n`);
	process.exit(1);
}

installPeers();
if (whyNoProgram('gcc') !== false) {
	process.stderr.write('The benchmarks cannot run here: no gcc, which makes the programs that measure.\n');
	process.exit(1);
}

endAllWhenInterrupted();
const began = performance.now();
const load = [loadavg()[0] ?? 0];
const texts: string[] = [];
const missed: string[] = [];
await within(makePrograms(), async programs => {
	for (const name of wantedParts) {
		process.stderr.write(`${name} …\n`);
		const from = performance.now();
		try {
			const section = await parts[name]!(programs);
			load.push(loadavg()[0] ?? 0);
			const text = `${markdown(section)}\nTook ${Math.round((performance.now() - from) / 1000)} s.\n`;
			process.stdout.write(`${text}\n`);
			texts.push(text);
			missed.push(...section.rows.filter(row => isReached(row) === false).map(({what, peer}) => `${what}${peer === undefined ? '' : `, against ${peer.name}`}`));
		} catch (error) {
			// The other parts, which take long, are not lost for it.
			process.exitCode = 1;
			process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
			texts.push(`## ${name}\n\nNot measured: ${error instanceof Error ? error.message : String(error)}\n`);
			missed.push(`all of ${name}`);
		}
	}
});
const summary = missed.length === 0 ? 'All goals are reached.' : `Not reached: ${missed.join('; ')}.`;
process.stdout.write(`${summary}\n`);
if (only === undefined && !quick && mounts === undefined) {
	mkdirSync(join(repository, 'bench'), {recursive: true});
	writeFileSync(join(repository, 'bench/RESULTS.md'), `# What quiesce costs, beside its peers

Made by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)} in ${Math.round((performance.now() - began) / 60_000)} minutes. ${machine()}
Times depend on the machine; read the ratios. What is compared was measured in turns in one run, pair by pair, each time beginning with another one; the ratio is the median over
the pairs. p99 is the worst one where n is below 100. One-minute load before and after each part: ${load.map(one => one.toFixed(1)).join(', ')}.

${summary}

${texts.join('\n')}`);
}

function machine(): string {
	const version = (command: string, ...words: readonly string[]): string => spawnSync(command, words, {encoding: 'utf8'}).stdout?.split('\n')[0]?.trim() ?? '';
	const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
	const temporary = version('stat', '-f', '-c', '%T', '/tmp');
	return `The machine: ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system}, Linux ${release()}, Node ${process.version};
disks are loop devices on images in /tmp (${temporary}), ext4. Peers: ${[version('fsfreeze', '--version'), version('qemu-ga', '--version')].filter(Boolean).join(', ')}.`;
}

/** Whom quiesce is compared with, from Debian's packages, where that is possible; the parts say what they could not have. */
function installPeers(): void {
	const missing = [['gcc', 'gcc', 'libc6-dev'], ['qemu-ga', 'qemu-guest-agent'], ['fsfreeze', 'util-linux']].flatMap(([program = '', ...packages]) => (whyNoProgram(program) === false ? [] : packages));
	if (missing.length === 0) return;
	const environment = {...process.env, DEBIAN_FRONTEND: 'noninteractive'};
	spawnSync('apt-get', ['update', '-qq'], {env: environment});
	const installed = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {env: environment});
	if (installed.status !== 0) process.stderr.write(`Not installed: ${missing.join(', ')}.\n`);
}
