/*
 * Runs the tests: node build/test/run.js [PART OF A FILE'S PATH …]
 * Node's own runner, one process a test file; in a mount namespace, a directory and a fence of the run's own, so that nothing of it reaches the
 * machine. Skipped tests are listed with their reasons, and the last line counts what the runner really reported.
 */
import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, globSync, mkdtempSync, rmSync, writeSync} from 'node:fs';
import {availableParallelism, tmpdir} from 'node:os';
import {join, relative} from 'node:path';
import {finished} from 'node:stream/promises';
import {run} from 'node:test';
import {spec} from 'node:test/reporters';
import {fileURLToPath} from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const marker = 'QUIESCE_TEST_RUN';

// Tests name the modes of what they make; an administrator's umask would take from them.
process.umask(0o022);

if (process.env[marker] === undefined) outside();
else await inside();

/** Makes the run's surroundings, runs this file again in them, and looks at what was left behind. */
function outside(): void {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-run-'));
	// As the directory of temporary files is that it stands for: database servers run as users of their own.
	chmodSync(directory, 0o1777);
	const azureBefore = existsSync('/etc/azure');
	const {CI: _ci, ...environment} = process.env;
	const again = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
	const isolated = spawnSync('unshare', ['-m', '--propagation', 'private', 'true']).status === 0;
	const [command = '', ...words] = isolated ? ['unshare', '-m', '--propagation', 'private', '--', ...again] : again;
	const {status} = spawnSync(command, words, {
		stdio: 'inherit',
		env: {
			...environment,
			[marker]: directory,
			TMPDIR: directory,
			// Tests that freeze name their own mounts; nothing else may ever be frozen by a test.
			QUIESCE_FREEZE_ONLY: join(directory, 'nothing'),
			QUIESCE_STATE_DIR: join(directory, 'state'),
		},
	});
	const leaks: string[] = [];
	if (existsSync('/etc/azure') !== azureBefore) leaks.push('the tests changed the machine\'s own /etc/azure');
	const loops = (): readonly string[] => (spawnSync('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE'], {encoding: 'utf8'}).stdout ?? '').split('\n').filter(line => line.includes(directory));
	// A namespace that ends just now holds its mounts, and with them their loop devices, a moment longer.
	for (let looks = 0; looks < 100 && loops().length > 0; looks++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
	leaks.push(...loops().map(line => `a loop device was left behind: ${line.trim()}`));
	rmSync(directory, {recursive: true, force: true});
	if (leaks.length > 0) writeSync(1, `${leaks.map(leak => `✖ ${leak}`).join('\n')}\n`);
	process.exitCode = leaks.length > 0 ? 1 : status ?? 1;
}

async function inside(): Promise<void> {
	const wanted = process.argv.slice(2).map(word => word.replace(/\.tsx?$/, ''));
	const files = globSync('**/*.test.js', {cwd: here})
		.filter(file => wanted.length === 0 || wanted.some(word => join('test', file).includes(word)))
		// The longest first: at the end it would run alone.
		.toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)) || (a < b ? -1 : 1))
		.map(file => join(here, file));
	const count = {passed: 0, failed: 0, skipped: 0};
	const reasons = new Map<string, string[]>();
	const stream = run({files, concurrency: Math.max(2, availableParallelism()), timeout: 600_000});
	stream.on('test:pass', result => {
		// A file and a suite are containers: only tests count.
		if (result.details.type === 'suite' || isFile(result)) return;
		if (result.skip !== undefined || result.todo !== undefined) {
			count.skipped += 1;
			const reason = typeof result.skip === 'string' ? result.skip : typeof result.todo === 'string' ? `to do: ${result.todo}` : 'no reason given';
			const names = reasons.get(reason) ?? [];
			reasons.set(reason, [...names, result.name]);
		} else {
			count.passed += 1;
		}
	});
	stream.on('test:fail', result => {
		// A suite fails because of a test in it, which is counted; a file that fails by itself (it does not load) counts.
		if (result.details.type === 'suite') return;
		count.failed += 1;
	});
	const report = stream.compose(spec);
	report.pipe(process.stdout, {end: false});
	await finished(report);
	const lines = [''];
	for (const [reason, names] of reasons) lines.push(`skipped: ${reason}`, ...names.map(name => `  ${name}`));
	if (count.passed + count.failed + count.skipped === 0) {
		lines.push('✖ no test ran');
		process.exitCode = 1;
	}
	if (count.failed > 0) process.exitCode = 1;
	lines.push(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
	process.stdout.write(`${lines.join('\n')}\n`);
}

function isLong(file: string): boolean {
	return file.startsWith('torture/');
}

function isFile(result: {readonly name: string; readonly file?: string | undefined}): boolean {
	return result.file !== undefined && (result.name === result.file || result.name === relative(process.cwd(), result.file));
}
