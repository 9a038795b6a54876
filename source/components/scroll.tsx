import {useLayoutEffect, useState, type ReactNode} from 'react';
import {Box, Text} from 'ink';
import type {Binding} from './bindings.js';
import {useCell} from './cell.js';
import {useTheme} from './theme.js';

/** The first row to show so that `index` is visible, moving no more than necessary. */
export function windowStart(index: number, count: number, height: number, previous: number): number {
	const room = Math.max(1, height);
	const latest = Math.max(0, count - room);
	const start = Math.min(Math.max(0, previous), latest);
	if (index < start) return Math.max(0, index);
	return index >= start + room ? Math.min(latest, index - room + 1) : start;
}

export type Scroll = {
	/** ↑↓, page up and down, home, end. */
	readonly bindings: readonly Binding[];
	/** The drawing part tells how many rows there are and how many fit, and learns with which to begin. */
	readonly measure: (count: number, height: number) => number;
	/** Told when it has been drawn: keys that would do nothing are not shown. */
	readonly tellWhetherItFits: (fits: boolean) => void;
};

/** How many rows a list or text has, and how many fit: known only where it is drawn. */
class Measured {
	count = 0;
	height = 1;

	take(count: number, height: number): void {
		this.count = count;
		this.height = height;
	}
}

/** The state of a long text that is read, not chosen from: hand it to ScrollView, and its bindings to the Frame. */
export function useScroll(): Scroll {
	const [, top] = useCell(() => 0);
	const [fits, fitting] = useCell(() => true);
	const [measured] = useState(() => new Measured());
	const bound = (to: number): number => Math.max(0, Math.min(to, measured.count - measured.height));
	const go = (to: number): void => top.set(bound(to));
	const at = (): number => bound(top.read());
	const page = (): number => Math.max(1, measured.height - 1);
	return {
		measure(count, height) {
			measured.take(count, height);
			return at();
		},
		// Once shown the key stays: its own line in the key help may be what makes the text too long, and without it the text would fit again, for ever.
		tellWhetherItFits: fits => {
			if (!fits) fitting.set(false);
		},
		bindings: [
			{keys: ['up', 'down'], label: 'scroll', hidden: fits, run: key => go(at() + (key === 'up' ? -1 : 1))},
			{keys: ['pageup', 'pagedown'], label: 'a page', hidden: true, run: key => go(at() + (key === 'pageup' ? -page() : page()))},
			{keys: ['home', 'end'], label: 'first or last line', hidden: true, run: key => go(key === 'home' ? 0 : Number.MAX_SAFE_INTEGER)},
		],
	};
}

export type ScrollViewProps = {
	readonly scroll: Scroll;
	readonly count: number;
	/** Rows that there are for it, the line that says how much is hidden included. */
	readonly height: number;
	/** Draws one row, which must be one line high. */
	readonly renderRow: (index: number) => ReactNode;
};

/** Shows the part of a long text that fits; only that part is drawn at all. */
export function ScrollView({scroll, count, height, renderRow}: ScrollViewProps): ReactNode {
	const theme = useTheme();
	const fits = count <= height;
	useLayoutEffect(() => scroll.tellWhetherItFits(fits));
	const rows = Math.max(1, fits ? count : height - 1);
	const offset = scroll.measure(count, rows);
	const indices = Array.from({length: Math.max(0, Math.min(rows, count - offset))}, (_, index) => offset + index);
	return (
		<Box flexDirection="column" flexShrink={0}>
			{indices.map(index => <Box key={index} height={1} flexShrink={0}>{renderRow(index)}</Box>)}
			{fits ? null : <Text {...theme.style('dim')}>{moreText(offset, rows, count, theme.symbols.up, theme.symbols.down)}</Text>}
		</Box>
	);
}

/** "↑ 12 above   ↓ 40 more", of the same height whatever it says. */
export function moreText(offset: number, rows: number, count: number, up: string, down: string): string {
	const below = count - offset - rows;
	return [offset > 0 ? `${up} ${offset} above` : '', below > 0 ? `${down} ${below} more` : ''].filter(part => part !== '').join('   ') || ' ';
}
