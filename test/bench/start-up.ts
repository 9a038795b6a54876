import {makeCycleLab} from '../support/cycle-lab.js';
import {bundledQuiesce} from '../support/sandbox.js';
import {inTurns} from './in-turns.js';
import {within} from './laboratories.js';
import {Stopwatch, type Programs} from './programs.js';
import type {Row, Section} from './table.js';

type Case = {readonly name: string; readonly words: readonly string[]; readonly limit: number; readonly screen?: boolean; readonly because?: string};

const cases: readonly Case[] = [
	{name: 'quiesce --version', words: ['--version'], limit: 1.5},
	{name: 'quiesce --help', words: ['--help'], limit: 1.5},
	{name: 'quiesce explain 308', words: ['explain', '308'], limit: 1.5},
	{name: 'quiesce doctor --json', words: ['doctor', '--json'], limit: 2.5, because: 'Of some 53 ms on an idle machine Node\'s own start and end are 20; the launcher and the command line take 4, loading the command 5, reading the configuration 3, starting one sh that '
		+ 'reads both scripts and starts shellcheck 3, mounts and processes 9 (most of that whether any process could hold up a freeze: 7 µs for each open file of programs of root), the checks 4, '
		+ 'and the rest waits for shellcheck and writes the answer.'},
	{name: 'first frame: wizard', words: ['setup'], limit: 4, screen: true},
	{name: 'first frame: doctor', words: ['doctor'], limit: 4, screen: true},
	{name: 'first frame: home', words: [], limit: 4, screen: true},
	{name: 'first frame: history', words: ['history'], limit: 4, screen: true},
	{name: 'first frame: watch', words: ['watch'], limit: 4, screen: true},
];

const node = 'node -e 0';
const hellos = ['an Ink hello, bundled', 'an Ink hello, unbundled'] as const;

/** How long a person waits, measured beside the same Node doing nothing, and beside Ink saying hello. */
export async function startUp(programs: Programs, repeats: number): Promise<Section> {
	return within(makeCycleLab({thawAfterSeconds: 1800}), async ({sandbox}) => {
		const watch = new Stopwatch(programs, sandbox);
		const plain = [process.execPath, '-e', '0'];
		const hello = (file: string): number => watch.screen([process.execPath, file]).ms;
		const ways = [
			{name: node, measure: () => watch.exit(plain).ms},
			...cases.map(({name, words, screen}) => ({name, measure: () => (screen === true ? watch.screen([bundledQuiesce, ...words]) : watch.exit([bundledQuiesce, ...words])).ms})),
			{name: hellos[0], measure: () => hello(programs.inkHello.bundled)},
			{name: hellos[1], measure: () => hello(programs.inkHello.unbundled)},
		];
		// Once in vain, so that everything has been read from the disk, and V8's cache is there, as on the second day.
		for (const {measure} of ways) await measure();
		const of = await inTurns(ways, repeats);
		const beside = (what: string, peer: string, goal?: Row['goal']): Row => ({what, unit: 'ms', figures: of(what), peer: {name: peer, figures: of(peer)}, ...(goal === undefined ? {} : {goal})});
		return {
			title: 'Start',
			rows: [
				...cases.map(({name, limit, because}) => ({...beside(name, node, {below: limit}), ...(because === undefined ? {} : {limit: because})})),
				...hellos.map(name => beside(name, node)),
				...cases.filter(({screen}) => screen === true).slice(0, 3).flatMap(({name}) => hellos.map(peer => beside(name, peer, {below: 1}))),
			],
			remarks: ['Screens until their first visible character on a terminal of 80 × 24; everything else until its end.'],
			skipped: [],
		};
	});
}
