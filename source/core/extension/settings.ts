import {parsePythonJson} from './python-json.js';
import {asNumber, isTruthy, iterate, pythonText, type PythonValue} from './python-value.js';
import type {EffectiveSettings, ScriptPlan} from './types.js';

/** How long one parameter of a process may be on Linux, its end included (MAX_ARG_STRLEN of execve). */
const longestParameter = 131_072;

/** The extension's own defaults. */
export function defaultSettings(hostTimeoutSeconds: number): EffectiveSettings {
	return {
		pre: null, post: null, limitMs: 12_000, pollSeconds: 3, hostTimeoutSeconds,
		continueBackupOnFailure: true, continueThrows: false, fsFreezeEnabled: true, freezeOffFailsHard: false,
	};
}

/** A text can be handed to a process: no NUL, no half of a surrogate pair that stands for no byte, not too long. */
function isPassable(text: string): boolean {
	if (text.includes('\0') || /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDC7F\uDD00-\uDFFF]/.test(text)) return false;
	return new TextEncoder().encode(text).length < longestParameter;
}

function parameters(value: PythonValue | undefined): readonly string[] | null {
	if (value === undefined) return [];
	const texts = iterate(value)?.map(item => pythonText(item)) ?? null;
	return texts !== null && texts.every(text => isPassable(text)) ? texts : null;
}

function plan(entries: ReadonlyMap<string, PythonValue>, which: 'pre' | 'post', nameUsable: boolean): ScriptPlan {
	const retries = entries.get(`${which}ScriptNoOfRetries`);
	const count = retries === undefined ? 0 : asNumber(retries);
	return {
		location: pythonText(entries.get(`${which}ScriptLocation`)!),
		parameters: nameUsable ? parameters(entries.get(`${which}ScriptParams`)) : null,
		retries: count === null || !(count > 0) ? 0 : Math.ceil(count),
		retriesUsable: count !== null,
	};
}

/** Reads the configuration as the extension does; a number is the code of the error that it meets (304 or 305). */
export function readEffectiveSettings(content: Uint8Array, hostTimeoutSeconds: number): EffectiveSettings | 304 | 305 {
	let document: PythonValue;
	try {
		document = parsePythonJson(new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(content));
	} catch {
		return 305;
	}

	if (document.type !== 'dict') return 304;
	const {entries} = document;
	const pre = entries.get('preScriptLocation');
	const post = entries.get('postScriptLocation');
	if (pre === undefined || post === undefined) return 305;

	const timeout = entries.get('timeoutInSeconds') ?? {type: 'int', value: 10n};
	const timeoutSeconds = asNumber(timeout);
	if (timeoutSeconds === null) return 304;

	let pollSeconds = 3;
	const poll = entries.get('ScriptsExecutionPollTimeSeconds');
	if (poll !== undefined) {
		if (poll.type === 'str' ? !/^\s*[-+]?\d+(?:_\d+)*\s*$/.test(poll.value) : poll.type === 'float' && Number.isNaN(poll.value)) return 305;
		const number = poll.type === 'str' ? Number(poll.value.replaceAll('_', '')) : asNumber(poll);
		if (number === null || !Number.isFinite(number)) return 304;
		const whole = Math.trunc(number);
		if (whole >= 1 && whole <= 5) pollSeconds = whole;
	}

	if (pre.type !== 'str' || post.type !== 'str') return 304;
	const name = entries.get('pluginName');
	const nameUsable = name === undefined || name.type === 'str';
	const goOn = entries.get('continueBackupOnFailure') ?? {type: 'bool', value: true};
	const freeze = entries.get('fsFreezeEnabled') ?? {type: 'bool', value: true};
	const polls = Math.ceil(Math.min(timeoutSeconds, hostTimeoutSeconds) / pollSeconds);
	return {
		pre: plan(entries, 'pre', nameUsable),
		post: plan(entries, 'post', nameUsable),
		limitMs: Number.isNaN(timeoutSeconds) ? Number.POSITIVE_INFINITY : Math.max(0, polls) * pollSeconds * 1000,
		pollSeconds,
		hostTimeoutSeconds,
		continueBackupOnFailure: isTruthy(goOn),
		continueThrows: asNumber(goOn) === null,
		fsFreezeEnabled: isTruthy(freeze),
		freezeOffFailsHard: asNumber(freeze) === 0,
	};
}
