import {readFileSync} from 'node:fs';
import {exitCodes, Failure} from './core/failure.js';
import {showable} from './core/unicode.js';
import {visible} from './core/visible-text.js';
import {modeFor, readSurroundings, whyNoScreens} from './commands/mode.js';
import {parseCommandLine} from './commands/parse.js';
import {commands} from './commands/table.js';
import {beginGuard, dismissGuard} from './system/guard/beginning.js';

function version(): string {
	const {version} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {version: string};
	return version;
}

/** Says what went wrong, on stderr for people and, where JSON was asked for, on stdout for programs; answers the exit code. */
function explain(met: unknown, json: boolean): number {
	const error = isWithoutDirectory(met) ? withoutDirectory(met) : met;
	const expected = error instanceof Failure;
	const message = expected ? error.message : `quiesce met something that it did not expect: ${error instanceof Error ? error.message : String(error)}`;
	const remedies = expected ? error.remedies : ['This is a bug in quiesce. Please report it, with the version, the command and the lines below.'];
	if (json) {
		process.stdout.write(`${JSON.stringify({error: {message, remedies}})}\n`);
	}

	process.stderr.write(showable(`quiesce: ${forPeople(message)}\n${remedies.map(remedy => `  → ${forPeople(remedy)}\n`).join('')}`, process.env));
	if (!expected) {
		process.stderr.write(`\nquiesce ${version()}, Node ${process.versions.node}\n${error instanceof Error ? error.stack ?? '' : ''}\n`);
	}

	return expected ? error.exitCode : exitCodes.bug;
}

/** Of a reader that has gone away nothing is said; a full disk keeps the answer from whoever wanted it. */
function tellUnwritten({code}: NodeJS.ErrnoException): void {
	if (code !== 'EPIPE') process.stderr.write(`quiesce: The answer could not be written: ${code === 'ENOSPC' ? 'there is no space left where the standard output goes' : code ?? 'the standard output takes nothing'}.\n`);
}

/** A word that somebody gave may act on the terminal, or be longer than all of it. */
function forPeople(text: string): string {
	return text.split('\n').map(line => visible(line).replaceAll(/\S{1000,}/g, word => `${word.slice(0, 200)}… (${word.length} characters)`)).join('\n');
}

/** A relative path was to be made out, and the directory in which quiesce was started has been removed. */
function isWithoutDirectory(error: unknown): boolean {
	return error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd';
}

function withoutDirectory(cause: unknown): Failure {
	return new Failure('The directory in which quiesce was started is not there any more.', {exitCode: exitCodes.usage, remedy: 'Change to one that is there (cd /), or give paths from / on.', cause});
}

function requireRoot(what: string): void {
	if (process.geteuid?.() !== 0) {
		throw new Failure(`${what} needs root.`, {exitCode: exitCodes.notRoot, remedy: `Run it as root: sudo ${what}`});
	}
}

async function main(words: readonly string[]): Promise<number> {
	const line = parseCommandLine(words);
	if (line.ask === 'version') {
		process.stdout.write(`${version()}\n`);
		return exitCodes.done;
	}

	if (line.ask === 'help') {
		const {help} = await import('./commands/help.js');
		process.stdout.write(help(line.command));
		return exitCodes.done;
	}

	if (line.flags.color === false) process.env['NO_COLOR'] = '1';
	const surroundings = readSurroundings();
	const mode = modeFor(line.flags, surroundings);

	if (line.ask === 'app') {
		requireRoot('quiesce');
		if (mode === 'plain' && surroundings.stdinIsTerminal && surroundings.stdoutIsTerminal) {
			const {run} = await import('./commands/home.js');
			return run({command: 'app', mode, flags: line.flags, operands: []});
		}

		if (mode !== 'interactive') {
			throw new Failure(mode === 'json' ? 'The app does not answer in JSON.' : `The app needs a terminal, and ${whyNoScreens(surroundings) ?? 'there is none here'}.`, {
				exitCode: exitCodes.usage,
				remedy: ['Without a terminal use the commands: quiesce doctor, quiesce setup --answers FILE, quiesce cycle …', 'See: quiesce --help'],
			});
		}

		const {run} = await import('./commands/app.js');
		return run({command: 'app', mode, flags: line.flags, operands: []});
	}

	const entry = commands[line.command]!;
	if (entry.root) requireRoot(`quiesce ${line.command}`);
	const route = mode === 'interactive' ? entry.screen?.(line.flags, line.operands) ?? null : null;
	if (route !== null) {
		const {openApp} = await import('./app/app.js');
		return openApp(route, {command: line.command, mode, flags: line.flags, operands: line.operands});
	}

	const guard = entry.guard === true ? beginGuard() : undefined;
	try {
		const run = await entry.load();
		const exitCode = await run({command: line.command, mode, flags: line.flags, operands: line.operands, ...(guard === undefined ? {} : {guard})});
		// As soon as all of the answer is out.
		if (entry.endsAtOnce === true) process.stdout.write('', () => setImmediate(() => process.exit(exitCode)));
		return exitCode;
	} finally {
		if (guard !== undefined) dismissGuard(guard);
	}
}

/** The process boundary: words in, exit code out. Loads nothing but what the command needs. Never rejects. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
	// A reader that has gone away (a closed pager) must not end a cycle.
	process.stdout.once('error', tellUnwritten).on('error', () => {});
	process.stderr.on('error', () => {});
	// Without this Node would open its inspector to everybody on the machine.
	process.on('SIGUSR1', () => {});
	// Where there is nothing left to wait for and yet no answer, Node ends all the same.
	process.exitCode = exitCodes.bug;
	try {
		process.exitCode = await main(words);
	} catch (error) {
		process.exitCode = explain(error, words.includes('--json'));
	}
}
