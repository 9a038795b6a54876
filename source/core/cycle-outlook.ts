import type {Verdict} from './outcome.js';

/** What a cycle would do, before anybody has asked for it. */
export type CycleOutlook = {
	/** What would be frozen, in this order; empty where freezing is switched off. */
	readonly freezes: readonly {readonly mount: string; readonly type: string}[];
	readonly freezeEnabled: boolean;
	/** What might be expected there and is left out, with the reason as a clause. */
	readonly leaves: readonly {readonly mount: string; readonly reason: string}[];
	/** As configured; null where neither will run. */
	readonly scripts: {readonly pre: string; readonly post: string; readonly limitMs: number} | null;
	readonly provider: {readonly name: string; readonly summary: string};
	/** After how long everything is thawed whatever happens. */
	readonly thawsAfterMs: number;
	readonly verdict: Verdict;
};
