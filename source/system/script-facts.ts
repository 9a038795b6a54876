import {realpathSync} from 'node:fs';
import type {DialectTrouble, Role, ScriptFacts} from '../core/checks/facts.js';
import {findFeatures, shellLines} from '../core/checks/shell-text.js';
import {mountOf, type MountFact} from '../core/mount-facts.js';
import {scriptPath} from './azure-files.js';
import {isRegularFile, openPlaces, readPath, similarPaths} from './inspection.js';
import {readWithShell} from './shell-reading.js';
import {findCommand, tryFeature} from './shell.js';

/** How much of a script is looked at. */
const mostBytes = 1024 * 1024;
/** What the probe of one feature may take. A slower machine gets no answer, and the check that needs it says nothing. */
const probeDeadlineMs = 500;
/** More than anybody writes by hand is not given to shellcheck, which takes long for it. */
const mostCheckedBytes = 64 * 1024;

export type ScriptToLookAt = {
	readonly role: Role;
	/** As configured. */
	readonly location: string;
	/** The extension's directory, from which a relative location is taken. */
	readonly directory: string;
	/** Asked for while the shell reads. */
	readonly mounts: (() => readonly MountFact[]) | null;
};

/** Looks at scripts without running them, and answers in their order. Never throws; the machine's `sh` (its name, as `shellName` tells it) reads them, with a deadline. */
export async function readScriptFacts(scripts: readonly ScriptToLookAt[], shell: string | null): Promise<readonly ScriptFacts[]> {
	const read = scripts.map(script => {
		const path = scriptPath(script.location, script.directory);
		const {facts: file, size} = readPath(path, mostBytes);
		return {...script, path, file, size, text: file.content === null ? null : new TextDecoder('utf-8').decode(file.content)};
	});
	const readable = read.filter(({text}) => text !== null);
	// The shell is started first, and reads while the rest is looked at.
	const readings = readWithShell(readable.map(({path, size}) => ({path, check: size <= mostCheckedBytes})), shell);
	const dialects = await Promise.all(read.map(({text}) => text === null ? [] : dialectTroubles(text)));
	const rest = read.map(({role, location, path, file, size, text, mounts}, index) => ({
		role, location, path, file, size, text,
		dialect: dialects[index]!,
		interpreter: text === null ? null : interpreterOf(text),
		openPlaces: file.kind === 'file' && path.startsWith('/') ? openPlaces(path) : [],
		mount: file.kind === 'file' && mounts !== null ? mountHolding(path, mounts()) : null,
		similar: file.kind === 'file' || location === '' ? [] : similarPaths(location),
	}));
	const answers = await readings;
	return rest.map((facts, index) => ({...facts, ...(answers[readable.indexOf(read[index]!)] ?? {syntax: null, mistakes: []})}));
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
		return mountOf(realpathSync.native(path), mounts)?.mount ?? null;
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
