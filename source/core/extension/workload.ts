import {strictText} from './host.js';
import {IniError, parseIni, pythonInteger, type Ini} from './ini.js';
import type {FileFacts} from './types.js';

const supported: readonly string[] = ['oracle', 'mysql', 'mariadb', 'postgres'];

/** What takes the place of the configured scripts, and the errors that are sure from its file alone, as codes in the extension's order. */
export type Workload = {readonly name: string; readonly errors: readonly number[]};

/** Reads workload.conf as the extension does; null where the configured scripts count. `instances`: the file that its configuration_path names. */
export function readWorkload(file: FileFacts, instances?: FileFacts): Workload | null {
	const known = readName(file);
	if (known === null) return null;
	const {ini, name} = known;
	const parsing = parseErrors(ini);
	if (parsing.length > 0) return {name, errors: parsing};
	const starting = startErrors(ini, name, instances);
	return {name, errors: starting.length > 0 ? starting : endErrors(ini, name, instances)};
}

/** Where workload.conf says that Oracle's instances are listed; null where it does not, or where nobody reads that. */
export function instancesPath(file: FileFacts): string | null {
	const known = readName(file);
	return known === null || known.name !== 'oracle' || optional(known.ini, 'configuration_path') === '' ? null : optional(known.ini, 'configuration_path') ?? null;
}

function readName(file: FileFacts): {readonly ini: Ini; readonly name: string} | null {
	const text = file.kind === 'file' ? strictText(file) : null;
	const ini = text === null ? null : parseIni(text);
	if (ini === null || !ini.hasOption(section, 'workload_name')) return null;
	const name = optional(ini, 'workload_name');
	return name === undefined || name === null || !supported.includes(name) ? null : {ini, name};
}

const section = 'workload';

/** A value; undefined where it is not there, null where reading it raises an exception. */
function optional(ini: Ini, option: string): string | null | undefined {
	if (!ini.hasOption(section, option)) return undefined;
	try {
		return ini.get(section, option);
	} catch (error) {
		if (error instanceof IniError) return null;
		throw error;
	}
}

/** What the extension meets while it reads the file; it stops at the first exception. */
function parseErrors(ini: Ini): readonly number[] {
	const errors: number[] = [];
	for (const option of ['command_path', 'credString', 'role', 'enforceSlaveOnly', 'ipc_folder', 'timeout', 'linux_user', 'dbnames', 'customScriptEnabled', 'configuration_path']) {
		const value = optional(ini, option);
		if (option === 'credString' && value === undefined && !ini.hasOption(section, 'linux_user')) errors.push(505);
		const fails = value === null || (option === 'customScriptEnabled' && value !== undefined && pythonInteger(value) === null);
		if (fails) return [...errors, 501];
	}

	return errors;
}

/** MySQL and MariaDB tell through a file that they are held. */
function tellsByFile(name: string): boolean {
	return name === 'mysql' || name === 'mariadb';
}

/** What the extension meets when it is about to hold the database. */
function startErrors(ini: Ini, name: string, instances: FileFacts | undefined): readonly number[] {
	const role = optional(ini, 'role') ?? 'master';
	const slaveOnly = pythonInteger(optional(ini, 'enforceSlaveOnly') ?? '0');
	// A list of databases leads to functions that do nothing, and so meet no error.
	const whole = optional(ini, 'dbnames') === undefined;
	const folderError = tellsByFile(name) && optional(ini, 'ipc_folder') === undefined ? [507] : [];
	if (role === 'master') {
		if (slaveOnly === null) return [500];
		if (slaveOnly !== 0) return [502];
		if ((optional(ini, 'configuration_path') ?? '') !== '') return name === 'oracle' && instances !== undefined && instancesOf(instances) === null ? [500] : [];
		return whole ? folderError : [];
	}

	if (role !== 'slave') return [502];
	return whole ? tellsByFile(name) ? folderError : [503] : [];
}

/** What it is sure to meet when it lets the database go. */
function endErrors(ini: Ini, name: string, instances: FileFacts | undefined): readonly number[] {
	if (optional(ini, 'dbnames') !== undefined) return [];
	const folder = optional(ini, 'ipc_folder') ?? '';
	// Without a folder it looks for a process that only Oracle and PostgreSQL have; for a slave that is an exception.
	if ((optional(ini, 'role') ?? 'master') !== 'master') return folder === '' ? [504] : [];
	const listed = (optional(ini, 'configuration_path') ?? '') !== '';
	const held = listed ? name === 'oracle' && (instances === undefined || instancesOf(instances) !== 0) : tellsByFile(name);
	// With a folder it looks for a session of MySQL's, and where none was begun it says that holding took too long.
	return folder === '' || held ? [] : [510];
}

/** How many instances a list names, a line each (`SID:/home:Y`); null where it cannot be read. */
function instancesOf(file: FileFacts): number | null {
	const text = file.kind === 'file' && file.content !== null ? strictText(file) : null;
	return text === null ? null : text.split(/\r\n|[\n\r]/).filter(line => /^[\p{L}\p{N}_]+:[/\p{L}\p{N}_.]/u.test(line.trim())).length;
}
