import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import type {Binding} from '../../components/bindings.js';
import {wrapText} from '../../components/columns.js';
import {Frame} from '../../components/frame.js';
import {ScrollView, useScroll, type Scroll} from '../../components/scroll.js';
import {useRoom, useSize, widestText} from '../../components/size.js';
import {Waiting} from '../../components/spinner.js';
import {useTheme, type Theme} from '../../components/theme.js';
import {stepNumber, stepOf, steps} from '../../core/wizard/steps.js';
import {why} from '../../core/wizard/why.js';
import {valueNotes} from '../../core/wizard/notes.js';
import {consequencesOf, questionOf} from '../../core/wizard/words.js';
import {paragraphLines, type Line} from './lines.js';
import {StepStrip} from './step-strip.js';
import type {SetupProps} from './view.js';

export type QuestionProps = SetupProps & {
	/** The keys of the answer. Esc, ctrl-c and those that scroll are added. */
	readonly bindings: readonly Binding[];
	readonly typing?: boolean;
	/** Rows that the answer takes; of a list that can do with less, all of them: it gets what the text leaves. */
	readonly rows: number;
	/** In the place of the screen's own question. */
	readonly question?: string;
	/** What is said while Enter waits for something. */
	readonly waiting?: string;
	/** In the place of the screen's own consequences, broken to this width. */
	readonly lines?: (width: number) => readonly Line[];
	/** ↑↓ scroll the lines: there is nothing to choose. */
	readonly reads?: boolean;
	/** What stands there instead of what keeps Enter from going on: the answer itself says it. */
	readonly quiet?: boolean;
	/** The answer: a field; or a list, for the rows that it gets. */
	readonly children?: ReactNode | ((rows: number) => ReactNode);
};

/** One screen of the wizard: where one is, one question, its answer, and what that comes to. */
export function Question(props: QuestionProps): ReactNode {
	const {state, bindings, back, leave, typing = false, reads = false} = props;
	const scroll = useScroll();
	const theme = useTheme();
	const size = useSize();
	const columns = Math.min(size.columns, widestText) - 2;
	const step = stepOf(state.page);
	// The last lines are not known before the keys are; two too many do no harm.
	const overflows = layoutOf(props, columns, size.rows - (columns < 60 ? 7 : 5), theme).hidden;
	const all: readonly Binding[] = [
		...bindings,
		...scroll.bindings.flatMap(binding => scrollKeys(binding, reads, overflows)),
		{keys: ['esc'], label: 'back', run: back},
		{keys: ['ctrl-c'], label: state.written === null ? 'leave, nothing is written' : 'leave', run: leave},
	];
	return (
		<Frame where={columns < 60 ? ['set up'] : ['set up', step.title]} right={`step ${stepNumber(state.page)} of ${steps.length}`} bindings={all} typing={typing} explanation={why[step.name]}>
			<Body {...props} scroll={scroll} />
		</Frame>
	);
}

/** Where a list or a field has the arrows, only whole pages scroll. Keys that would do nothing are not shown. */
function scrollKeys(binding: Binding, reads: boolean, overflows: boolean): readonly Binding[] {
	if (reads) return [{...binding, hidden: !binding.keys.includes('up') || !overflows}];
	return binding.keys.includes('pageup') ? [{...binding, keys: binding.keys.toReversed(), label: 'scroll', hidden: !overflows}] : [];
}

/** What a list gets before the text, of which one row stays, and what the text keeps before a longer list: the same for every choice, so that nothing jumps. */
const listRows = 8;
const textRows = 6;

type Layout = {
	/** Rows for the answer. */
	readonly rows: number;
	readonly strip: boolean;
	/** No blank lines. */
	readonly compact: boolean;
	readonly question: readonly string[];
	readonly notes: readonly string[];
	readonly complaint: readonly string[];
	readonly text: readonly Line[];
	/** Rows for the text. */
	readonly height: number;
	/** A part of the text has to be scrolled to. */
	readonly hidden: boolean;
};

function layoutOf({state, rows: wanted, lines, quiet = false, question: asked, children}: QuestionProps, columns: number, room: number, theme: Theme): Layout {
	const strip = room >= 14;
	const compact = room < 10;
	// On a very low terminal the answer comes first.
	const question = wrapText(asked ?? questionOf(state.page, state), columns).slice(0, compact ? 1 : 3);
	const facts = valueNotes(state.page, state);
	const notes = facts.length === 0 ? [] : wrapText(facts.join(` ${theme.symbols.dot} `), columns);
	const complaint = quiet || state.complaint === null ? [] : wrapText(state.complaint, columns - theme.markWidth - 1);
	const text = lines?.(columns) ?? paragraphLines(consequencesOf(state.page, state), Math.min(columns, 80), theme.symbols);
	const used = (strip ? 2 : 0) + question.length + (compact ? 0 : 1) + (wanted > 0 ? 1 : 0) + Math.max(1, complaint.length) + (notes.length === 0 ? 0 : notes.length + 1);
	const rows = typeof children === 'function' ? Math.min(wanted, Math.max(2, Math.min(listRows, room - used - 1), room - used - (text.length === 0 ? 0 : textRows))) : wanted;
	const height = Math.max(1, room - used - rows);
	return {rows, strip, compact, question, notes, complaint, text, height, hidden: text.length > height};
}

function Body(props: QuestionProps & {readonly scroll: Scroll}): ReactNode {
	const {state, scroll, waiting = 'looking', children} = props;
	const theme = useTheme();
	const room = useRoom();
	const {rows, strip, compact, question, notes, complaint, text, height} = layoutOf(props, room.columns, room.rows, theme);
	return (
		<Box flexDirection="column" flexShrink={0}>
			{strip ? <Box height={2} flexShrink={0}><StepStrip page={state.page} width={room.columns} /></Box> : null}
			{question.map((line, index) => <Text key={index} {...theme.style('strong')}>{line}</Text>)}
			{compact ? null : <Text> </Text>}
			{rows > 0 ? <Box flexDirection="column" height={rows + 1} flexShrink={0}>{typeof children === 'function' ? children(rows) : children}</Box> : null}
			{notes.map((line, index) => <Text key={index} {...theme.style('dim')}>{line}</Text>)}
			{notes.length === 0 ? null : <Text> </Text>}
			<ScrollView scroll={scroll} count={text.length} height={height} renderRow={index => <LineView line={text[index]!} />} />
			{complaint.map((line, index) => (
				<Text key={index} wrap="truncate" {...theme.style('bad')}>{index === 0 ? `${theme.symbols.failed} ${line}` : ' '.repeat(theme.markWidth + 1) + line}</Text>
			))}
			{complaint.length === 0 ? <Box height={1} flexShrink={0}>{state.waiting ? <Waiting text={waiting} /> : <Text> </Text>}</Box> : null}
		</Box>
	);
}

export function LineView({line}: {readonly line: Line}): ReactNode {
	const theme = useTheme();
	return (
		<Text wrap="truncate">
			{line.mark === undefined ? null : <Text {...theme.style(line.markTone ?? 'plain')}>{`${theme.symbols[line.mark].padEnd(theme.markWidth)} `}</Text>}
			<Text {...theme.style(line.tone)}>{line.text === '' ? ' ' : line.text}</Text>
		</Text>
	);
}
