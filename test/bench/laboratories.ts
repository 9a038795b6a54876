/* What was made for measuring and has to be ended, also where the measuring is interrupted: disks, namespaces, processes. */

type Ending = {readonly end: () => Promise<void>};

const open = new Set<Ending>();

/** Makes something, hands it on, and ends it whatever happens. */
export async function within<Made extends Ending, Result>(make: Promise<Made>, use: (made: Made) => Promise<Result>): Promise<Result> {
	const made = await make;
	open.add(made);
	try {
		return await use(made);
	} finally {
		open.delete(made);
		await made.end();
	}
}

/** Ctrl-C and the like end what is open first. */
export function endAllWhenInterrupted(): void {
	for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
		process.once(signal, () => {
			const ended = [...open].toReversed().reduce(async (before, one) => before.then(async () => one.end()), Promise.resolve());
			void ended.finally(() => process.exit(code));
		});
	}
}
