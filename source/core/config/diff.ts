import type {DiffLine} from './plan.js';

/** More than this many comparisons, and a changed passage is shown as replaced as a whole. */
const mostComparisons = 4_000_000;

/** How one text becomes another, line by line, with every line that stays. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
	const old = linesOf(before);
	const now = linesOf(after);
	let start = 0;
	while (start < old.length && start < now.length && old[start] === now[start]) start++;
	let end = 0;
	while (end < old.length - start && end < now.length - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
	const same = (lines: readonly string[]): DiffLine[] => lines.map(text => ({sign: ' ', text}));
	return [
		...same(old.slice(0, start)),
		...middle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
		...same(old.slice(old.length - end)),
	];
}

function linesOf(text: string): readonly string[] {
	const lines = text.split('\n');
	return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** By the longest common subsequence. */
function middle(old: readonly string[], now: readonly string[]): readonly DiffLine[] {
	const out = (text: string): DiffLine => ({sign: '-', text});
	const put = (text: string): DiffLine => ({sign: '+', text});
	if (old.length * now.length > mostComparisons) return [...old.map(out), ...now.map(put)];
	const width = now.length + 1;
	const common = new Uint32Array((old.length + 1) * width);
	for (let row = old.length - 1; row >= 0; row--) {
		for (let column = now.length - 1; column >= 0; column--) {
			common[row * width + column] = old[row] === now[column]
				? common[(row + 1) * width + column + 1]! + 1
				: Math.max(common[(row + 1) * width + column]!, common[row * width + column + 1]!);
		}
	}

	const lines: DiffLine[] = [];
	let row = 0;
	let column = 0;
	while (row < old.length || column < now.length) {
		if (row < old.length && column < now.length && old[row] === now[column]) {
			lines.push({sign: ' ', text: old[row]!});
			row++;
			column++;
		} else if (column >= now.length || (row < old.length && common[(row + 1) * width + column]! >= common[row * width + column + 1]!)) {
			lines.push(out(old[row++]!));
		} else {
			lines.push(put(now[column++]!));
		}
	}

	return lines;
}
