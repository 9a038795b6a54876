import {strictText} from './host.js';
import {IniError, parseIni, pythonInteger, type Ini} from './ini.js';
import type {FileFacts} from './types.js';

const supported: readonly string[] = ['oracle', 'mysql', 'mariadb', 'postgres'];

/** What takes the place of the configured scripts, and the errors that are sure from its file alone, as codes in the extension's order. */
export type Workload = {readonly name: string; readonly errors: readonly number[]};

/** Reads workload.conf as the extension does; null where the configured scripts count. */
export function readWorkload(file: FileFacts): Workload | null {
	const text = file.kind === 'file' ? strictText(file) : null;
	const ini = text === null ? null : parseIni(text);
	if (ini === null || !ini.hasOption(section, 'workload_name')) return null;
	const name = optional(ini, 'workload_name');
	if (name === undefined || name === null || !supported.includes(name)) return null;
	const parsing = parseErrors(ini);
	return {name, errors: parsing.length > 0 ? parsing : startErrors(ini, name)};
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

/** What the extension meets when it is about to hold the database. */
function startErrors(ini: Ini, name: string): readonly number[] {
	const role = optional(ini, 'role') ?? 'master';
	const slaveOnly = pythonInteger(optional(ini, 'enforceSlaveOnly') ?? '0');
	// A list of databases leads to functions that do nothing, and so meet no error.
	const whole = optional(ini, 'dbnames') === undefined;
	const needsFolder = name === 'mysql' || name === 'mariadb';
	const folderError = needsFolder && optional(ini, 'ipc_folder') === undefined ? [507] : [];
	if (role === 'master') {
		if (slaveOnly === null) return [500];
		if (slaveOnly !== 0) return [502];
		return (optional(ini, 'configuration_path') ?? '') === '' && whole ? folderError : [];
	}

	if (role !== 'slave') return [502];
	return whole ? needsFolder ? folderError : [503] : [];
}
