import {resolve} from 'node:path';
import {readEffectiveSettings} from '../core/extension/settings.js';
import {exitCodes, Failure} from '../core/failure.js';
import {readPath} from './inspection.js';
import type {ScriptCommand} from './script-types.js';

/** A post-script as the journal notes it. Its parameters may be secrets, and stay where they stand: `parameters` is empty where `parametersIn` says where that is. */
export type NotedCommand = ScriptCommand & {readonly parametersIn?: ParametersPlace};

/** The configuration in which parameters stand, and what tells whether they are still the same: the SHA-256 of the salt and them. */
export type ParametersPlace = {readonly configuration: string; readonly salt: string; readonly digest: string};

/** More than any configuration has. Bytes. */
const mostBytes = 16 * 1024 * 1024;

/** For the journal. `configuration`: the file in which the parameters stand. */
export function noteCommand(command: ScriptCommand, configuration: string): NotedCommand {
	if (command.parameters.length === 0) return command;
	const salt = process.getBuiltinModule('node:crypto').randomBytes(16).toString('hex');
	return {...command, parameters: [], parametersIn: {configuration: resolve(configuration), salt, digest: digestOf(command.parameters, salt)}};
}

/** From the journal: with its parameters. Throws a Failure where they are not what they were. */
export function recallCommand({parametersIn, ...command}: NotedCommand): ScriptCommand {
	if (parametersIn === undefined) return command;
	const {configuration, salt, digest} = parametersIn;
	const settings = readEffectiveSettings(readPath(configuration, mostBytes).facts.content ?? new Uint8Array(), 0);
	const parameters = 'refused' in settings ? null : settings.post?.parameters ?? null;
	if (parameters === null || digestOf(parameters, salt) !== digest) {
		throw new Failure(`its parameters stood in ${configuration}, which has been changed since.`, {exitCode: exitCodes.failed});
	}
	return {...command, parameters};
}

function digestOf(parameters: readonly string[], salt: string): string {
	return process.getBuiltinModule('node:crypto').createHash('sha256').update(salt).update(JSON.stringify(parameters)).digest('hex');
}
