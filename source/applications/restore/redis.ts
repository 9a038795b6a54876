import {join} from 'node:path';
import type {ProofCheck} from '../../core/verification.js';
import {entriesIn, sizeOf, textOfRegular} from '../../system/copy-search.js';
import {versionOf} from '../../system/installed.js';
import {findCommand} from '../../system/shell.js';
import {dumpOf, lookAtPosition} from './redis-position.js';
import {complaintOf, type RestoreOrder, type Restorer} from './restorer.js';

/** What a Redis directory holds, and how a server is told to read it. */
type Dataset = {
	readonly parameters: readonly string[];
	/** The file that Redis's own program checks, and which program. */
	readonly check: {readonly program: 'redis-check-aof' | 'redis-check-rdb'; readonly file: string};
	readonly words: string;
};

/** Redis (and Valkey, which is compatible): its files checked by its own programs, then a server that loads them, without network. */
export const redis: Restorer = {
	name: 'redis',
	async restore(order) {
		const {room, path, owner, startMs, tag} = order;
		const program = findCommand('redis-server') ?? findCommand('valkey-server');
		if (program === null) return {title: 'Redis', state: 'not-tried', sentence: 'Redis is not installed here, so its server could not be started on the copy'};
		const title = `Redis ${/v=(\d+\.\d+)/.exec(await versionOf(program))?.[1] ?? ''}`.trim();
		const dataset = datasetOf(order);
		if (dataset === null) return {title, state: 'down', sentence: 'its data directory holds neither an append-only file nor a dump', checks: []};
		// Before the server repairs what it can.
		const checks = [await checkFiles(dataset, order)];
		if (checks[0]?.passed === false) return {title, state: 'down', sentence: `${dataset.check.program} ${checks[0].sentence}`, checks};
		const compare = lookAtPosition(order, dataset.check.file);
		room.nameOf(owner);
		const directory = room.makeDirectory(`redis-${tag}`, owner);
		const socket = join(directory, 'socket');
		const began = performance.now();
		const server = room.start({
			owner, program,
			parameters: ['--port', '0', '--unixsocket', socket, '--dir', path, '--save', '', '--daemonize', 'no', '--logfile', '', '--auto-aof-rewrite-percentage', '0', '--protected-mode', 'yes', ...dataset.parameters],
		});
		const ready = await server.until(/eady to accept connections/, startMs);
		const durationMs = performance.now() - began;
		if (ready !== 'matched') {
			const why = ready === 'late' ? `within ${Math.round(startMs / 60_000)} min` : `: ${complaintOf(server.lines().filter(line => !/WARNING|\*\*\*/.test(line)), /# ((?=.*(?:[Bb]ad|[Ee]rror|[Ff]atal|[Uu]nexpected|[Uu]nknown|wrong|corrupt|[Ff]ailed|empty)).*)$/, /# (.*)$/)}`;
			return {title, state: 'down', sentence: `its server did not come up${ready === 'late' ? ' ' : ''}${why}`, checks};
		}

		order.onUp(durationMs);
		const client = findCommand('redis-cli') ?? findCommand('valkey-cli');
		if (client !== null) {
			checks.push(await countKeys(client, socket, order));
			if (order.question !== null) {
				const answer = await room.run({owner, program: client, parameters: ['-s', socket, ...order.question.split(' ')], deadlineMs: order.checkMs});
				checks.push({name: 'question', passed: answer.exitCode === 0, sentence: answer.stdout.trim(), durationMs: answer.durationMs});
			}
		}

		const cut = server.lines().some(line => /truncat/i.test(line));
		const cutAt = server.lines().flatMap(line => /Truncating the AOF.* at offset (\d+)/.exec(line)?.[1] ?? []).map(Number)[0] ?? null;
		return {
			title, state: 'up', checks, position: order.mark === null ? null : compare(cut, cutAt),
			recovery: {needed: cut, durationMs, sentence: cut ? `it dropped an unfinished command at the end of ${dataset.words}` : `it loaded ${dataset.words}`},
		};
	},
};

