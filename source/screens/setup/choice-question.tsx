import type {ReactNode} from 'react';
import {ChoiceList, useChoiceList, type Choice} from '../../components/choice-list.js';
import {columnsOf} from '../../components/columns.js';
import {useSize} from '../../components/size.js';
import type {WizardEvent} from '../../core/wizard/types.js';
import type {Line} from './lines.js';
import {Question} from './question.js';
import type {SetupProps} from './view.js';

export type ChoiceQuestionProps<Value> = SetupProps & {
	/** The present answer. */
	readonly value: Value;
	readonly change: (value: Value) => WizardEvent;
	readonly choices: readonly Choice<Value>[];
	readonly waiting?: string;
	readonly lines?: (width: number) => readonly Line[];
	/** What Enter does, beside choosing. Default: the next screen. */
	readonly onChoose?: (value: Value) => void;
	readonly enterLabel?: string;
};

/** A question of which one answer is chosen. Moving is choosing already: what the answer comes to stands below. */
export function ChoiceQuestion<Value>(props: ChoiceQuestionProps<Value>): ReactNode {
	const {send, value: present, change, choices, onChoose, enterLabel = 'next'} = props;
	const {columns} = useSize();
	const list = useChoiceList<Value>({
		choices: columns < 60 ? choices.map(choice => fitting(choice, choices, columns)) : choices,
		initial: Math.max(0, choices.findIndex(({value}) => value === present)),
		onMove: value => send(change(value)),
		onChoose: value => {
			// What the pointer stands on is the answer, also where nobody has moved it.
			if (value !== present) send(change(value));
			if (onChoose === undefined) send({type: 'next'});
			else onChoose(value);
		},
		enterLabel,
		moveLabel: 'choose',
	});
	// Pages belong to the text below.
	return (
		<Question {...props} bindings={list.bindings.filter(({keys}) => !keys.includes('pageup'))} rows={choices.length}>
			{rows => <ChoiceList list={list} height={rows} />}
		</Question>
	);
}

/** On a narrow terminal a detail goes where it would be cut: what the choice comes to stands below. */
function fitting<Value>(choice: Choice<Value>, all: readonly Choice<Value>[], columns: number): Choice<Value> {
	if (choice.detail === undefined) return choice;
	const labels = Math.max(...all.map(({label}) => columnsOf(label)));
	const {detail, ...rest} = choice;
	return columnsOf(detail) + labels + 7 + columnsOf(choice.note ?? '') <= columns ? choice : rest;
}
