import type {ReactNode} from 'react';
import type {Entries} from '../../core/wizard/types.js';
import {useTheme} from '../../components/theme.js';
import {documentedAddress, shownAddress} from '../../core/config/template-address.js';
import {obstacle} from '../../core/wizard/rules.js';
import {consequencesOf} from '../../core/wizard/words.js';
import {ChoiceQuestion} from './choice-question.js';
import {paragraphLines, plainLines} from './lines.js';
import {lookWords} from './look-words.js';
import {TextQuestion} from './text-question.js';
import type {SetupProps} from './view.js';

/** Step 2: what fills in the questions. */
export function TemplateScreen(props: SetupProps & {readonly address: string}): ReactNode {
	const {state, address} = props;
	const theme = useTheme();
	const existing = (state.machine?.existing?.settings ?? null) === null ? [] : [{value: 'existing' as const, label: 'The present configuration', note: 'keeps its settings'}];
	return (
		<ChoiceQuestion<Entries['source']>
			{...props}
			value={props.state.entries.source}
			change={value => ({type: 'entered', name: 'source', value})}
			waiting={state.entries.source === 'download' ? 'downloading the template, for 5 s at most' : 'reading the template'}
			choices={[
				...existing,
				{value: 'bundled', label: 'The bundled template', note: 'needs no network'},
				{value: 'download', label: address === documentedAddress ? 'The documented template' : 'A template of your own', detail: `from ${hostOf(address)}`},
				{value: 'file', label: 'A file', detail: 'the configuration of another VM, for example'},
			]}
			lines={width => [
				...paragraphLines(consequencesOf('template', state), Math.min(width, 80), theme.symbols),
				...(state.entries.source === 'download' ? plainLines(shownAddress(address), width, 'dim') : []),
			]}
		/>
	);
}

function hostOf(address: string): string {
	return URL.canParse(address) ? new URL(address).host : shownAddress(address);
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
