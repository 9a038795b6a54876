import {exitCodes, Failure} from '../core/failure.js';
import type {HistoryEntry} from '../core/history.js';
import {limitWarnings, measures, seriesOf} from '../core/history-trend.js';
import {metricsText} from '../core/metrics.js';
import type {Verdict} from '../core/outcome.js';
import {showable, speaksUnicode} from '../core/unicode.js';
import {foretell} from '../operations/examine.js';
import {lookBack} from '../operations/look-back.js';
import {entryLines, historyLines} from '../output/plain-history.js';
import {isHistoryReadable} from '../system/history-store.js';
import {readUnfinished} from '../system/unfinished-cycles.js';
import {stateDirectoryPath} from '../system/state-directory.js';
import {writeTextfile} from '../system/textfile.js';
import {defaultConfiguration, type Command} from './invocation.js';

/** How many the list shows without being asked for more. */
const listed = 30;

/** `quiesce history [ID]`: earlier cycles, their outcome, their windows and how these go on; `--textfile DIR` as metrics. */
export const run: Command = async invocation => {
	const {flags, mode, operands: [wanted]} = invocation;
	if (mode === 'interactive' && wanted === undefined && flags.textfile === undefined) {
		const {openApp} = await import('../app/app.js');
		return openApp({view: 'history'}, invocation);
	}

	const now = Date.now();
	if (!isHistoryReadable(stateDirectoryPath())) process.stderr.write(`The history in ${stateDirectoryPath()} can be read by root alone: what follows is only what the extension's log and status files tell.\n`);
	const entries = lookBack({...(flags.log === undefined ? {} : {log: flags.log}), ...(flags.status === undefined ? {} : {statusDirectory: flags.status})}, now);
	if (flags.textfile !== undefined) {
		const path = writeTextfile(flags.textfile, metricsText({entries, unfinished: readUnfinished(stateDirectoryPath()).length, verdict: verdictOf(flags.config ?? defaultConfiguration), now}));
		write(mode === 'json' ? JSON.stringify({textfile: path}) : `The metrics are in ${path}.`);
		return exitCodes.done;
	}
	if (wanted !== undefined) {
		const entry = find(entries, wanted);
		write(mode === 'json' ? JSON.stringify(entry) : showable(entryLines(entry).join('\n'), process.env));
		return exitCodes.done;
	}
	write(mode === 'json' ? JSON.stringify(historyJson(entries)) : showable(historyLines(entries, plainStyle(), listed).join('\n'), process.env));
	if (mode !== 'json' && entries.length > listed) write(`${entries.length - listed} older ones: quiesce history --json`);
	return exitCodes.done;
};

/** What `history --json` answers: the cycles, newest first, the measures of their windows, and what is near a limit. */
function historyJson(entries: readonly HistoryEntry[]): object {
	const trend = (source: HistoryEntry['source']): object => Object.fromEntries(seriesOf(entries.filter(entry => entry.source === source)).flatMap(({name, values, limitMs}) => {
		const measured = measures(values);
		return measured === null ? [] : [[name, {count: values.length, medianMs: measured.median, mostMs: measured.most, latestMs: measured.latest, limitMs}]];
	}));
	return {cycles: entries, trend: {azure: trend('azure'), quiesce: trend('quiesce')}, warnings: limitWarnings(entries)};
}

/** By its number in the list (1 is the newest), its id or a beginning or end of that, its time, or its snapshot. */
function find(entries: readonly HistoryEntry[], wanted: string): HistoryEntry {
	const exact = entries.find(({id}) => id === wanted) ?? (/^\d{1,4}$/.test(wanted) ? entries[Number(wanted) - 1] : undefined);
	const time = wanted.replace(' ', 'T');
	const near = entries.filter(({id, at, snapshot}) => id.startsWith(wanted) || id.endsWith(wanted) || at.startsWith(time) || snapshot?.id === wanted);
	const found = exact ?? (near.length === 1 ? near[0] : undefined);
	if (found !== undefined) return found;
	throw new Failure(near.length === 0 ? `There is no cycle "${wanted}" in the history.` : `"${wanted}" fits ${near.length} cycles.`, {
		exitCode: exitCodes.usage,
		remedy: near.length === 0 ? 'All of them: quiesce history' : near.slice(0, 5).map(({id}) => `quiesce history ${id}`),
	});
}

/** Only root can read what the verdict rests on. */
function verdictOf(configuration: string): Verdict | null {
	return process.geteuid?.() === 0 ? foretell(configuration) : null;
}

function plainStyle(): {readonly levels: readonly string[]; readonly width: number} {
	return {levels: speaksUnicode(process.env) ? ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] : ['_', '.', ':', '-', '=', '+', '*', '#'], width: Math.min(process.stdout.columns ?? 100, 100)};
}

function write(text: string): void {
	process.stdout.write(`${text}\n`);
}
