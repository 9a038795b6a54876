import '../support/colour.js';
import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import type {ReactNode} from 'react';
import {columnsOf} from '../../source/components/columns.js';
import {Frame} from '../../source/components/frame.js';
import {useScroll} from '../../source/components/scroll.js';
import type {CycleEvent, CycleHappening, CycleResult} from '../../source/core/cycle-events.js';
import {foldProgress, initialProgress, type Progress} from '../../source/core/progress.js';
import {CycleLive} from '../../source/screens/cycle-live.js';
import {CycleOutlookScreen, type CycleOutlookProps} from '../../source/screens/cycle-outlook.js';
import {CycleSummary} from '../../source/screens/cycle-summary.js';
import {ascii, draw, drawStyled, type DrawOptions} from '../support/screen.js';

const start = Date.parse('2026-11-23T14:02:11.000Z');

function fold(events: ReadonlyArray<readonly [number, CycleHappening]>, from: Progress = initialProgress()): Progress {
	return events.map(([at, happening]): CycleEvent => ({...happening, at: new Date(start + at).toISOString()})).reduce(foldProgress, from);
}

const frozen = fold([
	[0, {event: 'phase', phase: 'check', state: 'started'}],
	[40, {event: 'phase', phase: 'check', state: 'succeeded', durationMs: 40, detail: 'configuration, scripts, 2 filesystems'}],
	[50, {event: 'phase', phase: 'pre-script', state: 'started', attempt: 1, attempts: 3, limitMs: 30_000, script: '/etc/azure/mariadb-pre.sh'}],
	[60, {event: 'output', phase: 'pre-script', stream: 'stdout', line: 'mariadb: tables locked, lease 60 s'}],
	[460, {event: 'phase', phase: 'pre-script', state: 'succeeded', durationMs: 410}],
	[461, {event: 'phase', phase: 'freeze', state: 'started', mounts: ['/data', '/var/lib/mysql'], thawsAfterMs: 60_000}],
	[480, {event: 'mount', mount: '/data', state: 'frozen', durationMs: 9}],
	[485, {event: 'mount', mount: '/var/lib/mysql', state: 'frozen', durationMs: 14}],
	[490, {event: 'phase', phase: 'freeze', state: 'succeeded', durationMs: 29}],
	[491, {event: 'phase', phase: 'snapshot', state: 'started', detail: 'image → /var/lib/quiesce/snapshots/2026-11-23T14-02-11Z-93ab'}],
]);

const result: CycleResult = {
	event: 'result', outcome: 'application-consistent', errors: [], freezeWindowMs: 260, quiesceWindowMs: 380, mounts: ['/data', '/var/lib/mysql'],
	snapshot: {provider: 'image', id: 'x', path: '/var/lib/quiesce/snapshots/2026-11-23T14-02-11Z-93ab'}, azure: {outcome: 'application-consistent', errors: []},
};

function Live({progress, now, aborting = false, waiting = null}: {readonly progress: Progress; readonly now: number; readonly aborting?: boolean; readonly waiting?: number | null}): ReactNode {
	return <Frame where={['live cycle']} right="vm-sql-01   0.72 s" bindings={[{keys: ['ctrl-c'], label: 'abort', run: () => {}}]}><CycleLive progress={progress} now={now} aborting={aborting} waiting={waiting} /></Frame>;
}

function live(progress: Progress, after: number, columns: number, options?: DrawOptions): string {
	return draw(<Live progress={progress} now={start + after} />, columns, options);
}

