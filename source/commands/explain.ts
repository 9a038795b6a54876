import {pageAbout, pageNames} from '../applications/pages.js';
import {errorTable, findError, nearErrors} from '../core/errors.js';
import type {ErrorEntry} from '../core/errors/entry.js';
import {exitCodes, Failure} from '../core/failure.js';
import {wrap} from '../core/wrap.js';
import type {Command} from './invocation.js';

function title({name, code}: ErrorEntry): string {
	return code === null ? name : `${name} (${code})`;
}

function article(entry: ErrorEntry): string {
	return [
		title(entry),
		`  ${wrap(entry.happened, 76, '  ')}`,
		`  ${wrap(entry.effect, 76, '  ')}`,
		`What to try\n${entry.remedies.map((remedy, index) => `  ${index + 1}. ${wrap(remedy, 73, '     ')}`).join('\n')}`,
		...(entry.aliases.length === 0 ? [] : [`In the extension's log: ${entry.aliases[0]!}`]),
	].join('\n\n');
}

/** `quiesce explain [NAME|CODE]`: what an error means and what to do, or what an application's scripts do, offline; alone, the list. */
export const run: Command = async invocation => {
	const {mode, operands: [wanted]} = invocation;
	const write = (text: string): void => {
		process.stdout.write(`${text}\n`);
	};

	if (wanted === undefined) {
		write(mode === 'json'
			? JSON.stringify({errors: errorTable, applications: pageNames})
			: `${errorTable.map(entry => `${String(entry.code ?? '').padStart(4)}  ${entry.name}\n      ${wrap(entry.happened, 72, '      ')}`).join('\n')}\n\nquiesce explain NAME or CODE tells what to do.\nHow an application is held: quiesce explain ${pageNames.join(', ')}`);
		return exitCodes.done;
	}

	const entry = findError(wanted);
	const page = entry === undefined ? pageAbout(wanted) : undefined;
	if (page !== undefined) {
		write(mode === 'json' ? JSON.stringify(page) : page.text.trimEnd());
		return exitCodes.done;
	}

	if (entry === undefined) {
		const near = nearErrors(wanted);
		throw new Failure(`There is no error "${wanted}".`, {
			exitCode: exitCodes.usage,
			remedy: [...near.map(found => `quiesce explain ${found.code ?? found.name}   ${found.name}`), 'All of them, and the applications: quiesce explain'],
		});
	}

	write(mode === 'json' ? JSON.stringify(entry) : article(entry));
	return exitCodes.done;
};
