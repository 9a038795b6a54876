import {isatty} from 'node:tty';
import type {Flags, Mode} from './invocation.js';

/** What of the process decides the mode. */
export type Surroundings = {
	readonly stdinIsTerminal: boolean;
	readonly stdoutIsTerminal: boolean;
	readonly environment: Readonly<Record<string, string | undefined>>;
};

function set(value: string | undefined): boolean {
	return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

/** Of this process. */
export function readSurroundings(): Surroundings {
	return {stdinIsTerminal: isatty(0), stdoutIsTerminal: isatty(1), environment: process.env};
}

/** Resolved once, at the start. Screen readers, CI, pipes and dumb terminals get plain, complete text. */
export function modeFor(flags: Flags, surroundings: Surroundings): Mode {
	if (flags.json === true) return 'json';
	return whyNoScreens(surroundings) === null ? 'interactive' : 'plain';
}

/** Why no screens can be shown, as a clause; null where they can. */
export function whyNoScreens({stdinIsTerminal, stdoutIsTerminal, environment}: Surroundings): string | null {
	if (!stdinIsTerminal || !stdoutIsTerminal) return 'there is none here';
	if (set(environment['CI'])) return 'with CI in the environment none is used';
	if (set(environment['INK_SCREEN_READER'])) return 'for screen readers there is plain text instead of screens';
	const term = environment['TERM'];
	return term === 'dumb' || term === undefined || term === '' ? `this one cannot show screens (TERM is ${term === 'dumb' ? 'dumb' : 'not set'})` : null;
}
