import {faults, moments} from './plan.js';
import type {Finding} from './torment.js';

export type Columns = Record<'cycles' | 'frozen' | 'missed' | 'doubled' | 'left' | 'hung' | 'longestMs', number>;

function count(findings: readonly Finding[]): Columns {
	const sum = (of: (finding: Finding) => number): number => findings.reduce((total, finding) => total + of(finding), 0);
	return {
		cycles: findings.length,
		frozen: sum(({leftFrozen}) => leftFrozen.length),
		missed: sum(({missed}) => Number(missed)),
		doubled: sum(({doubled}) => Number(doubled)),
		left: sum(({leftOver}) => leftOver.length),
		hung: sum(({hung, unsettled}) => Number(hung || unsettled)),
		longestMs: Math.max(0, ...findings.map(({thawedAfterMs}) => thawedAfterMs ?? 0)),
	};
}

const heads = ['', 'cycles', 'left frozen', 'post missed', 'post doubled', 'left over', 'hung', 'death to thaw'];

/** Faults by kind, then by phase, and the sums; one line each. */
export function tableOf(findings: readonly Finding[]): string {
	const rows: (readonly string[])[] = [heads];
	const row = (name: string, some: readonly Finding[]): void => {
		if (some.length === 0) return;
		const {cycles, frozen, missed, doubled, left, hung, longestMs} = count(some);
		rows.push([name, ...[cycles, frozen, missed, doubled, left, hung].map(String), longestMs === 0 ? '–' : `${Math.round(longestMs)} ms`]);
	};
	for (const fault of faults) row(fault, findings.filter(({plan}) => plan.fault === fault));
	rows.push([]);
	for (const moment of [...moments, 'nothing was told yet']) row(`during ${moment}`, findings.filter(({during}) => during === moment));
	rows.push([]);
	row('all', findings);
	const widths = heads.map((_, column) => Math.max(...rows.map(cells => cells[column]?.length ?? 0)));
	return rows.map(cells => cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')).join('\n');
}

/** True where nothing went wrong. */
export function isClean(findings: readonly Finding[]): boolean {
	const {frozen, missed, doubled, left, hung} = count(findings);
	return frozen + missed + doubled + left + hung === 0;
}
