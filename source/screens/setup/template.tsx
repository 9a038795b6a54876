import type {ReactNode} from 'react';
import type {Entries} from '../../core/wizard/entries.js';
import {useTheme} from '../../components/theme.js';
import {obstacle} from '../../core/wizard/rules.js';
import {ChoiceQuestion} from './choice-question.js';
import {lookWords} from './look-words.js';
import {TextQuestion} from './text-question.js';
import type {SetupProps} from './view.js';

/** Step 2: what fills in the questions. */
export function TemplateScreen(props: SetupProps & {readonly address: string}): ReactNode {
	const {state, address} = props;
	const existing = (state.machine?.existing?.settings ?? null) === null ? [] : [{value: 'existing' as const, label: 'The present configuration', note: 'keeps its settings'}];
	return (
		<ChoiceQuestion<Entries['source']>
			{...props}
			value={props.state.entries.source}
			change={value => ({type: 'entered', name: 'source', value})}
			waiting={state.entries.source === 'download' ? 'downloading the template' : 'reading the template'}
			choices={[
				...existing,
				{value: 'bundled', label: 'The bundled template', note: 'needs no network'},
				{value: 'download', label: 'The documented template', detail: address},
				{value: 'file', label: 'A file', detail: 'the configuration of another VM, for example'},
			]}
		/>
	);
}

export function TemplateFileScreen(props: SetupProps): ReactNode {
	const {state} = props;
	const {symbols} = useTheme();
	const path = state.entries.templateFile;
	return (
		<TextQuestion
			{...props}
			path
			initial={path}
			change={value => ({type: 'entered', name: 'templateFile', value})}
			placeholder="/etc/azure/another.json"
			validation={state.complaint === null ? lookWords(path, state.looks[path], obstacle('template-file', state), 'template', symbols) : {kind: 'bad', text: state.complaint}}
			waiting="reading the template"
		/>
	);
}
