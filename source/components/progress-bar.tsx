import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {useTheme, type Tone} from './theme.js';

/** A bar that fills. */
export type ProgressBarProps = {
	/** 0 … 1; what lies outside is taken for the nearer end. */
	readonly part: number;
	readonly width: number;
	readonly tone?: Tone;
	/** For screen readers: what it measures. */
	readonly label?: string;
};

export function ProgressBar({part, width, tone = 'accent', label}: ProgressBarProps): ReactNode {
	const theme = useTheme();
	const text = barText(part, width, theme.symbols.barFull, theme.symbols.barEmpty);
	return (
		<Box aria-role="progressbar" {...(label === undefined ? {} : {'aria-label': label})}>
			<Text {...theme.style(tone)}>{text.full}</Text>
			<Text {...theme.style('dim')}>{text.empty}</Text>
		</Box>
	);
}

/** The two halves of a bar; something that has begun shows at least one cell, and only what is complete shows all of them. */
export function barText(part: number, width: number, full: string, empty: string): {readonly full: string; readonly empty: string} {
	const cells = Math.max(0, Math.floor(width));
	const bounded = Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0;
	const rounded = Math.round(bounded * cells);
	const filled = bounded === 1 ? cells : bounded === 0 ? 0 : Math.min(Math.max(1, rounded), Math.max(0, cells - 1));
	return {full: full.repeat(filled), empty: empty.repeat(cells - filled)};
}
