import {useEffect, useState, type ReactNode} from 'react';
import {useCellValue} from '../components/cell.js';
import {Frame} from '../components/frame.js';
import {wrapText} from '../components/columns.js';
import {useSize, widestText} from '../components/size.js';
import {Waiting} from '../components/spinner.js';
import {makeTheme} from '../components/theme.js';
import {exitCodes} from '../core/failure.js';
import {isAtStart} from '../core/wizard/reduce.js';
import {isWriting} from '../core/wizard/wanted.js';
import type {WizardState} from '../core/wizard/types.js';
import {leftToDo} from '../core/wizard/words.js';
import {SetupScreen} from '../screens/setup/index.js';
import {completePath} from '../system/path-completion.js';
import {SetupSession} from './setup/session.js';
import type {ViewProps} from './view.js';

/** The wizard: joins its reducer, its screens, and what it wants from the machine. */
export function View({invocation, replace, back, leave}: ViewProps): ReactNode {
	const [failure, setFailure] = useState<{readonly error: unknown} | null>(null);
	const [session] = useState(() => new SetupSession(invocation.flags, error => setFailure({error})));
	const {columns} = useSize();
	const [now] = useState(() => new Date().toISOString());
	useEffect(() => {
		// First of all something is on the screen.
		const timer = setImmediate(() => session.begin());
		return () => {
			clearImmediate(timer);
			session.close();
		};
	}, [session]);
	const state = useCellValue(session.state);
	// A bug: the app tells about it.
	if (failure !== null) throw failure.error;

	/** `unfinished`: the exit code where nothing was written. */
	const end = (unfinished: number, problem: string | null): void => {
		const at = session.state.read();
		if (at === null || at.written === null) leave({exitCode: unfinished, summary: unfinishedSummary(session.hasDraft(), problem, columns)});
		else leave({exitCode: exitCodes.done, summary: writtenSummary(at, columns)});
	};
	const interrupt = async (): Promise<void> => {
		// It takes a moment, and what is said at the end must be true.
		if (state !== null && isWriting(session.state.read() ?? state)) return;
		end(exitCodes.interrupted, await session.keepDraft());
	};
	const goBack = async (): Promise<void> => {
		const problem = await session.keepDraft();
		// As a command of its own there is nothing to go back to.
		if (invocation.command === 'setup') end(exitCodes.done, problem);
		else back();
	};
	const finish = async (rehearse: boolean): Promise<void> => {
		await session.dropDraft();
		const at = session.state.read();
		if (rehearse) replace({view: 'cycle', asked: true});
		// In the app one goes on from the home screen: it lies below, or, on a first visit, begins here.
		else if (invocation.command !== 'setup') {
			if ((at?.machine?.existing ?? null) === null) replace({view: 'home'});
			else back();
		} else leave({exitCode: exitCodes.done, ...(at === null ? {} : {summary: writtenSummary(at, columns)})});
	};
	const leaving = (): void => void interrupt();
	if (state === null) {
		return <Frame where={['set up']} bindings={[{keys: ['ctrl-c'], label: 'leave, nothing is written', run: leaving}]}><Waiting text="looking for a draft" /></Frame>;
	}

	return (
		<SetupScreen
			state={state}
			read={() => session.state.read() ?? state}
			send={event => {
				// Keys that come after the screen has changed were not meant for the next one.
				if (session.state.read()?.page === state.page) session.send(event);
			}}
			back={() => {
				const at = session.state.read() ?? state;
				if (at.page !== state.page) return;
				if (isAtStart(at)) void goBack();
				else session.send({type: 'back'});
			}}
			leave={leaving}
			complete={completePath}
			finish={rehearse => void finish(rehearse)}
			now={now}
			address={session.address}
		/>
	);
}

function unfinishedSummary(kept: boolean, problem: string | null, columns: number): string {
	const draft = problem === null ? kept ? ' What you entered is kept, and offered when you come back: quiesce setup' : '' : ` What you entered could not be kept: ${problem}`;
	return wrapText(`Nothing was changed.${draft}`, Math.min(columns, widestText)).join('\n');
}

/** What stays on the terminal: that it is written, what comes of it, and what is left to do. */
function writtenSummary({configuration, written, plan}: WizardState, columns: number): string {
	const {symbols} = makeTheme(process.env);
	const lines = [
		`${symbols.done} ${written === null ? 'Nothing had to be changed.' : `${configuration} is written.`}`,
		...(plan === null ? [] : [`  ${plan.plan.sentence}`]),
		'',
		'Left to do in Azure, where no backup of this VM is set up yet:',
		...leftToDo.map(({heading, text}) => `  ${heading}: ${text}`),
		'',
		'A rehearsal at any time: quiesce cycle',
	];
	const width = Math.min(columns, widestText);
	return lines.flatMap(line => wrapText(line.trimStart(), width - 4).map((part, index) => `${index > 0 ? '    ' : line.startsWith(' ') ? '  ' : ''}${part}`)).join('\n');
}
