import {Buffer} from 'node:buffer';
import {parsePythonJson, PythonJsonError} from './python-json.js';
import {pythonInteger} from './ini.js';
import {asNumber, isTruthy, iterate, pythonText, type PythonValue} from './python-value.js';
import type {EffectiveSettings, ScriptPlan} from './types.js';

/** How long one parameter of a process may be on Linux, its end included (MAX_ARG_STRLEN of execve). */
const longestParameter = 131_072;
/** What all of them may take together, each with its end and a pointer: a quarter of the usual stack, less what the environment takes. */
const mostParameterBytes = 2 * 1024 * 1024 - 8192;

/** More retries than this are counted for longer than the plugin host waits. */
const mostRetries = 1e8;

/** The extension's own defaults. */
export function defaultSettings(hostTimeoutSeconds: number): EffectiveSettings {
	return {
		pre: null, post: null, limitMs: 12_000, hostLimitMs: hostLimit(hostTimeoutSeconds, 3), pollSeconds: 3, hostTimeoutSeconds,
		continueBackupOnFailure: true, continueAfterFailure: true, continueThrows: false, fsFreezeEnabled: true, freezeOffFailsHard: false,
	};
}

/** How long the plugin host waits for a script: two polls more than its time limit holds. In milliseconds. */
export function hostLimit(hostTimeoutSeconds: number, pollSeconds: number): number {
	return (Math.trunc(hostTimeoutSeconds / pollSeconds) + 2) * pollSeconds * 1000;
}

/** How long a script may take before the extension goes on without it, by its own limit or by the plugin host's. In milliseconds. */
export function scriptLimitMs({limitMs, hostLimitMs}: Pick<EffectiveSettings, 'limitMs' | 'hostLimitMs'>): number {
	return Math.max(0, Math.min(limitMs, hostLimitMs));
}

/** A text can be handed to a process: no NUL, no half of a surrogate pair that stands for no byte, not too long. */
function isPassable(text: string): boolean {
	if (text.includes('\0') || /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDC7F\uDD00-\uDFFF]/.test(text)) return false;
	return Buffer.byteLength(text) < longestParameter;
}

function parameters(value: PythonValue | undefined): readonly string[] | null {
	if (value === undefined) return [];
	const texts = iterate(value)?.map(item => pythonText(item)) ?? null;
	if (texts === null || !texts.every(text => isPassable(text))) return null;
	return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 9, 0) > mostParameterBytes ? null : texts;
}

function plan(entries: ReadonlyMap<string, PythonValue>, which: 'pre' | 'post', nameUsable: boolean): ScriptPlan {
	const location = entries.get(`${which}ScriptLocation`)!;
	const retries = entries.get(`${which}ScriptNoOfRetries`);
	const count = retries === undefined ? 0 : asNumber(retries);
	return {
		location: pythonText(location),
		locationUsable: location.type === 'str',
		parameters: nameUsable ? parameters(entries.get(`${which}ScriptParams`)) : null,
		retries: count === null || !(count > 0) ? 0 : Math.ceil(Math.min(count, mostRetries)),
		retriesUsable: count !== null && count < mostRetries,
		missing: false,
	};
}

/** Why a configuration cannot be used: the code of the error that the extension meets, and what it has made of fsFreezeEnabled by then. */
export type RefusedSettings = {readonly refused: 304 | 305; readonly fsFreezeEnabled: boolean};

/** Reads the configuration's bytes as the extension does, one setting after the other: the first that it cannot use decides. */
export function readEffectiveSettings(content: Uint8Array, hostTimeoutSeconds: number): EffectiveSettings | RefusedSettings {
	const refuse = (refused: 304 | 305, fsFreezeEnabled = true): RefusedSettings => ({refused, fsFreezeEnabled});
	let document: PythonValue;
	try {
		document = parsePythonJson(new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(content));
	} catch (error) {
		// A text that is nested too deep raises no error of the kind that is caught where the configuration is read.
		return refuse(error instanceof PythonJsonError && error.tooDeep ? 304 : 305);
	}

	if (document.type !== 'dict') return refuse(304);
	const {entries} = document;
	const timeoutSeconds = asNumber(entries.get('timeoutInSeconds') ?? {type: 'int', value: 10n});
	if (timeoutSeconds === null) return refuse(304);
	const name = entries.get('pluginName');
	const nameUsable = name === undefined || name.type === 'str';
	// With a name that is no text the extension cannot even say what is wrong.
	const invalid = nameUsable ? 305 : 304;
	const pre = entries.get('preScriptLocation');
	const post = entries.get('postScriptLocation');
	if (pre === undefined || post === undefined) return refuse(invalid);
	const goOn = entries.get('continueBackupOnFailure') ?? {type: 'bool', value: true};
	const freeze = entries.get('fsFreezeEnabled') ?? {type: 'bool', value: true};
	const fsFreezeEnabled = isTruthy(freeze);
	const pollSeconds = pollOf(entries.get('ScriptsExecutionPollTimeSeconds'));
	// Only what is caught where the configuration is read leaves the setting in force.
	if (pollSeconds === 'value') return refuse(invalid, invalid === 304 || fsFreezeEnabled);
	// A whole number that no fraction can hold cannot be divided.
	if (pollSeconds === 'type' || (timeoutSeconds === Number.NEGATIVE_INFINITY && isIndivisible(entries.get('timeoutInSeconds'), pollSeconds))) return refuse(304);
	const limit = entries.has('timeoutInSeconds') ? Math.min(timeoutSeconds, hostTimeoutSeconds) : timeoutSeconds;
	return {
		pre: plan(entries, 'pre', nameUsable),
		post: plan(entries, 'post', nameUsable),
		limitMs: Number.isNaN(limit) ? Number.POSITIVE_INFINITY : Math.max(0, Math.ceil(limit / pollSeconds)) * pollSeconds * 1000,
		hostLimitMs: hostLimit(hostTimeoutSeconds, pollSeconds),
		pollSeconds,
		hostTimeoutSeconds,
		continueBackupOnFailure: isTruthy(goOn),
		// `True & value`: of whole numbers the last bit counts.
		continueAfterFailure: goOn.type === 'int' ? goOn.value % 2n !== 0n : isTruthy(goOn),
		continueThrows: goOn.type !== 'int' && goOn.type !== 'bool',
		fsFreezeEnabled,
		freezeOffFailsHard: asNumber(freeze) === 0,
	};
}

/** A whole number of which even the part for one poll is more than a fraction can hold. */
function isIndivisible(value: PythonValue | undefined, pollSeconds: number): boolean {
	return value?.type === 'int' && !Number.isFinite(Number(value.value / BigInt(pollSeconds)));
}

/** How often the extension looks: `int(value)` where that is 1 to 5, else 3 seconds. `value`, `type`: what Python complains about. */
function pollOf(value: PythonValue | undefined): number | 'value' | 'type' {
	if (value === undefined) return 3;
	let number: number | null;
	if (value.type === 'str') {
		number = pythonInteger(value.value);
		if (number === null) return 'value';
	} else {
		number = asNumber(value);
		if (number === null) return 'type';
		if (Number.isNaN(number)) return 'value';
		// Infinity raises an OverflowError, which is no ValueError; a whole number beyond all bounds is only too large.
		if (!Number.isFinite(number) && value.type === 'float') return 'type';
	}

	const whole = Math.trunc(number);
	return whole >= 1 && whole <= 5 ? whole : 3;
}
