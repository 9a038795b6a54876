import type {ReactNode} from 'react';
import type {Route, ViewProps} from '../view.js';

export type ViewModule = {readonly View: (props: ViewProps) => ReactNode};

/** Where each view is. Loaded only when it is opened; one that is not here says so on the screen. */
export const views: Readonly<Partial<Record<Route['view'], () => Promise<ViewModule>>>> = {
	home: async () => import('../home-view.js'),
	setup: async () => import('../setup-view.js'),
	cycle: async () => import('../cycle-view.js'),
	doctor: async () => import('../doctor-view.js'),
	history: async () => import('../history-view.js'),
	watch: async () => import('../watch-view.js'),
	verify: async () => import('../verify-view.js'),
	explain: async () => import('../explain-view.js'),
};
