import {useState} from 'react';
import type {ViewProps} from './view.js';

/** A state that is still there when the view comes back from under another one. */
export function useRemembered<Value>(memory: ViewProps['memory'], key: string, initial: Value): readonly [Value, (value: Value) => void] {
	const [value, setValue] = useState<Value>(() => (memory.has(key) ? memory.get(key) as Value : initial));
	return [value, next => {
		memory.set(key, next);
		setValue(next);
	}];
}
