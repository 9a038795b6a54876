import {makeSandbox, bundledQuiesce, type Sandbox} from '../support/sandbox.js';
import type {Figures} from './figures.js';
import {putHistory} from './histories.js';
import {within} from './laboratories.js';
import {Stopwatch, type Programs} from './programs.js';
import type {Growth, Row, Section} from './table.js';

type Screen = {readonly name: string; readonly command: readonly string[]; readonly ready: string; readonly keys: string; readonly before?: (sandbox: Sandbox) => void};

/** Down in a list, and up again: most keys move what is shown. */
const backAndForth = [...Array.from({length: 30}, () => 'Down'), ...Array.from({length: 30}, () => 'Up')].join(' ');

/** From a key to the frame that it brings: what quiesce works for it, and how long a person waits. In lists as long as they are told, and in the wizard. */
export async function keys(programs: Programs, {count, findings, cycles}: {readonly count: number; readonly findings: readonly [few: number, many: number]; readonly cycles: readonly [few: number, many: number]}): Promise<Section> {
	return within(makeSandbox({files: [{path: '/etc/azure/VMSnapshotScriptPluginConfig.json', content: '{}'}]}), async sandbox => {
		const watch = new Stopwatch(programs, sandbox);
		const doctor = (number: number): Screen => ({name: `a doctor of ${number.toLocaleString('en')} findings`, command: [process.execPath, programs.manyFindings, String(number)], ready: 'Finding 0 of many', keys: backAndForth});
		const history = (number: number): Screen => ({name: `a history of ${number.toLocaleString('en')} cycles`, command: [bundledQuiesce, 'history'], ready: `${number} cycles`, keys: backAndForth, before: sandbox => putHistory(sandbox, number)});
		const wizard: Screen = {name: 'the wizard', command: [bundledQuiesce, 'setup'], ready: 'Start anew', keys: 'Down Up'};
		const measured = new Map<string, {readonly ms: Figures; readonly work: Figures}>();
		for (const {name, command, ready, keys, before} of [wizard, ...findings.map(doctor), ...cycles.map(history)]) {
			before?.(sandbox);
			const presses = watch.keys(command, {ready, count, keys});
			measured.set(name, {ms: presses.map(({ms}) => ms), work: presses.map(({workMs}) => workMs)});
		}

		const of = (name: string): {readonly ms: Figures; readonly work: Figures} => measured.get(name) ?? {ms: [], work: []};
		const rows = [...measured.keys()].flatMap((name): Row[] => [
			{what: `a key in ${name}: work`, unit: 'ms', figures: of(name).work, ...(name === wizard.name ? {} : {peer: {name: wizard.name, figures: of(wizard.name).work}}), goal: {mostWorst: 16}},
			{what: `a key in ${name}: until its frame is written`, unit: 'ms', figures: of(name).ms, ...(name === wizard.name ? {} : {peer: {name: wizard.name, figures: of(wizard.name).ms}})},
		]);
		const growth = ([[doctor, findings, 'findings'], [history, cycles, 'cycles']] as const).map(([screen, [few, many], of_]): Growth => ({what: `work for a key in the ${of_ === 'cycles' ? 'history' : 'doctor'}`, unit: 'ms', of: of_, small: {size: few, figures: of(screen(few).name).work}, large: {size: many, figures: of(screen(many).name).work}}));
		return {title: 'From a key to its frame', rows, growth, remarks: ['Work is the processor time of the thread that draws, from the key to the end of its frame. The first keys after the start, which run code that V8 has not compiled yet, are among them.'], skipped: []};
	});
}
