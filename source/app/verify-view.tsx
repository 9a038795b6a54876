import {useEffect, useState, type ReactNode} from 'react';
import {basename} from 'node:path';
import {Text, renderToString} from 'ink';
import {useCellValue} from '../components/cell.js';
import {useNow} from '../components/clock.js';
import {backBindings, type Binding} from '../components/bindings.js';
import {Frame} from '../components/frame.js';
import {useScroll} from '../components/scroll.js';
import {duration} from '../core/durations.js';
import type {VerifyResult} from '../core/verification.js';
import {proofExitCodes, signalExitCodes} from '../core/verification-exit.js';
import type {StepRow} from '../core/verification-steps.js';
import {FailureScreen} from '../screens/failure.js';
import {VerifyEnded, VerifyRunning, VerifySummary} from '../screens/verify.js';
import {RunningVerification} from './running-verification.js';
import type {ViewProps} from './view.js';

const explanation = [
	'Whether a snapshot can be restored, found out on a copy of it: its filesystems are mounted and checked, then each application\'s own server is started on the copied data, recovers, and checks itself.',
	'The mark is what the pre-script wrote while it held the application. A copy that restores without it is one that was taken when the application was not held.',
	'Neither the snapshot nor anything that runs on this machine is touched, and the copies are removed at the end, however it ends.',
];

/** What stays on the terminal. */
function words(result: VerifyResult | null): string {
	if (result === null) return 'The verification was interrupted. The copies have been removed; the snapshot is as it was.';
	const width = Math.min(process.stdout.columns || 80, 100);
	return renderToString(<VerifySummary result={result} width={width} />, {columns: width});
}

type Stage =
	| {readonly is: 'beginning'}
	| {readonly is: 'running'; readonly verification: RunningVerification}
	| {readonly is: 'ended'; readonly result: VerifyResult}
	| {readonly is: 'refused'; readonly error: unknown};

/** `quiesce verify SNAPSHOT`, and `v` where a snapshot is shown: proves on a copy that it restores. As the whole of a command it leaves when it has ended. */
export function View({invocation, route, back, leave}: ViewProps): ReactNode {
	const snapshot = route.view === 'verify' ? route.snapshot : '';
	const alone = invocation.command === 'verify';
	const where = ['verify', basename(snapshot)];
	const [stage, setStage] = useState<Stage>({is: 'beginning'});
	const scroll = useScroll();
	const start = (): void => {
		const verification = new RunningVerification(snapshot, words);
		setStage({is: 'running', verification});
		const ended = (result: VerifyResult | null): void => {
			if (result === null && verification.stopped === 'back' && !alone) back();
			else if (result === null) leave({exitCode: signalExitCodes[verification.aborting.read() ?? 'SIGINT'], summary: words(null)});
			else if (alone) leave({exitCode: proofExitCodes[result.result], summary: words(result)});
			else setStage({is: 'ended', result});
		};
		verification.ended.then(ended, (error: unknown) => (alone ? leave({exitCode: 1, error}) : setStage({is: 'refused', error})));
	};
	const keys: readonly Binding[] = [
		...backBindings(back, {more: ['enter']}),
		{keys: ['ctrl-c'], label: 'leave', hidden: true, run: () => leave({exitCode: signalExitCodes.SIGINT})},
	];
	switch (stage.is) {
		case 'beginning': return <Begin where={where} onBegin={start} />;
		case 'running': return <Running where={where} verification={stage.verification} alone={alone} />;
		case 'ended': return <Frame where={where} explanation={explanation} bindings={[...scroll.bindings, ...keys]}><VerifyEnded result={stage.result} scroll={scroll} /></Frame>;
		case 'refused': return <FailureScreen where={where} error={stage.error} bindings={keys} />;
	}
}

/** The first frame is on the screen before anything is done. */
function Begin({where, onBegin}: {readonly where: readonly string[]; readonly onBegin: () => void}): ReactNode {
	useEffect(() => {
		const timer = setImmediate(onBegin);
		return () => clearImmediate(timer);
	});
	return <Frame where={where} bindings={[]}><Text>Making ready.</Text></Frame>;
}

function Running({where, verification, alone}: {readonly where: readonly string[]; readonly verification: RunningVerification; readonly alone: boolean}): ReactNode {
	const steps = useCellValue(verification.steps);
	const aborting = useCellValue(verification.aborting) !== null;
	const now = useNow();
	const label = aborting ? 'stopping: the copies are being removed' : 'stop, remove the copies';
	return (
		<Frame where={where} right={elapsed(steps, now)} explanation={explanation} bindings={[
			...(alone ? [] : [{keys: ['esc', 'q'], label: 'stop, back', run: () => verification.stop('back')}]),
			{keys: ['ctrl-c'], label, run: () => verification.stop('leave')},
		]}>
			<VerifyRunning steps={steps} now={now} aborting={aborting} />
		</Frame>
	);
}

function elapsed([first]: readonly StepRow[], now: number): string {
	return first === undefined ? '' : duration(Math.max(0, now - first.startedAt));
}
