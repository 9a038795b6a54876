import {basename} from 'node:path';
import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {columnsOf, cutPathTo, cutTo} from '../components/columns.js';
import {useRoom} from '../components/size.js';
import {Spinner} from '../components/spinner.js';
import {useTheme, type Mark, type Theme, type Tone} from '../components/theme.js';
import {duration} from '../core/durations.js';
import {isFrozen, phaseTime, type PhaseProgress, type Progress} from '../core/progress.js';

/** The sign of a phase. While anything is frozen the freeze has its own. */
function markOf(phase: PhaseProgress, frozen: boolean): Mark {
	if (phase.name === 'freeze' && frozen) return 'frozen';
	switch (phase.state) {
		case 'pending': return 'pending';
		case 'running': return 'running';
		case 'succeeded': return 'done';
		case 'failed':
		case 'timed-out': return 'failed';
		case 'skipped': return 'skipped';
	}
}

const tones: Readonly<Record<Mark, Tone>> = {
	done: 'good', failed: 'bad', warning: 'warning', running: 'accent', pending: 'dim', skipped: 'dim', frozen: 'selected', pointer: 'accent', information: 'dim',
};

/** What a phase is about, in a clause. */
function about(phase: PhaseProgress, theme: Theme, room: number): string {
	const {dot} = theme.symbols;
	const attempt = phase.attempt !== null && (phase.attempts ?? 1) > 1 ? `attempt ${phase.attempt} of ${phase.attempts}` : null;
	const script = phase.script === null ? null : basename(phase.script);
	const timedOut = phase.state === 'timed-out' ? 'timed out' : null;
	const mounts = phase.mounts.length > 0 && phase.state !== 'failed' && phase.state !== 'timed-out' ? mountsIn(phase.mounts, room) : null;
	const parts = [script, mounts, attempt, timedOut, phase.detail].filter(part => part !== null && part !== '');
	const text = parts.join(` ${dot} `);
	// The end of where a snapshot goes tells more than its beginning.
	const path = / (\/\S+)$/.exec(text);
	if (path !== null && columnsOf(text) > room) {
		const front = text.slice(0, text.length - path[1]!.length);
		return front + cutPathTo(path[1]!, Math.max(8, room - columnsOf(front)), theme.symbols.ellipsis);
	}
	return text;
}

/** The mounts, or how many they are where they do not fit. */
function mountsIn(mounts: readonly string[], room: number): string {
	const text = mounts.join('  ');
	return columnsOf(text) <= room || mounts.length < 2 ? text : `${mounts.length} filesystems`;
}

/** The six phases, a line each, whatever has happened. `rows`: where there is no room for all of them, those around the one that runs. */
export function Phases({progress, now, rows = progress.phases.length}: {readonly progress: Progress; readonly now: number; readonly rows?: number}): ReactNode {
	const frozen = isFrozen(progress);
	const current = progress.phases.findLastIndex(({state}) => state !== 'pending');
	const first = Math.max(0, Math.min(current - 1, progress.phases.length - rows));
	return (
		<Box flexDirection="column" flexShrink={0}>
			{progress.phases.slice(first, first + rows).map(phase => <PhaseLine key={phase.name} phase={phase} frozen={frozen} now={now} />)}
		</Box>
	);
}

/** In a narrow place what would be cut to nothing that can be read goes, but for the script's name and which attempt it is. */
function fitting(text: string, {script, state, attempt, attempts}: PhaseProgress, room: number, ellipsis: string): string {
	if (room >= 24 || columnsOf(text) <= room || (room >= 12 && (state === 'failed' || state === 'timed-out'))) return cutTo(text, room, ellipsis);
	if (script === null) return '';
	const name = basename(script);
	const short = attempt !== null && (attempts ?? 1) > 1 ? `${name} ${attempt}/${attempts}` : name;
	return [short, name].find(one => columnsOf(one) <= room) ?? '';
}

/** One phase in a line. */
export function PhaseLine({phase, frozen, now}: {readonly phase: PhaseProgress; readonly frozen: boolean; readonly now: number}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	const mark = markOf(phase, frozen);
	const markWidth = Math.max(theme.markWidth, columnsOf(theme.symbols.frozen));
	const time = phaseTime(phase, now);
	const took = time === null ? '' : duration(time);
	const limit = phase.state === 'running' && phase.limitMs !== null && time !== null && time >= 1000 && columns >= 60 ? ` of ${duration(phase.limitMs)}` : '';
	const right = took + limit;
	const front = 2 + markWidth + 1 + 13;
	const room = columns - front - columnsOf(right) - 2;
	const text = fitting(about(phase, theme, room), phase, room, theme.symbols.ellipsis);
	const gap = Math.max(1, columns - front - columnsOf(text) - columnsOf(right));
	const quiet = phase.state === 'pending' || phase.state === 'skipped';
	return (
		<Text wrap="truncate">
			{'  '}
			{mark === 'running' ? <Spinner time={time ?? 0} /> : <Text {...theme.style(tones[mark])}>{theme.symbols[mark]}</Text>}
			{' '.repeat(markWidth + 1 - (mark === 'running' ? 1 : columnsOf(theme.symbols[mark])))}
			<Text {...theme.style(quiet ? 'dim' : phase.state === 'running' ? 'strong' : 'plain')}>{phase.name.padEnd(13)}</Text>
			<Text {...theme.style(mark === 'failed' ? 'bad' : 'dim')}>{text}</Text>
			<Text {...theme.style(quiet ? 'dim' : 'plain')}>{' '.repeat(gap) + right}</Text>
		</Text>
	);
}
