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

/** How many times the peer's ours are: the median over the pairs where they were measured in pairs, else of the medians. */
export function ratio(ours: Figures, peers: Figures): number {
	if (ours.length !== peers.length) return median(ours) / median(peers);
	return median(ours.map((figure, index) => figure / (peers[index] ?? Number.NaN)));
}

/** `12.3`, `0.04`, `1,200`: three digits that say something. */
export function digits(value: number): string {
	if (!Number.isFinite(value)) return '–';
	if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
	return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
