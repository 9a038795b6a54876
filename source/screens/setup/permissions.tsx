import type {ReactNode} from 'react';
import {cutPathTo} from '../../components/columns.js';
import {useTheme, type Symbols} from '../../components/theme.js';
import {octal} from '../../core/checks/words.js';
import type {PlannedFile} from '../../core/config/plan.js';
import {consequencesOf} from '../../core/wizard/words.js';
import {ChoiceQuestion} from './choice-question.js';
import {markColumns, markedLines, paragraphLines, plainLines, type Line} from './lines.js';
import {Question} from './question.js';
import type {SetupProps} from './view.js';

/** Step 10: owner and mode of the three files, as they are and as they must be. */
export function PermissionsScreen(props: SetupProps): ReactNode {
	const {state, send} = props;
	const theme = useTheme();
	const files = state.plan?.plan.files ?? [];
	const wrong = files.filter(file => !isFine(file));
	const lines = (width: number): readonly Line[] => [
		...table(files, width, theme.symbols),
		...(files.length === 0 || wrong.length > 0 ? [] : plainLines(files.some(({kind}) => kind === 'missing') ? 'The new ones are made as they must be; the others are so already.' : 'All are as they must be.', width)),
		...(files.length === 0 || wrong.length > 0 ? [] : [blank]),
		...paragraphLines(consequencesOf('permissions', state), Math.min(width, 80), theme.symbols),
	];
	const again = {keys: ['r'], label: 'look again', run: () => send({type: 'refresh'})};
	if (wrong.length === 0) {
		return <Question {...props} rows={0} reads waiting="looking at the files" bindings={[{keys: ['enter'], label: 'next', run: () => send({type: 'next'})}, again]} lines={lines} />;
	}

	return (
		<ChoiceQuestion
			{...props}
			value={state.entries.mend}
			change={value => ({type: 'entered', name: 'mend', value})}
			choices={[
				{value: true, label: 'Set them', detail: 'when you write', note: 'recommended'},
				{value: false, label: 'Leave the scripts as they are'},
			]}
			lines={lines}
		/>
	);
}

const blank: Line = {tone: 'plain', text: ''};

function isFine({kind, owner, mode, wanted}: PlannedFile): boolean {
	return kind === 'missing' || (owner === 'root' && mode === wanted && kind === 'file');
}

function table(files: readonly PlannedFile[], width: number, symbols: Symbols): readonly Line[] {
	if (files.length === 0) return [];
	if (width < 60) {
		return [...files.flatMap(file => [
			...markedLines(isFine(file) ? 'done' : 'warning', cutPathTo(file.path, width - 3, symbols.ellipsis), width, symbols),
			...plainLines(`${present(file)} ${symbols.arrow} root ${octal(file.wanted)}`, width, 'dim', '  '),
		]), blank];
	}

	const now = Math.max(...files.map(file => present(file).length), 3);
	const path = Math.min(Math.max(...files.map(file => file.path.length)), width - now - 20);
	const front = markColumns(symbols) + 1;
	const heading: Line = {tone: 'dim', text: `${' '.repeat(front)}${'file'.padEnd(path)}   ${'now'.padEnd(now)}   must be`};
	return [heading, ...files.map((file): Line => ({
		tone: 'plain', mark: isFine(file) ? 'done' : 'warning', markTone: isFine(file) ? 'good' : 'warning',
		text: `${cutPathTo(file.path, path, symbols.ellipsis).padEnd(path)}   ${present(file).padEnd(now)}   root ${octal(file.wanted)}`,
	})), blank];
}

function present({kind, owner, mode}: PlannedFile): string {
	switch (kind) {
		case 'missing': return 'new';
		case 'file': return `${owner ?? '?'} ${octal(mode)}`;
		case 'directory': return 'a directory';
		case 'other': return 'no regular file';
	}
}
