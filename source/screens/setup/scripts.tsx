import type {ReactNode} from 'react';
import {emptyPair, offerOf} from '../../core/wizard/entries.js';
import type {Entries, WizardEvent} from '../../core/wizard/types.js';
import {suggestedApplication} from '../../core/wizard/reduce.js';
import {obstacle} from '../../core/wizard/rules.js';
import type {Page} from '../../core/wizard/pages.js';
import {settingWords} from '../../core/wizard/words.js';
import {useTheme} from '../../components/theme.js';
import {ChoiceQuestion} from './choice-question.js';
import {markedLines} from './lines.js';
import {lookWords} from './look-words.js';
import {Question} from './question.js';
import {TextQuestion} from './text-question.js';
import type {SetupProps} from './view.js';

/** Step 3: the pair of scripts. */
export function ScriptsScreen(props: SetupProps): ReactNode {
	const {applications} = props.state;
	if (applications === null) return <Question {...props} bindings={[{keys: ['enter'], label: 'next', run: () => props.send({type: 'next'})}]} rows={0} waiting="looking for applications" lines={() => []} />;
	const suggested = suggestedApplication(applications);
	return (
		<ChoiceQuestion
			{...props}
			value={props.state.entries.application}
			change={value => ({type: 'entered', name: 'application', value})}
			choices={[
				...applications.filter(({detected}) => detected).map(({id, title, found, parts}) => ({value: id, ...(parts === undefined ? {label: title, detail: found} : {label: 'All of these together', detail: title}), ...(id === suggested ? {note: 'recommended'} : {})})),
				{value: null, label: 'My own scripts', detail: 'choose two files'},
				{value: emptyPair, label: 'A pair to fill in', detail: 'does nothing yet'},
				...applications.filter(({detected}) => !detected).map(({id, title, found}) => ({value: id, label: title, detail: found})),
			]}
		/>
	);
}

/** The settings of the chosen application together: most fit as they are. */
export function SettingsScreen(props: SetupProps): ReactNode {
	const {state} = props;
	const theme = useTheme();
	return (
		<ChoiceQuestion
			{...props}
			value={state.entries.askSettings}
			change={value => ({type: 'entered', name: 'askSettings', value})}
			choices={[
				{value: false, label: 'Yes, take them', note: 'recommended'},
				{value: true, label: 'Go through them', detail: 'one by one'},
			]}
			lines={width => settingWords(state).flatMap(({question, value}) => markedLines('information', `${question} ${value === '' ? 'left to the script' : value}`, width, theme.symbols))}
		/>
	);
}

/** A question of the chosen application. */
export function SettingScreen(props: SetupProps & {readonly page: Page}): ReactNode {
	const {state, page} = props;
	const offer = offerOf(state.entries, state.applications);
	const name = page.slice('setting:'.length);
	const question = offer?.questions.find(one => one.name === name);
	const key = `${offer?.id ?? ''}.${name}`;
	const value = state.entries.applicationSettings[key] ?? question?.default ?? '';
	const problem = obstacle(page, state);
	const change = (text: string): WizardEvent => ({type: 'entered', name: 'applicationSettings', value: {...props.read().entries.applicationSettings, [key]: text}});
	if ((question?.choices ?? null) !== null) return <ChoiceQuestion {...props} value={value} change={change} choices={question!.choices!.map(one => ({value: one, label: one}))} />;
	return (
		<TextQuestion
			{...props}
			initial={value}
			change={change}
			secret={question?.secret ?? false}
			validation={problem === null ? {kind: 'plain', text: value === '' ? 'Empty: left to the script.' : ''} : {kind: 'bad', text: problem}}
		/>
	);
}

/** The path of one of the administrator's own scripts. */
export function ScriptPathScreen(props: SetupProps & {readonly entry: 'preScript' | 'postScript'}): ReactNode {
	const {state, entry} = props;
	const {symbols} = useTheme();
	const path = state.entries[entry];
	return (
		<TextQuestion
			{...props}
			path
			initial={path}
			change={value => ({type: 'entered', name: entry, value})}
			placeholder={entry === 'preScript' ? '/etc/azure/pre.sh' : '/etc/azure/post.sh'}
			validation={state.waiting ? {kind: 'plain', text: `looking${symbols.ellipsis}`} : path === '' && state.complaint !== null ? {kind: 'bad', text: state.complaint} : lookWords(path, state.looks[path], obstacle(entry === 'preScript' ? 'pre-script' : 'post-script', state), 'script', symbols)}
		/>
	);
}

/** Where the scripts shall lie. */
export function PlaceScreen(props: SetupProps): ReactNode {
	const directory = props.state.configuration.slice(0, props.state.configuration.lastIndexOf('/')) || '/';
	return (
		<ChoiceQuestion<Entries['place']>
			{...props}
			value={props.state.entries.place}
			change={value => ({type: 'entered', name: 'place', value})}
			choices={[
				{value: 'there', label: 'Use them where they are'},
				{value: 'copy', label: `Copy them to ${directory}`, detail: 'owner root, mode 700'},
			]}
		/>
	);
}
