import {usualFreezeLimitMs, type HistoryEntry} from './history.js';
import {outcomes, type Verdict} from './outcome.js';

/** What goes into the metrics. */
export type MetricFacts = {
	/** Newest first. */
	readonly entries: readonly HistoryEntry[];
	/** Cycles of quiesce that did not come to their end: something may be frozen or held. */
	readonly unfinished: number;
	/** What the extension would do at the next backup; null where that could not be found out (not root). */
	readonly verdict: Verdict | null;
	/** Milliseconds since 1970. */
	readonly now: number;
};

type Labels = Readonly<Record<string, string>>;
type Sample = {readonly labels?: Labels; readonly value: number};
type Metric = {readonly name: string; readonly help: string; readonly samples: readonly Sample[]};

/** The metrics in Prometheus' text format (for the textfile collector of its node exporter). All are gauges; durations in seconds. */
export function metricsText(facts: MetricFacts): string {
	return metrics(facts).filter(({samples}) => samples.length > 0).map(({name, help, samples}) =>
		// A series may stand there once only: the exporter would refuse all of the file.
		`# HELP ${name} ${help}\n# TYPE ${name} gauge\n${[...new Map(samples.map(({labels, value}) => [labelsText(labels), value]))].map(([labels, value]) => `${name}${labels} ${value}\n`).join('')}`).join('');
}

function metrics({entries, unfinished, verdict, now}: MetricFacts): readonly Metric[] {
	const latest = (['azure', 'quiesce'] as const).flatMap(source => entries.find(entry => entry.source === source) ?? []);
	const each = (read: (entry: HistoryEntry) => readonly Sample[]): readonly Sample[] =>
		latest.flatMap(entry => read(entry).map(({labels, value}) => ({labels: Object.assign({source: entry.source}, labels), value})));
	const seconds = (ms: number | null): readonly Sample[] => ms === null ? [] : [{value: ms / 1000}];
	const oneOf = (outcome: string): readonly Sample[] => outcomes.map(one => ({labels: {outcome: one}, value: one === outcome ? 1 : 0}));
	return [
		{name: 'quiesce_textfile_timestamp_seconds', help: 'When these metrics were written.', samples: [{value: Math.floor(now / 1000)}]},
		{name: 'quiesce_next_backup_outcome', help: 'What the extension would do at the next backup with the present configuration: 1 for the outcome that holds.', samples: verdict === null ? [] : oneOf(verdict.outcome)},
		{name: 'quiesce_unfinished_cycles', help: 'Cycles of quiesce that did not come to their end: filesystems may be frozen, or the application held.', samples: [{value: unfinished}]},
		{name: 'quiesce_last_cycle_timestamp_seconds', help: 'When the last cycle began.', samples: each(({at}) => [{value: Math.floor(Date.parse(at) / 1000)}])},
		{name: 'quiesce_last_cycle_outcome', help: 'What the last cycle came to: 1 for the outcome that holds.', samples: each(({outcome}) => oneOf(outcome))},
		{name: 'quiesce_last_cycle_error', help: 'The errors of the last cycle.', samples: each(({errors}) => errors.map(({name, code}) => ({labels: {name, code: code === null ? '' : String(code)}, value: 1})))},
		{name: 'quiesce_last_cycle_duration_seconds', help: 'How long the last cycle took.', samples: each(({durationMs}) => seconds(durationMs))},
		{name: 'quiesce_last_freeze_window_seconds', help: 'How long filesystems were frozen in the last cycle.', samples: each(({freezeWindowMs}) => seconds(freezeWindowMs))},
		{name: 'quiesce_freeze_limit_seconds', help: 'After how long filesystems are thawed whatever happens.', samples: each(({freezeLimitMs}) => seconds(freezeLimitMs ?? usualFreezeLimitMs))},
		{name: 'quiesce_last_quiesce_window_seconds', help: 'How long the application was held in the last cycle.', samples: each(({quiesceWindowMs}) => seconds(quiesceWindowMs))},
		{
			name: 'quiesce_last_script_seconds', help: 'How long the scripts of the last cycle ran.', samples: each(({preScriptMs, postScriptMs}) => [
				...seconds(preScriptMs).map(({value}) => ({labels: {script: 'pre'}, value})), ...seconds(postScriptMs).map(({value}) => ({labels: {script: 'post'}, value})),
			]),
		},
		{name: 'quiesce_script_limit_seconds', help: 'How long one script may run.', samples: each(({scriptLimitMs}) => seconds(scriptLimitMs))},
		{
			name: 'quiesce_last_application_consistent_timestamp_seconds', help: 'When the last application-consistent cycle began; 0 where none is known.',
			samples: each(({source}) => [{value: Math.floor(Date.parse(entries.find(entry => entry.source === source && entry.outcome === 'application-consistent')?.at ?? '1970-01-01T00:00:00Z') / 1000)}]),
		},
		{
			name: 'quiesce_history_cycles', help: 'How many cycles the history holds, by what they came to.',
			samples: each(({source}) => outcomes.map(outcome => ({labels: {outcome}, value: entries.filter(entry => entry.source === source && entry.outcome === outcome).length}))),
		},
		{
			name: 'quiesce_last_verified', help: 'What the latest verification of a snapshot found: 1 for the result that holds.',
			samples: entries.flatMap(({verified}) => verified ?? []).slice(0, 1).map(result => ({labels: {result}, value: 1})),
		},
	];
}

function labelsText(labels: Labels | undefined): string {
	const pairs = Object.entries(labels ?? {});
	if (pairs.length === 0) return '';
	return `{${pairs.map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`).join(',')}}`;
}