suite('the live cycle', () => {
	test('at 80 columns', () => {
		assert.equal(live(frozen, 720, 80), ` quiesce · live cycle                                        vm-sql-01   0.72 s

   ✔ check        configuration, scripts, 2 filesystems                  0.04 s
   ✔ pre-script   mariadb-pre.sh · attempt 1 of 3                        0.41 s
   ❄ freeze       /data  /var/lib/mysql                                  0.03 s
   ⠙ snapshot     image → …/quiesce/snapshots/2026-11-23T14-02-11Z-93ab  0.23 s
   ○ thaw
   ○ post-script

  ❄ FROZEN  0.24 s   █░░░░░░░░░░░░░░░░░░░   thaws by itself in 59.8 s
   application held 0.26 s

   ❄ /data           frozen · 9 ms
   ❄ /var/lib/mysql  frozen · 0.01 s

   │ mariadb: tables locked, lease 60 s







 ctrl-c abort`);
	});

	test('nothing is wider than the screen or loses the freeze, at any size', () => {
		for (const columns of [40, 60, 80, 100, 200]) {
			for (const rows of [10, 14, 24, 60]) {
				const lines = live(frozen, 5000, columns, {rows}).split('\n');
				assert.equal(lines.length, rows);
				assert.ok(lines.every(line => columnsOf(line) <= Math.min(columns, 100)), `${columns}x${rows}`);
				assert.ok(lines.some(line => /FROZEN +4\.5 s +.*thaws.* in 55\.5 s/.test(line)), `${columns}x${rows}\n${lines.join('\n')}`);
			}
		}
	});

	test('the line of the freeze is inverse over its whole width, and nothing else is', () => {
		const inverse = drawStyled(<Live progress={frozen} now={start + 720} />).split('\n').filter(line => line.includes('\u001B[7m'));
		assert.equal(inverse.length, 1);
		assert.match(inverse[0] ?? '', /FROZEN/);
		assert.doesNotMatch(drawStyled(<Live progress={initialProgress()} now={start} />), /\u001B\[7m/);
	});

	test('rows keep their places from the beginning to the end', () => {
		const rowsOf = (progress: Progress): string[] => live(progress, 720, 80).split('\n').map(line => /^ {3}. (check|pre-script|freeze|snapshot|thaw|post-script)|application/.exec(line)?.[1] ?? '');
		const first = rowsOf(initialProgress()).slice(0, 11);
		assert.deepEqual(rowsOf(frozen).slice(0, 11), first);
	});

	test('what somebody waits for, and what an abort does, is said', () => {
		const text = draw(<Live progress={frozen} now={start + 720} aborting waiting={3} />);
		assert.match(text, /application held 0\.26 s · 3 processes waiting · aborting\n/);
	});

	test('at 40 columns the attempt still shows, and on a screen of a few lines the phase that runs', () => {
		const again = fold([[0, {event: 'phase', phase: 'pre-script', state: 'started', attempt: 2, attempts: 3, script: '/etc/azure/pre.sh'}]]);
		assert.match(live(again, 500, 40), /pre-script +pre\.sh 2\/3 +0\.50 s/);
		const late = fold([[800, {event: 'phase', phase: 'thaw', state: 'started'}], [810, {event: 'phase', phase: 'post-script', state: 'started', script: '/etc/azure/post.sh'}]], frozen);
		assert.match(live(late, 900, 40, {rows: 10}), /post-script +post\.sh/);
	});

	test('at 40 columns and 15 lines the limit and the last line of output are there', () => {
		const writes = fold([[0, {event: 'phase', phase: 'pre-script', state: 'started', attempt: 1, limitMs: 30_000, script: '/pre.sh'}], [100, {event: 'output', phase: 'pre-script', stream: 'stdout', line: 'connecting'}]]);
		const text = live(writes, 27_000, 40, {rows: 15});
		assert.match(text, /27 s of 30 s\n/);
		assert.match(text, /│ connecting/);
		assert.match(text, /post-script/);
	});

	test('a script near its limit shows how much of it is used', () => {
		const slow = fold([[0, {event: 'phase', phase: 'pre-script', state: 'started', attempt: 1, limitMs: 30_000, script: '/pre.sh'}]]);
		assert.match(live(slow, 27_000, 80), /pre-script {2}█{18}░░ {2}27 s of at most 30 s/);
	});

	test('nobody is told that nothing is frozen while a call is under way, or is not answered', () => {
		const begun: readonly (readonly [number, CycleHappening])[] = [[500, {event: 'phase', phase: 'freeze', state: 'started', mounts: ['/data']}], [510, {event: 'mount', mount: '/data', state: 'freezing'}]];
		assert.match(live(fold(begun), 3000, 80), /being frozen: whatever writes there waits already/);
		assert.match(live(fold([...begun, [10_510, {event: 'mount', mount: '/data', state: 'hung', detail: 'ETIMEDOUT'}]]), 11_000, 80), /does not answer: whatever writes there may wait/);
		for (const columns of [40, 80]) assert.doesNotMatch(live(fold(begun), 3000, columns), /nothing is frozen/);
	});

	test('a filesystem that does not answer stands first, and says so', () => {
		const many = fold([
			...Array.from({length: 30}, (_, index): readonly [number, CycleHappening] => [500 + index, {event: 'mount', mount: `/srv/${index}`, state: 'frozen', durationMs: 1}]),
			[600, {event: 'mount', mount: '/srv/29', state: 'hung', detail: 'no answer for 5 s'}],
		]);
		assert.match(live(many, 700, 80), /▲ \/srv\/29 +the kernel does not answer · no answer for 5 s\n[^]*and 25 more/);
	});

	test('in ASCII', () => {
		const text = live(frozen, 720, 80, {environment: ascii});
		assert.match(text, / ok {5}check/);
		assert.match(text, / FROZEN {2}0\.24 s {3}#-{19}/);
		assert.match(text.replaceAll(/[·→│]/g, ''), /^[\n -~]*$/);
	});
});

suite('the summary of a cycle', () => {
	const summary = (progress: Progress, of: CycleResult, width = 80): string => draw(<CycleSummary progress={progress} result={of} width={width} />, width);
	const ended = (of: CycleResult): Progress => fold([[1320, of]], frozen);

	test('says the outcome, the windows, where the snapshot is and what Azure would have made of it', () => {
		assert.match(summary(ended(result), result), / ✔ Application-consistent snapshot in 1\.3 s\n {3}frozen 0\.26 s · application held 0\.38 s · \/data, \/var\/lib\/mysql\n {3}snapshot {3}\/var\/lib\/quiesce\/snapshots\/2026-11-23T14-02-11Z-93ab\n {3}in Azure {3}application-consistent as well$/);
	});

	test('explains each error with a way out, and each warning', () => {
		const failed: CycleResult = {...result, outcome: 'file-system-consistent', errors: [{name: 'Pre-ScriptTimeout', code: 308}], azure: {outcome: 'failed', errors: [{name: 'Pre-ScriptTimeout', code: 308}]}};
		const text = summary(fold([[1000, {event: 'warning', id: 'loud', message: 'The pre-script wrote 90 kB.', remedy: 'Let it write to a file.'}]], ended(failed)), failed);
		assert.match(text, /▲ File-system consistent snapshot in 1\.3 s, not application-consistent/);
		assert.match(text, /in Azure {3}failed: Pre-ScriptTimeout \(308\)/);
		assert.match(text, /✖ Pre-ScriptTimeout \(308\): The pre-script ran longer[^]*→ /);
		assert.match(text, /▲ The pre-script wrote 90 kB\.\n {3}→ Let it write to a file\./);
	});

	test('of a script that failed what it wrote last stays, and why, for the screen on which it stood is gone', () => {
		const failed: CycleResult = {...result, outcome: 'file-system-consistent', errors: [{name: 'Pre-ScriptExecutionFailed', code: 300}]};
		const progress = fold([
			...['one', 'two', 'three', 'connecting', 'no such socket'].map((line): readonly [number, CycleHappening] => [300, {event: 'output', phase: 'pre-script', stream: 'stderr', line}]),
			[310, {event: 'output', phase: 'post-script', stream: 'stdout', line: 'released'}],
			[400, {event: 'phase', phase: 'pre-script', state: 'failed', durationMs: 3, detail: 'exit code 7', errors: failed.errors}],
			[500, failed],
		]);
		assert.match(summary(progress, failed), /✖ Pre-ScriptExecutionFailed[^]*\n {3}exit code 7\n {3}│ two\n {3}│ three\n {3}│ connecting\n {3}│ no such socket\n {3}→ /);
		assert.doesNotMatch(summary(progress, failed), /released/);
	});

	test('an interrupted cycle says that nothing is left', () => {
		const stopped: CycleResult = {...result, outcome: 'failed', interrupted: 'SIGINT', errors: [{name: 'Interrupted', code: null}], snapshot: null};
		assert.match(summary(ended(stopped), stopped), /✖ The cycle was interrupted after 1\.3 s: everything is thawed, and nothing is\n {3}held/);
		assert.doesNotMatch(summary(ended(stopped), stopped), /✖ Interrupted/);
	});

	test('keeps within its width', () => {
		for (const width of [40, 80, 100]) assert.ok(summary(ended(result), result, width).split('\n').every(line => columnsOf(line) <= width));
	});
});

suite('before a cycle', () => {
	const outlook: CycleOutlookProps['outlook'] = {
		freezes: [{mount: '/data', type: 'ext4'}, {mount: '/', type: 'xfs'}], freezeEnabled: true, leaves: [{mount: '/boot/efi', reason: 'vfat is not frozen, only ext3, ext4, xfs, btrfs'}],
		scripts: {pre: '/etc/azure/pre.sh', post: '/etc/azure/post.sh', limitMs: 30_000}, provider: {name: 'rehearsal', summary: 'keeps nothing'}, thawsAfterMs: 60_000, verdict: {outcome: 'application-consistent', errors: []},
	};

	function Outlook({of}: {readonly of: CycleOutlookProps['outlook']}): ReactNode {
		const scroll = useScroll();
		return <Frame where={['live cycle']} bindings={scroll.bindings}><CycleOutlookScreen outlook={of} scroll={scroll} /></Frame>;
	}

	test('stands what will run, what is frozen, what is left out, and when it thaws', () => {
		const text = draw(<Outlook of={outlook} />);
		assert.match(text, /the scripts run, and between them 2 filesystems are frozen\s+for a moment\./);
		assert.match(text, /Runs +\/etc\/azure\/pre\.sh\n +\/etc\/azure\/post\.sh\n +at most 30 s each\n +Freezes +\/data {2}ext4\n +\/ {6}xfs\n +Thaws +by itself after 60 s/);
		assert.match(text, /Leaves +\/boot\/efi: vfat/);
	});

	test('stands that no script will run, where the check says so', () => {
		const text = draw(<Outlook of={{...outlook, scripts: null, verdict: {outcome: 'file-system-consistent', errors: [{name: 'Pre-ScriptNotFound', code: 302}]}}} />);
		assert.match(text, /no script will run/);
		assert.match(text, /▲ As it is configured now, a backup will be file-system consistent: Azure will\s+not find the pre-script\./);
	});

	test('a list that does not fit scrolls', () => {
		const many = {...outlook, freezes: Array.from({length: 80}, (_, index) => ({mount: `/srv/${index}`, type: 'ext4'}))};
		const text = draw(<Outlook of={many} />);
		assert.match(text, /↓ \d+ more/);
		assert.match(text, /↑↓ scroll/);
		assert.equal(text.split('\n').length, 24);
	});
});
