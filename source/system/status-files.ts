import {closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {mostStatusBytes, readStatus, type StatusReport} from '../core/extension-status/report.js';

/** Of older ones the extension itself keeps sixty. */
const mostFiles = 200;

/** What the status files of a directory say, youngest first; none where there are none. Files that are no status files are left out. */
export function readStatusFiles(directory: string, limit = mostFiles): readonly StatusReport[] {
	let names: readonly string[];
	try {
		names = readdirSync(directory).filter(name => /^\d{1,9}[._]status$/.test(name));
	} catch {
		return [];
	}
	return names
		.map(name => ({name, at: ageOf(join(directory, name))}))
		.toSorted((a, b) => b.at - a.at)
		.slice(0, limit)
		.flatMap(({name}) => readStatus(textOf(join(directory, name)), name) ?? []);
}

function ageOf(path: string): number {
	try {
		return statSync(path).mtimeMs;
	} catch {
		return 0;
	}
}

/** Empty where it cannot be read, or is larger than any status file. */
function textOf(path: string): string {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch {
		return '';
	}
	try {
		const facts = fstatSync(descriptor);
		if (!facts.isFile() || facts.size > mostStatusBytes) return '';
		const buffer = Buffer.alloc(facts.size);
		return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, 0));
	} catch {
		return '';
	} finally {
		closeSync(descriptor);
	}
}
