/** What was measured of one thing, in one unit. */
export type Figures = readonly number[];

export function median(figures: Figures): number {
	const sorted = figures.toSorted((left, right) => left - right);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1 ? sorted[middle] ?? Number.NaN : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The 99th percentile; the worst one of fewer than a hundred. */
export function worst(figures: Figures): number {
	const sorted = figures.toSorted((left, right) => left - right);
	return sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? Number.NaN;
}

/** `12.3`, `0.04`, `1,200`: three digits that say something. */
export function digits(value: number): string {
	if (!Number.isFinite(value)) return '–';
	if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
	return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** One line of a table of results. */
export type Row = {
	readonly what: string;
	readonly unit: string;
	readonly figures: Figures;
	/** Whom it is compared with. */
	readonly peer?: {readonly name: string; readonly figures: Figures};
	/** The ratio of the medians that is aimed at: `below` for ours by the peer's, `above` for the peer's by ours. */
	readonly goal?: {readonly below: number} | {readonly above: number};
	readonly note?: string;
};

export type Section = {
	readonly title: string;
	readonly rows: readonly Row[];
	/** What could not be measured, and why. */
	readonly skipped: readonly string[];
};

/** A section as a Markdown table: medians, 99th percentiles, the ratio, the goal, and whether it was reached. */
export function table({title, rows, skipped}: Section): string {
	const lines = [`## ${title}`, '', '| what | median | p99 | n | against | its median | ratio | goal | reached |', '| --- | ---: | ---: | ---: | --- | ---: | ---: | --- | --- |'];
	for (const {what, unit, figures, peer, goal, note} of rows) {
		const ours = median(figures);
		const theirs = peer === undefined ? Number.NaN : median(peer.figures);
		const inverse = goal !== undefined && 'above' in goal;
		const ratio = inverse ? theirs / ours : ours / theirs;
		const reached = goal === undefined || peer === undefined ? '' : ('above' in goal ? ratio >= goal.above : ratio <= goal.below) ? 'yes' : '**no**';
		const cells = [
			note === undefined ? what : `${what} (${note})`, `${digits(ours)} ${unit}`, digits(worst(figures)), String(figures.length), peer?.name ?? '', peer === undefined ? '' : digits(theirs),
			peer === undefined ? '' : inverse ? `1 : ${digits(ratio)}` : `${digits(ratio)} ×`, goal === undefined ? '' : 'above' in goal ? `≥ ${goal.above} × less` : `≤ ${goal.below} ×`, reached,
		];
		lines.push(`| ${cells.join(' | ')} |`);
	}

	for (const reason of skipped) lines.push('', `Not measured: ${reason}.`);
	return `${lines.join('\n')}\n`;
}
