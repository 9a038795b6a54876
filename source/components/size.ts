import {createContext, createElement, useContext, type ReactNode} from 'react';

/** Columns and rows. */
export type Size = {readonly columns: number; readonly rows: number};

/** Text does not stretch beyond this, however wide the terminal is. */
export const widestText = 100;

const SizeContext = createContext<Size>({columns: 80, rows: 24});
const RoomContext = createContext<Size | null>(null);

/** The size that the nearest SizeProvider gives: the app's shell that of the terminal, whenever it changes. */
export function useSize(): Size {
	return useContext(SizeContext);
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
