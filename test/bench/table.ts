import {digits, median, ratio, worst, type Figures} from './figures.js';

/**
 * What is aimed at: at most so many times the peer (`below`), so many times less than the peer (`above`), at most so much in the row's own unit in the
 * median (`most`) or in the 99th percentile (`mostWorst`).
 */
export type Goal = {readonly below: number} | {readonly above: number} | {readonly most: number} | {readonly mostWorst: number};

/** One line of a table of results. */
export type Row = {
	readonly what: string;
	readonly unit: string;
	readonly figures: Figures;
	/** Whom it is compared with. Figures of the same number were measured in turns, pair by pair. */
	readonly peer?: {readonly name: string; readonly figures: Figures};
	readonly goal?: Goal;
	readonly note?: string;
	/** What keeps it from the goal, told where it is not reached. */
	readonly limit?: string;
};

/** How a cost grows with what it depends on. */
export type Growth = {
	readonly what: string;
	readonly unit: string;
	readonly of: string;
	readonly small: {readonly size: number; readonly figures: Figures};
	readonly large: {readonly size: number; readonly figures: Figures};
};

export type Section = {
	readonly title: string;
	readonly rows: readonly Row[];
	readonly growth?: readonly Growth[];
	/** Sentences below the table. */
	readonly remarks?: readonly string[];
	/** What could not be measured, and why. */
	readonly skipped: readonly string[];
};

/** Whether a row's goal is reached; null where it has none. */
export function isReached({figures, peer, goal}: Row): boolean | null {
	if (goal === undefined) return null;
	if ('most' in goal) return median(figures) <= goal.most;
	if ('mostWorst' in goal) return worst(figures) <= goal.mostWorst;
	if (peer === undefined) return null;
	return 'above' in goal ? 1 / ratio(figures, peer.figures) >= goal.above : ratio(figures, peer.figures) <= goal.below;
}

/** A section as Markdown: medians, 99th percentiles, the ratio, the goal, and whether it was reached. */
export function markdown({title, rows, growth = [], remarks = [], skipped}: Section): string {
	const lines = [`## ${title}`];
	if (rows.length > 0) lines.push('', '| what | median | p99 | n | against | its median | ratio | goal | reached |', '| --- | ---: | ---: | ---: | --- | ---: | ---: | --- | --- |', ...rows.map(line));
	if (growth.length > 0) lines.push('', '| cost | of | from | to | times as much | cost | then | times the cost | linear or better |', '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |', ...growth.map(growthLine));
	for (const row of rows) {
		if (isReached(row) === false) lines.push('', `**${row.what}**, against ${row.peer?.name ?? 'its limit'}, is not reached.${row.limit === undefined ? '' : ` ${row.limit}`}`);
	}

	for (const remark of remarks) lines.push('', remark);
	for (const reason of skipped) lines.push('', `Not measured: ${reason}.`);
	return `${lines.join('\n')}\n`;
}

function line(row: Row): string {
	const {what, unit, figures, peer, goal, note} = row;
	const times = peer === undefined ? Number.NaN : ratio(figures, peer.figures);
	const inverse = goal !== undefined && 'above' in goal;
	const reached = isReached(row);
	const cells = [
		note === undefined ? what : `${what} (${note})`, `${digits(median(figures))} ${unit}`, digits(worst(figures)), String(figures.length),
		peer?.name ?? '', peer === undefined ? '' : digits(median(peer.figures)), peer === undefined ? '' : inverse ? `1 : ${digits(1 / times)}` : `${digits(times)} ×`,
		goal === undefined ? '' : goalWords(goal, unit), reached === null ? '' : reached ? 'yes' : '**no**',
	];
	return `| ${cells.join(' | ')} |`;
}

function goalWords(goal: Goal, unit: string): string {
	if ('above' in goal) return `≥ ${goal.above} × less`;
	if ('below' in goal) return `≤ ${goal.below} ×`;
	return 'most' in goal ? `≤ ${digits(goal.most)} ${unit}` : `p99 ≤ ${digits(goal.mostWorst)} ${unit}`;
}

function growthLine({what, unit, of, small, large}: Growth): string {
	const size = large.size / small.size;
	const cost = median(large.figures) / median(small.figures);
	const cells = [what, of, small.size.toLocaleString('en'), large.size.toLocaleString('en'), digits(size), `${digits(median(small.figures))} ${unit}`, `${digits(median(large.figures))} ${unit}`, `${digits(cost)} ×`, cost <= size ? 'yes' : '**no**'];
	return `| ${cells.join(' | ')} |`;
}
