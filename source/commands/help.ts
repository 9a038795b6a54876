import {appOptions, commands, commonOptions, options, type OptionName} from './table.js';

function columns(rows: ReadonlyArray<readonly [string, string]>): string {
	const width = Math.max(...rows.map(([left]) => left.length)) + 2;
	return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join('\n');
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
			`quiesce ${command}${entry.operands === undefined ? '' : ` ${entry.operands}`} [options]\n\n${entry.summary}`,
			...(entry.options.length === 0 ? [] : [`Options\n${columns(optionRows(entry.options))}`]),
			`Common options\n${columns(optionRows(commonOptions))}`,
			...(entry.root ? ['Needs root.'] : []),
		];
		return `${parts.join('\n\n')}\n`;
	}

	return `${[
		'quiesce makes backups of Linux VMs application-consistent: it sets up, rehearses, runs and follows\nthe pre- and post-scripts of Azure Backup.',
		'  quiesce               opens the app: the set-up where nothing is configured yet, else the home screen\n  quiesce COMMAND       works with and without a terminal',
		`Commands\n${columns(Object.entries(commands).filter(([, entry]) => entry.hidden !== true).map(([name, entry]) => [`${name}${entry.operands === undefined ? '' : ` ${entry.operands}`}`, entry.summary] as const))}`,
		`Options of quiesce alone\n${columns(optionRows(appOptions))}`,
		`Common options\n${columns(optionRows(commonOptions))}`,
		'Exit codes\n  0 done   1 a bug   2 wrong usage   3 findings or unacceptable answers   4 less than application-consistent\n  5 failed   6 not root   7 another cycle holds the lock   130, 143, 129 interrupted',
	].join('\n\n')}\n`;
}
