import {useState, type ReactNode} from 'react';
import {Box, Text} from 'ink';
import type {Binding} from './bindings.js';
import {columnsOf} from './columns.js';
import {RoomProvider, useRoom} from './size.js';
import {aroundCursor, useTextField, type TextFieldHandle} from './text-field.js';
import {useTheme} from './theme.js';

/** What narrows down a long list: `/` opens it, Enter keeps what it found, Esc shows everything again. */
export type Search = {
	/** What is looked for; empty: nothing. */
	readonly wanted: string;
	/** It is being typed: letters belong to it, and the Frame needs `typing`. */
	readonly typing: boolean;
	readonly field: TextFieldHandle;
	/** For the Frame, before the list's own: keys that would do something else without a search come first. */
	readonly bindings: readonly Binding[];
};

export type SearchOptions = {
	readonly initial?: string;
	readonly onChange?: (wanted: string) => void;
	/** There is nothing to look through: no key for it. */
	readonly isUseless?: boolean;
};

/** The state and the keys of a search: hand its bindings to the Frame, the rest to `Searched`. */
export function useSearch({initial = '', onChange, isUseless = false}: SearchOptions = {}): Search {
	const [typing, setTyping] = useState(false);
	const field = useTextField({initial, isActive: typing, onChange: wanted => onChange?.(wanted), onSubmit: () => setTyping(false)});
	const clear = (): void => {
		setTyping(false);
		field.set('');
	};
	return {
		wanted: field.value.trim(),
		typing,
		field,
		bindings: typing
			// Enter belongs to the field.
			? [{keys: ['enter'], label: 'keep', run: () => {}}, {keys: ['esc'], label: 'show all', run: clear}]
			: [
				{keys: ['/'], label: 'search', hidden: isUseless, run: () => setTyping(!isUseless)},
				...(field.value === '' ? [] : [{keys: ['esc'], label: 'show all', run: clear}]),
			],
	};
}

export type SearchedProps = {
	readonly search: Search;
	readonly found: number;
	readonly of: number;
	/** What is counted: `findings`. */
	readonly things: string;
	/** The children say more than what is looked through, and are shown where nothing was found as well. */
	readonly sayMore?: boolean;
	readonly children: ReactNode;
};

/** A list, and below it, while something is looked for, what that is and how much has it. */
export function Searched({search, found, of, things, sayMore = false, children}: SearchedProps): ReactNode {
	const theme = useTheme();
	const room = useRoom();
	if (!search.typing && search.wanted === '') return children;
	const rows = Math.max(1, room.rows - 2);
	const count = search.wanted === '' ? `${of} ${things}` : `${found} of ${of} ${things}`;
	return (
		<Box flexDirection="column">
			<Box flexDirection="column" height={rows} flexShrink={0} overflow="hidden">
				<RoomProvider room={{columns: room.columns, rows}}>
					{found === 0 && search.wanted !== '' && !sayMore ? <Text {...theme.style('dim')}>Nothing here has all of these words.</Text> : children}
				</RoomProvider>
			</Box>
			<Box marginTop={1} flexShrink={0}><SearchLine search={search} count={count} columns={room.columns} /></Box>
		</Box>
	);
}

function SearchLine({search, count, columns}: {readonly search: Search; readonly count: string; readonly columns: number}): ReactNode {
	const theme = useTheme();
	const {before, under, after} = aroundCursor(search.field.state, Math.max(8, columns - columnsOf(count) - 6));
	const gap = columns - 2 - columnsOf(before + under + after) - columnsOf(count);
	return (
		<Text wrap="truncate">
			<Text {...theme.style('accent')}>{'/ '}</Text>
			{before}
			<Text inverse={search.typing}>{under}</Text>
			{after}
			<Text {...theme.style('dim')}>{' '.repeat(Math.max(1, gap)) + count}</Text>
		</Text>
	);
}
