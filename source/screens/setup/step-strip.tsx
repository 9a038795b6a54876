import type {ReactNode} from 'react';
import {Text} from 'ink';
import {columnsOf} from '../../components/columns.js';
import {useTheme} from '../../components/theme.js';
import {stepNumber, steps} from '../../core/wizard/steps.js';
import type {Page} from '../../core/wizard/pages.js';

/** Which steps are shown: as many as fit around the present one. Answers the first and the last, from 0. */
export function stepWindow(widths: readonly number[], at: number, room: number): {readonly from: number; readonly to: number} {
	let from = at;
	let to = at;
	let used = widths[at] ?? 0;
	for (;;) {
		const right = to + 1 < widths.length && used + 3 + widths[to + 1]! <= room;
		const left = from > 0 && used + 3 + widths[from - 1]! <= room;
		// A step behind, then one ahead, so that both directions are seen.
		if (left && (at - from <= to - at || !right)) used += 3 + widths[--from]!;
		else if (right) used += 3 + widths[++to]!;
		else return {from, to};
	}
}

/** The list of steps in one line, with the place in it. */
export function StepStrip({page, width}: {readonly page: Page; readonly width: number}): ReactNode {
	const theme = useTheme();
	const {symbols} = theme;
	const at = stepNumber(page) - 1;
	const marks = steps.map((_, index) => (index < at ? symbols.done : index === at ? symbols.pointer : symbols.pending));
	const widths = steps.map(({title}, index) => columnsOf(marks[index]!) + 1 + title.length);
	const {from, to} = stepWindow(widths, at, width - 2 * (columnsOf(symbols.ellipsis) + 1));
	return (
		<Text wrap="truncate">
			<Text {...theme.style('dim')}>{from > 0 ? `${symbols.ellipsis} ` : ''}</Text>
			{steps.slice(from, to + 1).map(({name, title}, offset) => {
				const index = from + offset;
				return (
					<Text key={name}>
						{offset === 0 ? '' : '   '}
						<Text {...theme.style(index < at ? 'good' : index === at ? 'accent' : 'dim')}>{marks[index]}</Text>
						<Text {...theme.style(index === at ? 'selected' : 'dim')}>{` ${title}`}</Text>
					</Text>
				);
			})}
			<Text {...theme.style('dim')}>{to < steps.length - 1 ? ` ${symbols.ellipsis}` : ''}</Text>
		</Text>
	);
}
