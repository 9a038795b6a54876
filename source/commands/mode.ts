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

/** Resolved once, at the start. Screen readers, CI, pipes and dumb terminals get plain, complete text. */
export function modeFor(flags: Flags, {stdinIsTerminal, stdoutIsTerminal, environment}: Surroundings): Mode {
	if (flags.json === true) return 'json';
	if (!stdinIsTerminal || !stdoutIsTerminal) return 'plain';
	if (set(environment['CI']) || set(environment['INK_SCREEN_READER'])) return 'plain';
	return environment['TERM'] === 'dumb' || environment['TERM'] === undefined || environment['TERM'] === '' ? 'plain' : 'interactive';
}
