import type {Key} from 'ink';

/**
 * One key: a single printable character as it stands (`a`, `?`, `ß`), or a name: `enter`, `esc`, `up`, `down`, `left`, `right`, `pageup`, `pagedown`,
 * `home`, `end`, `tab`, `shift-tab`, `backspace`, `delete`, `space`, and `ctrl-` with a letter.
 */
export type KeyName = string;

/** The keys that a chunk of input holds: over a slow line several arrive in one. Control characters without a meaning here are dropped. */
export function keysOf(input: string, key: Partial<Key>): readonly KeyName[] {
	const named = nameOf(key);
	if (named !== null) return [named];
	if (key.ctrl === true) return input === '' ? [] : [input === ' ' ? 'space' : `ctrl-${input.toLowerCase()}`];
	if (key.meta === true) return [];
	return [...input.replaceAll('\r\n', '\r')].flatMap(character => {
		const known = controls[character];
		if (known !== undefined) return [known];
		return isPrintable(character) ? [character] : [];
	});
}

/** True for a key that stands for itself in a text. */
export function isPrintable(key: KeyName): boolean {
	return [...key].length === 1 && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(key);
}

const controls: Readonly<Record<string, KeyName>> = {
	'\r': 'enter', '\n': 'enter', '\t': 'tab', '\u007F': 'backspace', '\b': 'backspace', '\u0003': 'ctrl-c', '\u0004': 'ctrl-d',
	'\u0001': 'ctrl-a', '\u0005': 'ctrl-e', '\u0007': 'ctrl-g', '\u000B': 'ctrl-k', '\u0015': 'ctrl-u', '\u0017': 'ctrl-w',
};

function nameOf(key: Partial<Key>): KeyName | null {
	if (key.upArrow === true) return 'up';
	if (key.downArrow === true) return 'down';
	if (key.leftArrow === true) return 'left';
	if (key.rightArrow === true) return 'right';
	if (key.pageUp === true) return 'pageup';
	if (key.pageDown === true) return 'pagedown';
	if (key.home === true) return 'home';
	if (key.end === true) return 'end';
	if (key.return === true) return 'enter';
	if (key.escape === true) return 'esc';
	if (key.tab === true) return key.shift === true ? 'shift-tab' : 'tab';
	if (key.backspace === true) return 'backspace';
	if (key.delete === true) return 'delete';
	return null;
}
