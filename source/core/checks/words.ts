import type {Role, ScriptFacts} from './facts.js';
import {withoutSecrets} from './secrets.js';

/** `0755`, as administrators write permissions. */
export function octal(mode: number): string {
	return `0${mode.toString(8).padStart(3, '0')}`;
}

export function scriptName(role: Role): string {
	return `${role}-script`;
}

/** The error table's names of one script's errors. */
export const scriptErrors = {
	pre: {
		failed: 'Pre-ScriptExecutionFailed',
		missing: 'Pre-ScriptNotFound',
		permission: 'InsufficientPermissionforPre-Script',
		timeout: 'Pre-ScriptTimeout',
	},
	post: {
		failed: 'Post-ScriptExecutionFailed',
		missing: 'Post-ScriptNotFound',
		permission: 'InsufficientPermissionforPost-Script',
		timeout: 'Post-ScriptTimeout',
	},
} as const;

/** The scripts of a configuration; one that stands there for both roles comes once. */
export function distinctScripts(facts: {readonly pre: ScriptFacts | null; readonly post: ScriptFacts | null}): ScriptFacts[] {
	const {pre, post} = facts;
	if (pre === null) return post === null ? [] : [post];
	return post === null || post.path === pre.path ? [pre] : [pre, post];
}

/** `a, b and c`; with `most`, the rest is counted: `a, b and 12 more`. */
export function list(items: readonly string[], most = 6): string {
	const shown = items.length > most ? [...items.slice(0, most), `${items.length - most} more`] : items;
	return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)!}`;
}

export function count(number: number, one: string, many = `${one}s`): string {
	return `${number} ${number === 1 ? one : many}`;
}

/** A value of the configuration as it stands in JSON, bounded for a line and without secrets. */
export function shown(value: unknown): string {
	const text = typeof value === 'number' ? String(value) : JSON.stringify(withoutSecrets(value)) ?? String(value);
	if (text.length <= 40) return text;
	// Not in the middle of a character that takes two places, nor of an escape.
	const head = text.slice(0, 36).replace(/[\uD800-\uDBFF]$|\\(?:u[\da-f]{0,3})?$/i, '');
	return `${head}…${typeof value === 'string' ? '"' : ''}`;
}

/** `preScriptLocation` → `pre-script-location`, for ids. */
export function kebab(key: string): string {
	return key.replace(/([a-z\d])([A-Z])/g, '$1-$2').replace(/[^A-Za-z\d]+/g, '-').replace(/^-+|-+$/g, '').toLowerCase();
}
