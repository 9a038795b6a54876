import {createContext, createElement, useContext, type ReactNode} from 'react';
import {useWindowSize} from 'ink';

/** Columns and rows. */
export type Size = {readonly columns: number; readonly rows: number};

/** Text does not stretch beyond this, however wide the terminal is. */
export const widestText = 100;

const SizeContext = createContext<Size | null>(null);
const RoomContext = createContext<Size | null>(null);

/** The terminal's size; draws again when it changes. A SizeProvider above overrides it (pictures, tests). */
export function useSize(): Size {
	const window = useWindowSize();
	return useContext(SizeContext) ?? window;
}

export function SizeProvider({size, children}: {readonly size: Size; readonly children?: ReactNode}): ReactNode {
	return createElement(SizeContext, {value: size}, children);
}

/** The columns and rows that the body of the surrounding Frame has; the terminal's size outside of one. */
export function useRoom(): Size {
	const size = useSize();
	return useContext(RoomContext) ?? {columns: Math.min(size.columns, widestText), rows: size.rows};
}

export function RoomProvider({room, children}: {readonly room: Size; readonly children?: ReactNode}): ReactNode {
	return createElement(RoomContext, {value: room}, children);
}