/** The append-only file where there is one, because Redis then reads nothing else; else the dump. A mark knows which of them was in use. */
function datasetOf({room, path, mark}: RestoreOrder): Dataset | null {
	const names = entriesIn(room.outside(path));
	const marked = dumpOf(mark)?.name;
	if (marked !== undefined && names.includes(marked)) return dumpSet(path, marked);
	for (const name of names) {
		// Redis 7 and later: a directory with a manifest that names the parts.
		const manifest = entriesIn(room.outside(join(path, name))).find(entry => entry.endsWith('.manifest'));
		if (manifest === undefined) continue;
		const file = manifest.replace(/\.manifest$/, '');
		return {parameters: ['--appendonly', 'yes', '--appenddirname', name, '--appendfilename', file], check: {program: 'redis-check-aof', file: join(path, name, manifest)}, words: 'its append-only file'};
	}

	const old = names.find(name => name.endsWith('.aof') && (sizeOf(room.outside(join(path, name))) ?? 0) > 0);
	if (old !== undefined) return {parameters: ['--appendonly', 'yes', '--appendfilename', old], check: {program: 'redis-check-aof', file: join(path, old)}, words: 'its append-only file'};
	const dumps = names.filter(name => name.endsWith('.rdb') && !name.startsWith('temp-') && textOfRegular(room.outside(join(path, name)), 5) !== null);
	const dump = dumps.includes('dump.rdb') ? 'dump.rdb' : dumps[0];
	if (dump === undefined) return null;
	return dumpSet(path, dump);
}

function dumpSet(path: string, name: string): Dataset {
	return {parameters: ['--appendonly', 'no', '--dbfilename', name], check: {program: 'redis-check-rdb', file: join(path, name)}, words: 'its dump'};
}

/** The file ends in the middle of a command. */
const unfinished = /Expected to read \d+ bytes, got \d+|Reached EOF before reading EXEC/;
const damaged = /Expected prefix|Expected \\r\\n|corrupt|RDB ERROR|Cannot/i;

async function checkFiles({check}: Dataset, {room, owner, checkMs}: RestoreOrder): Promise<ProofCheck> {
	const {program, file} = check;
	const path = findCommand(program) ?? findCommand(program.replace('redis', 'valkey'));
	if (path === null) return {name: program, passed: null, sentence: `not checked: ${program} is not installed here`, durationMs: 0};
	const run = await room.run({owner, program: path, parameters: [file], deadlineMs: checkMs});
	const result = (passed: boolean | null, sentence: string): ProofCheck => ({name: program, passed, sentence, durationMs: run.durationMs});
	if (run.late) return result(null, `not checked to the end: it takes longer than ${Math.round(checkMs / 60_000)} min`);
	if (run.exitCode === 0) return result(true, 'found nothing wrong');
	const lines = `${run.stdout}\n${run.stderr}`.split('\n');
	// A command that was being written at that moment: the server drops it, as after a power cut.
	if (lines.some(line => unfinished.test(line)) && !lines.some(line => damaged.test(line))) return result(true, 'found an unfinished command at the end');
	const cut = lines.map(line => /^AOF analyzed: filename=([^,]+), size=(\d+), ok_up_to=(\d+),/.exec(line)).findLast(match => match !== null && match[2] !== match[3]);
	if (cut !== undefined && cut !== null) return result(false, `found damage: ${cut[1]!} is sound only to byte ${cut[3]!} of ${cut[2]!}`);
	const after = lines.findIndex(line => line.includes('ERROR DETECTED'));
	return result(false, `found damage: ${complaintOf(after === -1 ? lines : lines.slice(after + 1), /^(Cannot .*?)(?:, aborting.*)?$/, /^\[offset \d+\] (.*)$/)}`);
}

async function countKeys(client: string, socket: string, {room, owner, checkMs}: RestoreOrder): Promise<ProofCheck> {
	const run = await room.run({owner, program: client, parameters: ['-s', socket, 'INFO', 'keyspace'], deadlineMs: checkMs});
	const keys = [...run.stdout.matchAll(/keys=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
	return {name: 'INFO', passed: run.exitCode === 0, sentence: run.exitCode === 0 ? `${keys} keys` : `the server does not answer: ${complaintOf(run.stderr.split('\n'))}`, durationMs: run.durationMs};
}
