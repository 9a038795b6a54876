import {wrap} from '../core/wrap.js';
import {appOptions, commands, commonOptions, options, type OptionName} from './table.js';

/** Help is read on the narrowest of the usual terminals too. */
const lineWidth = 80;

function columns(rows: ReadonlyArray<readonly [string, string]>): string {
	const width = Math.max(...rows.map(([left]) => left.length)) + 4;
	return rows.map(([left, right]) => `  ${left}`.padEnd(width) + wrap(right, lineWidth - width, ' '.repeat(width))).join('\n');
}

function optionRows(names: readonly OptionName[]): ReadonlyArray<readonly [string, string]> {
	return names.map(name => {
		const option: {argument?: string; summary: string} = options[name];
		return [`--${name}${option.argument === undefined ? '' : ` ${option.argument}`}`, option.summary] as const;
	});
}

/** The text of `--help`, of quiesce as a whole (null) or of one command. */
export function help(command: string | null): string {
	if (command !== null) {
		const entry = commands[command]!;
		const parts = [
			`quiesce ${command}${entry.operands === undefined ? '' : ` ${entry.operands}`} [options]\n\n${wrap(entry.summary, lineWidth)}`,
			...(entry.notes ?? []).map(note => note.split('\n').map(line => (line.startsWith(' ') ? line : wrap(line, lineWidth))).join('\n')),
			...(entry.options.length === 0 ? [] : [`Options\n${columns(optionRows(entry.options))}`]),
			`Common options\n${columns(optionRows(commonOptions))}`,
			...(entry.root ? ['Needs root.'] : []),
		];
		return `${parts.join('\n\n')}\n`;
	}

	return `${[
		wrap('quiesce makes backups of Linux VMs application-consistent: it sets up, rehearses, runs and follows the pre- and post-scripts of Azure Backup.', lineWidth),
		columns([['quiesce', 'opens the app: the set-up where nothing is configured yet, else the home screen'], ['quiesce COMMAND', 'works with and without a terminal']]),
		`Commands\n${columns(Object.entries(commands).filter(([, entry]) => entry.hidden !== true).map(([name, entry]) => [`${name}${entry.operands === undefined ? '' : ` ${entry.operands}`}`, entry.summary] as const))}`,
		`Options of quiesce alone\n${columns(optionRows(appOptions))}`,
		`Common options\n${columns(optionRows(commonOptions))}`,
		`Exit codes\n${columns([
			['0', 'done'], ['1', 'a bug'], ['2', 'wrong usage, or a terminal is needed'], ['3', 'findings, or answers that are not acceptable'], ['4', 'less than application-consistent'], ['5', 'failed'],
			['6', 'not root'], ['7', 'another cycle, or a backup, holds the lock'], ['130, 143, 129', 'interrupted (Ctrl-C, SIGTERM, SIGHUP)'],
		])}`,
	].join('\n\n')}\n`;
}
