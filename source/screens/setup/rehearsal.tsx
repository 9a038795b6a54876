import type {ReactNode} from 'react';
import {useTheme} from '../../components/theme.js';
import {consequencesOf, leftToDo} from '../../core/wizard/words.js';
import {ChoiceQuestion} from './choice-question.js';
import {markedLines, paragraphLines, plainLines, type Line} from './lines.js';
import type {SetupProps} from './view.js';

/** Step 12: a live cycle now, and what is left to do in Azure. */
export function RehearsalScreen(props: SetupProps): ReactNode {
	const {state, finish} = props;
	const theme = useTheme();
	const backup = state.written?.backup ?? null;
	const freezes = state.machine?.rehearses ?? [];
	const lines = (width: number): readonly Line[] => {
		const blank: Line = {tone: 'plain', text: ''};
		const done = state.written === null ? 'Nothing had to be changed.' : `${state.configuration} is written.`;
		return [
			...paragraphLines(consequencesOf('rehearsal', state), Math.min(width, 80), theme.symbols),
			blank,
			...markedLines('done', done, width, theme.symbols),
			...(backup === null ? [] : plainLines(`The previous one is kept as ${backup}`, width, 'dim', '  ')),
			blank,
			...plainLines('Left to do in Azure, where no backup of this VM is set up yet', width, 'strong'),
			...leftToDo.flatMap(({heading, text}) => plainLines(`${heading}: ${text}`, width - 2, 'plain', '  ')),
		];
	};
	return (
		<ChoiceQuestion
			{...props}
			value={props.state.entries.rehearse}
			change={value => ({type: 'entered', name: 'rehearse', value})}
			choices={[
				{value: true, label: 'Yes, a live cycle now', detail: !state.entries.fsFreezeEnabled ? 'freezes nothing' : freezes.length === 0 ? 'nothing here can be frozen' : `freezes ${freezes.join('  ')}`},
				{value: false, label: 'No, that is all'},
			]}
			onChoose={finish}
			enterLabel="go on"
			lines={lines}
		/>
	);
}
