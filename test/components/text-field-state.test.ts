import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {columnsOf} from '../../source/components/columns.js';
import {stepTextField, textFieldState, valueOf, visiblePart, type TextFieldEvent, type TextFieldState} from '../../source/components/text-field-state.js';

function type(state: TextFieldState, ...events: ReadonlyArray<TextFieldEvent>): TextFieldState {
	return events.reduce((before, event) => stepTextField(before, event).state, state);
}

const text = (value: string): TextFieldEvent => ({type: 'text', text: value});
const key = (value: string): TextFieldEvent => ({type: 'key', key: value});

suite('text field', () => {
	test('a chunk with a line end in it is typed and submitted', () => {
		for (const end of ['\r', '\n', '\r\n']) {
			const {state, submitted} = stepTextField(textFieldState(''), text(`vm-1${end}more`));
			assert.deepEqual([valueOf(state), submitted], ['vm-1', true]);
		}
		assert.equal(stepTextField(textFieldState(''), text('vm-1')).submitted, false);
		assert.equal(stepTextField(textFieldState('x'), key('enter')).submitted, true);
	});

	test('no control character, and nothing that turns the direction of writing, ever gets into the value', () => {
		fc.assert(fc.property(fc.array(fc.oneof(
			fc.string({unit: 'binary'}).map(text),
			fc.constantFrom('left', 'right', 'home', 'end', 'backspace', 'delete', 'ctrl-w', 'ctrl-u', 'ctrl-k', 'space').map(key),
			fc.string({unit: 'binary'}).map((value): TextFieldEvent => ({type: 'set', value})),
		)), events => {
			const state = type(textFieldState(''), ...events);
			assert.doesNotMatch(valueOf(state), /[\p{Cc}\u202A-\u202E\u2066-\u2069]/u);
			assert.ok(state.cursor >= 0 && state.cursor <= state.characters.length);
		}));
	});

	test('edits at the cursor, by words and by whole characters', () => {
		const path = textFieldState('/etc/azure/pre.sh');
		assert.equal(valueOf(type(path, key('ctrl-w'))), '/etc/azure/');
		assert.equal(valueOf(type(path, key('ctrl-w'), key('ctrl-w'), text('x'))), '/etc/x');
		assert.equal(valueOf(type(path, key('home'), key('delete'), text('X'))), 'Xetc/azure/pre.sh');
		assert.equal(valueOf(type(path, key('left'), key('left'), key('ctrl-k'))), '/etc/azure/pre.');
		assert.equal(valueOf(type(path, key('ctrl-u'), text('ab\u007Fc'))), 'ac');
		assert.equal(valueOf(type(textFieldState('é👩‍👩‍👧'), key('backspace'))), 'é');
	});

	test('a long value scrolls sideways, with the cursor always inside', () => {
		fc.assert(fc.property(fc.string({unit: fc.constantFrom('a', 'b', '語', '/'), maxLength: 60}), fc.nat(60), fc.integer({min: 3, max: 40}), (value, back, width) => {
			const state = type(textFieldState(value), ...Array.from({length: back}, () => key('left')));
			const part = visiblePart(state, width, columnsOf);
			assert.ok(columnsOf(part.text) <= width, `${part.text} in ${width}`);
			assert.ok(part.column >= 0 && part.column <= columnsOf(part.text) && part.column < width);
			assert.ok(value.includes(part.text));
			if (columnsOf(value) < width) assert.equal(part.text, value);
		}));
	});
});
