import {parseArgs} from 'node:util';
import {distance} from '../core/spelling-distance.js';
import {exitCodes, Failure} from '../core/failure.js';
import type {Flags} from './invocation.js';
import {appOptions, commands as registered, commonOptions, options, type CommandEntry, type OptionName} from './table.js';

/** What a command line asks for. */
export type CommandLine =
	| {readonly ask: 'version'}
	| {readonly ask: 'help'; readonly command: string | null}
	| {readonly ask: 'command'; readonly command: string; readonly flags: Flags; readonly operands: readonly string[]}
	| {readonly ask: 'app'; readonly flags: Flags};

function usage(message: string, command: string | null): Failure {
	return new Failure(message, {
		exitCode: exitCodes.usage,
		remedy: `See: quiesce ${command === null ? '' : `${command} `}--help`,
	});
}

function nearest(word: string, known: readonly string[]): string {
	const limit = Math.max(1, Math.floor(word.length / 3));
	const [best] = known
		.map(candidate => ({candidate, far: distance(word.slice(0, 40), candidate, limit)}))
		.sort((a, b) => a.far - b.far);
	return best !== undefined && best.far <= limit ? ` Did you mean ${best.candidate}?` : '';
}

function seconds(name: string, text: string | undefined, command: string | null): number | undefined {
	if (text === undefined) return undefined;
	const value = Number(text);
	if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
		throw usage(`--${name} takes a number of seconds, 0 or more, not "${text}".`, command);
	}
	return value;
}

/**
 * Understands a command line (without the names of node and quiesce).
 * @throws Failure (2) for unknown commands and options, missing arguments and too many operands.
 */
export function parseCommandLine(words: readonly string[], commands: Readonly<Record<string, CommandEntry>> = registered): CommandLine {
	const [first] = words;
	const named = first !== undefined && !first.startsWith('-');
	if (named && !Object.hasOwn(commands, first)) {
		throw usage(`There is no command "${first}".${nearest(first, Object.keys(commands).filter(name => commands[name]!.hidden !== true))}`, null);
	}

	const command = named ? first : null;
	const entry = command === null ? null : commands[command]!;
	const rest = named ? words.slice(1) : words;
	const taken: readonly OptionName[] = [...commonOptions, ...(entry === null ? appOptions : entry.options)];

	const {tokens} = parseArgs({
		args: [...rest],
		strict: false,
		tokens: true,
		allowPositionals: true,
		options: Object.fromEntries([
			...Object.entries(options).map(([name, option]) => [name, {type: 'argument' in option ? 'string' as const : 'boolean' as const}] as const),
			['h', {type: 'boolean' as const, short: 'h'}] as const,
			['V', {type: 'boolean' as const, short: 'V'}] as const,
		]),
	});

	const texts = new Map<OptionName, string[]>();
	const operands: string[] = [];
	for (const token of tokens) {
		if (token.kind === 'positional') {
			// A variable that is not set must not become something else.
			if (token.value === '') throw usage(`quiesce${command === null ? '' : ` ${command}`} was given an empty word.`, command);
			operands.push(token.value);
		} else if (token.kind === 'option') {
			const name = token.name === 'h' ? 'help' : token.name === 'V' ? 'version' : token.name;
			if (!Object.hasOwn(options, name)) {
				throw usage(`There is no option ${token.rawName}.${nearest(token.rawName, taken.map(known => `--${known}`))}`, command);
			}

			const known = name as OptionName;
			if (!taken.includes(known)) {
				const takers = Object.entries(commands).filter(([, other]) => other.options.includes(known)).map(([other]) => other);
				throw usage(`${command === null ? 'quiesce alone' : `quiesce ${command}`} takes no --${known}${takers.length === 0 ? '' : `; ${takers.join(' and ')} ${takers.length === 1 ? 'does' : 'do'}`}.`, command);
			}

			const takesArgument = 'argument' in options[known];
			if (takesArgument && (token.value === undefined || (!token.inlineValue && token.value.startsWith('-') && token.value !== '-'))) {
				throw usage(`--${known} needs a value: --${known} ${(options[known] as {argument: string}).argument}`, command);
			}

			if (!takesArgument && token.value !== undefined) {
				throw usage(`--${known} takes no value, and "${token.value}" was given.`, command);
			}

			if (takesArgument && token.value === '') {
				throw usage(`--${known} needs a value that is not empty.`, command);
			}

			texts.set(known, [...(texts.get(known) ?? []), token.value ?? '']);
		}
	}

	if (texts.has('version')) return {ask: 'version'};
	if (texts.has('help')) return {ask: 'help', command};

	for (const [name, given] of texts) {
		if (given.length > 1 && name !== 'mount' && 'argument' in options[name]) {
			throw usage(`--${name} was given ${given.length} times; once is enough, and which one counts is not clear.`, command);
		}
	}

	const most = entry?.mostOperands ?? 0;
	if (operands.length > most) {
		throw usage(`quiesce${command === null ? '' : ` ${command}`} does not know what to do with "${operands[most]!}".`, command);
	}

	const text = (name: OptionName): string | undefined => texts.get(name)?.[0];
	const present = <Value>(name: string, value: Value | undefined): Record<string, Value> => value === undefined ? {} : {[name]: value};
	const flag = (name: OptionName): Record<string, boolean> => texts.has(name) ? {[name]: true} : {};
	const flags: Flags = {
		...flag('json'), ...flag('check'), ...flag('diff'), ...flag('fix'), ...flag('yes'), ...flag('once'), ...flag('unattended'), ...flag('verify'),
		...(texts.has('no-color') ? {color: false} : {}),
		...present('config', text('config')),
		...present('answers', text('answers')),
		...present('template', text('template')),
		...present('snapshot', text('snapshot')),
		...present('mount', texts.get('mount')),
		...present('log', text('log')),
		...present('status', text('status')),
		...present('textfile', text('textfile')),
		...present('hold', seconds('hold', text('hold'), command)),
		...present('wait', seconds('wait', text('wait'), command)),
	};
	return command === null ? {ask: 'app', flags} : {ask: 'command', command, flags, operands};
}
