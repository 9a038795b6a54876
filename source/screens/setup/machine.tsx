import type {ReactNode} from 'react';
import type {Entries, MachineLine, MachineSight} from '../../core/wizard/types.js';
import {consequencesOf} from '../../core/wizard/words.js';
import {useTheme, type Mark, type Symbols} from '../../components/theme.js';
import {ChoiceQuestion} from './choice-question.js';
import {markColumns, markedLines, paragraphLines, type Line} from './lines.js';
import {Question} from './question.js';
import type {SetupProps} from './view.js';

const marks: Readonly<Record<MachineLine['state'], Mark>> = {fine: 'done', info: 'information', warning: 'warning', problem: 'failed'};

/** Step 1: what quiesce finds here, and what becomes of a configuration that is here already. */
export function MachineScreen(props: SetupProps): ReactNode {
	const {state, send} = props;
	const theme = useTheme();
	const lines = (width: number): readonly Line[] => {
		const consequences = paragraphLines(consequencesOf('machine', state), Math.min(width, 80), theme.symbols);
		return state.machine === null ? [] : [...consequences, ...(consequences.length > 0 ? [{tone: 'plain' as const, text: ''}] : []), ...machineLines(state.machine, width, theme.symbols)];
	};
	// One that cannot be read can only be replaced.
	if ((state.machine?.existing?.settings ?? null) === null) {
		return <Question {...props} bindings={[{keys: ['enter'], label: 'next', run: () => send({type: 'next'})}]} rows={0} reads lines={lines} waiting="looking at this machine" />;
	}

	return (
		<ChoiceQuestion<Entries['source']>
			{...props}
			value={props.state.entries.source}
			change={value => ({type: 'entered', name: 'source', value})}
			choices={[
				{value: 'existing', label: 'Keep it and change it'},
				{value: state.entries.source !== 'existing' ? state.entries.source : state.entries.templateFile === '' ? 'bundled' : 'file', label: 'Start anew'},
			]}
			lines={lines}
		/>
	);
}

function machineLines({lines}: MachineSight, width: number, symbols: Symbols): readonly Line[] {
	const column = Math.max(...lines.map(({what}) => what.length), 0);
	return lines.flatMap(({state, what, found}) => {
		const mark = marks[state];
		if (width < 60) return markedLines(mark, `${what}: ${found}`, width, symbols);
		const front = markColumns(symbols) + 1 + column + 3;
		return markedLines(mark, found, width - column - 3, symbols).map((line, index): Line => (index === 0
			? {...line, text: `${what.padEnd(column)}   ${line.text}`}
			: {...line, text: ' '.repeat(front) + line.text.trimStart()}));
	});
}
