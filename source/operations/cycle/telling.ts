import type {CycleHappening, MountState, PhaseEnded, PhaseName, PhaseStarted} from '../../core/cycle-events.js';

type PhaseDetails = Omit<PhaseStarted, 'event' | 'phase' | 'state'>;

/** Tells what happens in a cycle, phase by phase. */
export class Telling {
	readonly tell: (happening: CycleHappening) => void;

	constructor(tell: (happening: CycleHappening) => void) {
		this.tell = tell;
	}

	start(phase: PhaseName, details: PhaseDetails = {}): void {
		this.tell({event: 'phase', phase, state: 'started', ...details});
	}

	end(phase: PhaseName, state: PhaseEnded['state'], {durationMs, ...details}: Omit<PhaseEnded, 'event' | 'phase' | 'state'> & {readonly durationMs: number}): void {
		this.tell({event: 'phase', phase, state, durationMs: tenths(durationMs), ...details});
	}

	skip(phase: PhaseName, detail: string): void {
		this.tell({event: 'phase', phase, state: 'skipped', detail});
	}

	warn(id: string, message: string, remedy?: string): void {
		this.tell({event: 'warning', id, message, ...(remedy === undefined ? {} : {remedy})});
	}

	/** What one filesystem is doing; a call that only begins has no duration. */
	readonly mount = (mount: string, state: MountState['state'], durationMs: number, detail?: string): void => {
		const begins = state === 'freezing' || state === 'thawing';
		this.tell({event: 'mount', mount, state, ...(begins ? {} : {durationMs: tenths(durationMs)}), ...(detail === undefined ? {} : {detail})});
	};
}

/** Milliseconds as they are told: to a tenth. */
export function tenths(milliseconds: number): number {
	return Math.round(milliseconds * 10) / 10;
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
