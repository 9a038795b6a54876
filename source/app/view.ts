import type {Invocation} from '../commands/invocation.js';

/** Everywhere the app can be. */
export type Route =
	| {readonly view: 'home'}
	| {readonly view: 'setup'}
	| {readonly view: 'doctor'}
	/** `asked`: what it does was said already, so it begins at once. */
	| {readonly view: 'cycle'; readonly asked?: true}
	| {readonly view: 'watch'}
	| {readonly view: 'history'}
	/** `snapshot`: its id or directory. */
	| {readonly view: 'verify'; readonly snapshot: string}
	/** `name`: an error's name or code to open at once. */
	| {readonly view: 'explain'; readonly name?: string};

/** How the app ends: what stays on the terminal after the last frame (plain text with the theme's styles, no trailing line end), and the exit code. */
export type Leaving = {
	readonly exitCode: number;
	readonly summary?: string;
	/** What kept the app from doing what it was opened for: reported as by a command without a terminal. Absent where nothing did. */
	readonly error?: unknown;
};

/**
 * What each view (a component of this folder: it joins a screen, its reducer and the operations) is given.
 * A view owns the keys while it is shown; ctrl-c reaches it as an ordinary key, so that it can say what leaving means.
 */
export type ViewProps = {
	readonly invocation: Invocation;
	/** How this view was opened. */
	readonly route: Route;
	/** Belongs to this place on the stack: a view that was covered by another one is made anew when it comes back, and finds here what it has put there. */
	readonly memory: Map<string, unknown>;
	/** Opens another view on top of this one. */
	readonly open: (route: Route) => void;
	/** Puts another view in the place of this one. */
	readonly replace: (route: Route) => void;
	/** Back to the view below; leaves the app where there is none (exit code 0). */
	readonly back: () => void;
	readonly leave: (leaving: Leaving) => void;
};
