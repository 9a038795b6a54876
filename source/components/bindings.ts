import {useInput} from 'ink';
import {isPrintable, keysOf, type KeyName} from './keys.js';
import type {Symbols} from './theme.js';

/** Some keys that do the same, what they do, and the doing. The key help is made of nothing else. */
export type Binding = {
	readonly keys: readonly KeyName[];
	/** What it does, in a word or two: `choose`, `back`. */
	readonly label: string;
	readonly run: (key: KeyName) => void;
	/** Works, and stands in the list behind `?`, but not in the last line. */
	readonly hidden?: boolean;
};

/** The way back, the same on every screen; `more`: keys that go back as well, and are not shown. */
export function backBindings(run: () => void, {label = 'back', more = []}: {readonly label?: string; readonly more?: readonly KeyName[]} = {}): readonly Binding[] {
	return [{keys: ['esc', 'q'], label, run}, ...(more.length === 0 ? [] : [{keys: more, label, hidden: true, run}])];
}

export type BindingsOptions = {
	readonly isActive?: boolean;
	/** A text is being typed: keys that stand for themselves belong to it and reach no binding. */
	readonly typing?: boolean;
};

/** Makes bindings work while the component is shown. The first binding that knows a key gets it; several keys in one chunk come one after another. */
export function useBindings(bindings: readonly Binding[], {isActive = true, typing = false}: BindingsOptions = {}): void {
	useInput((input, key) => {
		for (const name of keysOf(input, key)) press(bindings, name, typing);
	}, {isActive});
}

/** Gives one key to the first binding that knows it; answers whether there was one. */
export function press(bindings: readonly Binding[], key: KeyName, typing = false): boolean {
	if (typing && (isPrintable(key) || key === 'space')) return false;
	const wanted = key === ' ' ? 'space' : key;
	const binding = bindings.find(({keys}) => keys.includes(wanted));
	binding?.run(wanted);
	return binding !== undefined;
}

/** How keys are written in the key help: `↑↓`, `⏎`, `esc`, `f`, `ctrl-c`. */
export function keyText(keys: readonly KeyName[], symbols: Symbols): string {
	const written = keys.map(key => keyNames(symbols)[key] ?? key);
	const arrows = keys.every(key => ['up', 'down', 'left', 'right'].includes(key));
	return written.join(arrows && symbols.up.length === 1 ? '' : '/');
}

function keyNames(symbols: Symbols): Readonly<Record<KeyName, string>> {
	return {up: symbols.up, down: symbols.down, left: symbols.left, right: symbols.right, enter: symbols.enter, pageup: 'pgup', pagedown: 'pgdn', ' ': 'space'};
}

/** The bindings with the keys that really reach them: those that an earlier one does not take, and, while a text is typed, none that stand for themselves. */
export function reachable(bindings: readonly Binding[], typing = false): readonly Binding[] {
	const taken = new Set<KeyName>();
	return bindings.flatMap(binding => {
		const keys = binding.keys.filter(key => !taken.has(key) && !(typing && (isPrintable(key) || key === 'space')));
		for (const key of binding.keys) taken.add(key);
		return keys.length === 0 ? [] : [{...binding, keys}];
	});
}

/** One entry of the key help. */
export type KeyHelp = {readonly keys: string; readonly label: string};

/** The key help of the visible bindings, broken into lines of at most `width` columns. */
export function keyHelpLines(bindings: readonly Binding[], symbols: Symbols, width: number): readonly (readonly KeyHelp[])[] {
	const lines: KeyHelp[][] = [[]];
	let used = 0;
	for (const binding of bindings) {
		if (binding.hidden === true) continue;
		const help = {keys: keyText(binding.keys, symbols), label: binding.label};
		const columns = help.keys.length + 1 + help.label.length;
		if (used > 0 && used + 3 + columns > width) {
			lines.push([]);
			used = 0;
		}
		lines.at(-1)!.push(help);
		used += (used > 0 ? 3 : 0) + columns;
	}
	return lines.filter(line => line.length > 0);
}
