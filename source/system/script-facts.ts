import {realpathSync} from 'node:fs';
import type {DialectTrouble, Role, ScriptFacts} from '../core/checks/facts.js';
import {findFeatures, shellLines} from '../core/checks/shell-text.js';
import {mountOf, type MountFact} from '../core/mount-facts.js';
import {scriptPath} from './azure-files.js';
import {isRegularFile, openPlaces, readPath, similarPaths} from './inspection.js';
import {checkWithShellcheck, findCommand, readWithShell, shellName, tryFeature} from './shell.js';

/** How much of a script is looked at. */
const mostBytes = 1024 * 1024;
/** What `sh -n` may take, and a probe of one feature. A slower machine gets no answer, and the checks that need it say nothing. */
const syntaxDeadlineMs = 1000;
const probeDeadlineMs = 500;
/** More than anybody writes by hand is not given to shellcheck, which takes long for it. */
const mostCheckedBytes = 64 * 1024;

/** Looks at one script without running it. Never throws; the machine's `sh` reads it, with a deadline. */
export async function readScriptFacts({role, location, directory, mounts}: {
	readonly role: Role;
	/** As configured. */
	readonly location: string;
	/** The extension's directory, from which a relative location is taken. */
	readonly directory: string;
	readonly mounts: readonly MountFact[] | null;
}): Promise<ScriptFacts> {
	const path = scriptPath(location, directory);
	const {facts: file, size} = readPath(path, mostBytes);
	const text = file.content === null ? null : new TextDecoder('utf-8').decode(file.content);
	const [syntax, dialect, mistakes] = text === null ? [null, [], []] : await Promise.all([
		readWithShell(path, syntaxDeadlineMs),
		dialectTroubles(text),
		size > mostCheckedBytes ? [] : checkWithShellcheck(path, shellName(), probeDeadlineMs),
	]);
	return {
		role, location, path, file, size, text, syntax, dialect, mistakes,
		interpreter: text === null ? null : interpreterOf(text),
		openPlaces: file.kind === 'file' && path.startsWith('/') ? openPlaces(path) : [],
		mount: file.kind === 'file' && mounts !== null ? mountHolding(path, mounts) : null,
		similar: file.kind === 'file' || location === '' ? [] : similarPaths(location),
	};
}

/** The program of the first line, and whether it is there; with env, the program that env starts. */
function interpreterOf(text: string): ScriptFacts['interpreter'] {
	const words = /^#!\s*(\S+)(?:[ \t]+([^\n]*))?/.exec(text.slice(0, 4096));
	if (words === null) return null;
	const path = words[1]!;
	if (!path.endsWith('/env')) return {path, exists: isRegularFile(path)};
	const program = words[2]?.split(/\s+/).find(word => word !== '' && !word.startsWith('-') && !word.includes('='));
	return program === undefined ? {path, exists: isRegularFile(path)} : {path: program, exists: findCommand(program) !== null};
}

function mountHolding(path: string, mounts: readonly MountFact[]): string | null {
	try {
		return mountOf(realpathSync(path), mounts)?.mount ?? null;
	} catch {
		return null;
	}
}

/** The features of bash that the script uses, each tried alone in the machine's own `sh`. */
async function dialectTroubles(text: string): Promise<readonly DialectTrouble[]> {
	const tried = await Promise.all(findFeatures(shellLines(text)).map(async ({feature, line, certain}) => {
		const answer = await tryFeature(feature.probe, probeDeadlineMs);
		return answer === null || answer === 'works' ? [] : [{feature: feature.name, line: line.number, fatal: answer === 'fatal', certain}];
	}));
	return tried.flat();
}
