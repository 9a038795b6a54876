// npm run bench [-- --quick] [-- --only PART] [-- --repeats N] [-- --windows N]: measures quiesce beside its peers in one run, and writes bench/RESULTS.md.
import {spawnSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {cpus, release, totalmem} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {repository} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {table, type Section} from './figures.js';
import {manyMounts} from './doctor.js';
import {freezeWindow, underLoad} from './freeze-window.js';
import {largeLog} from './large-log.js';
import {stalls} from './stalls.js';
import {startUp} from './start-up.js';
import {wholeCycle} from './whole-cycle.js';

const {values: {quick = false, only, repeats: wanted, windows}} = parseArgs({options: {quick: {type: 'boolean'}, only: {type: 'string'}, repeats: {type: 'string'}, windows: {type: 'string'}}});
const reason = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox());
if (reason !== false) {
	process.stderr.write(`The benchmarks cannot run here: ${reason}.\n`);
	process.exit(1);
}

installPeers();
const repeats = quick ? 3 : Number(wanted ?? 15);
const parts: Readonly<Record<string, () => Promise<Section>>> = {
	'start-up': async () => startUp({repeats: quick ? 5 : repeats + 10}),
	doctor: async () => manyMounts({repeats}),
	'large-log': async () => largeLog({repeats, megabytes: quick ? 50 : 500}),
	'whole-cycle': async () => wholeCycle({repeats, megabytes: quick ? 256 : 1024}),
	'freeze-window': async () => freezeWindow({counts: quick ? [1, 8] : [1, 8, 64, 200], repeats}),
	// About a second each: a thousand only where they are asked for.
	stalls: async () => stalls({windows: Number(windows ?? (quick ? 10 : 100))}),
	'under-load': async () => underLoad({repeats}),
};
const chosen = Object.entries(parts).filter(([name]) => only === undefined || name === only);
if (chosen.length === 0) {
	process.stderr.write(`There is no part "${only}"; there are ${Object.keys(parts).join(', ')}.\n`);
	process.exit(2);
}

const texts: string[] = [];
for (const [name, measure] of chosen) {
	process.stderr.write(`${name} …\n`);
	const text = table(await measure());
	process.stdout.write(`${text}\n`);
	texts.push(text);
}

if (only === undefined && !quick) {
	const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
	mkdirSync(join(repository, 'bench'), {recursive: true});
	writeFileSync(join(repository, 'bench/RESULTS.md'), `# What quiesce costs, beside its peers\n\nMade by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${machine}. Times depend on the machine; read the ratios.\nEach pair was measured in turns in one run; p99 is the worst one where n is below 100.\n\n${texts.join('\n')}`);
}

/** Whom quiesce is compared with, from Debian's packages, where that is possible; the parts say what they could not have. */
function installPeers(): void {
	const missing = [['gcc', 'gcc'], ['qemu-ga', 'qemu-guest-agent'], ['time', 'time']].filter(([program = '']) => whyNoProgram(program) !== false).map(([, name = '']) => name);
	if (missing.length === 0) return;
	const installed = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing, ...(missing.includes('gcc') ? ['libc6-dev'] : [])], {env: {...process.env, DEBIAN_FRONTEND: 'noninteractive'}});
	if (installed.status !== 0) process.stderr.write(`Not installed: ${missing.join(', ')}.\n`);
}
