import {basename, dirname, join} from 'node:path';
import {innodbPageSize, tablespaceHeaderBytes} from '../../core/innodb.js';
import {reachesBinlog, reachesGtid} from '../../core/mysql-position.js';
import type {ProofCheck} from '../../core/verification.js';
import {bytesOfRegular, entriesIn, sizeOf} from '../../system/copy-search.js';
import {versionOf} from '../../system/installed.js';
import {findCommand, runShortly} from '../../system/shell.js';
import type {WorkshopEnd, WorkshopProcess} from '../../system/workshop.js';
import {checkTableFiles, innodbTables} from './mariadb-files.js';
import {complaintOf, type PositionProof, type RestoreOrder, type Restorer} from './restorer.js';

/** What the two servers do not have in common. */
type Kind = {readonly name: 'mariadb' | 'mysql'; readonly title: string; readonly server: readonly string[]; readonly client: readonly string[]; readonly is: RegExp; readonly own: readonly string[]};

const kinds: readonly Kind[] = [
	{name: 'mariadb', title: 'MariaDB', server: ['mariadbd', 'mysqld'], client: ['mariadb', 'mysql'], is: /MariaDB/i, own: ['--skip-slave-start']},
	{name: 'mysql', title: 'MySQL', server: ['mysqld'], client: ['mysql'], is: /^(?!.*MariaDB)/i, own: ['--skip-replica-start', '--mysqlx=OFF']},
];

export const [mariadb, mysql] = kinds.map(restorerOf) as [Restorer, Restorer];

/** MariaDB and MySQL: a server on the copied data directory, without network and without accounts, then CHECK TABLE … EXTENDED on every table. */
function restorerOf(kind: Kind): Restorer {
	return {
		name: kind.name,
		async restore(given) {
			const program = kind.server.map(name => findCommand(name)).find(path => path !== null);
			const client = kind.client.map(name => findCommand(name)).find(path => path !== null);
			const version = program === undefined || program === null ? '' : await versionOf(program);
			if (program === undefined || program === null || client === undefined || client === null || !kind.is.test(version)) {
				return {title: kind.title, state: 'not-tried', sentence: `${kind.title} is not installed here, so its server could not be started on the copy`};
			}

			const title = `${kind.title} ${/\d+\.\d+/.exec(version.replace(/^.*?Ver\s/, ''))?.[0] ?? ''}`.trim();
			const server = await startServer(kind, program, client, given);
			if ('sentence' in server) return {title, state: 'down', sentence: server.sentence, checks: []};
			given.onUp(server.durationMs);
			const position = given.mark === null ? null : await comparePosition(server, given);
			const checks = [await checkTables(server, given)];
			const answer = given.question === null ? null : await server.query(`${given.question};\n`, given.checkMs);
			if (kind.name === 'mariadb' && checks[0]?.passed !== false) checks.push(...await endAndCheckFiles(server, given, version));
			if (answer !== null) {
				checks.push({name: 'question', passed: answer.exitCode === 0, sentence: (answer.exitCode === 0 ? answer.stdout : answer.stderr).trim(), durationMs: answer.durationMs});
			}

			return {
				title, state: 'up', checks, position,
				recovery: {needed: server.recovered, durationMs: server.durationMs, sentence: server.recovered ? 'it recovered, as after a power cut' : 'nothing had to be recovered'},
			};
		},
	};
}

type MysqlServer = {
	readonly query: (statements: string, deadlineMs: number) => Promise<WorkshopEnd>;
	readonly process: WorkshopProcess;
	readonly died: () => boolean;
	readonly recovered: boolean;
	readonly durationMs: number;
};

/**
 * Settings that describe how data lies on disk: a server that was started without them would not understand it. They are taken from the machine's own
 * configuration where that is for this very directory.
 */
const layout = [
	'innodb-page-size', 'innodb-data-file-path', 'innodb-data-home-dir', 'innodb-log-group-home-dir', 'innodb-undo-directory', 'innodb-undo-tablespaces', 'innodb-checksum-algorithm',
	'aria-log-dir-path', 'lower-case-table-names', 'log-bin', 'log-bin-index', 'log-basename', 'character-set-server', 'collation-server', 'plugin-load', 'plugin-load-add',
];

async function startServer(kind: Kind, program: string, client: string, {room, path, owner, startMs, tag}: RestoreOrder): Promise<MysqlServer | {readonly sentence: string}> {
	const user = room.nameOf(owner);
	const directory = room.makeDirectory(`${kind.name}-${tag}`, owner);
	const socket = join(directory, 'socket');
	const parameters = [
		'--no-defaults', ...pageSizeOf(room.outside(join(path, 'ibdata1'))), ...await layoutOf(path, directory_ => entriesIn(room.outside(directory_)).length > 0), ...binlogOf(path, entriesIn(room.outside(path))),
		`--datadir=${path}`, `--socket=${socket}`, `--pid-file=${join(directory, 'pid')}`, `--user=${user}`,
		'--skip-networking', '--skip-grant-tables', '--tmpdir=/tmp', '--innodb-buffer-pool-size=128M', '--performance-schema=OFF', '--lc-messages=en_US', '--log-error-verbosity=3',
		...kind.own,
	].filter(word => kind.name === 'mysql' || !word.startsWith('--log-error-verbosity'));
	const began = performance.now();
	const process_ = room.start({owner, program, parameters});
	const ready = await process_.until(/: ready for connections/, startMs);
	const durationMs = performance.now() - began;
	if (ready === 'late') return {sentence: `its server did not come up within ${Math.round(startMs / 60_000)} min`};
	if (ready === 'ended') return {sentence: `its server did not come up: ${complaint(process_)}`};
	let ended = false;
	void (async () => {
		await process_.ended;
		ended = true;
	})();
	return {
		process: process_, durationMs,
		died: () => ended,
		recovered: process_.lines().some(line => /Starting crash recovery|Database was not shutdown normally|Recovering after a crash|Starting recovery|recovery: (?:Transaction|transaction)/.test(line)),
		query: async (input, deadlineMs) => room.run({owner, program: client, parameters: ['--no-defaults', `--socket=${socket}`, '--batch', '--skip-column-names', '--force', '--default-character-set=utf8mb4'], input, deadlineMs}),
	};
}

/** As the system tablespace was made. */
function pageSizeOf(file: string): readonly string[] {
	const header = bytesOfRegular(file, tablespaceHeaderBytes);
	const size = header === null ? null : innodbPageSize(header);
	return size === null || size === 16_384 ? [] : [`--innodb-page-size=${size}`];
}

/** Of the machine's configuration, in case it describes this directory. What lies in other directories counts where those were copied too. */
async function layoutOf(path: string, isThere: (directory: string) => boolean): Promise<readonly string[]> {
	const program = findCommand('my_print_defaults');
	if (program === null) return [];
	const run = await runShortly(program, ['--mysqld'], {deadlineMs: 10_000});
	const lines = (run?.stdout ?? '').split('\n').map(line => line.trim());
	const nameOf = (line: string): string => /^--([^=]+)/.exec(line)?.[1]?.replaceAll('_', '-') ?? '';
	const directory = lines.findLast(line => nameOf(line) === 'datadir')?.replace(/^[^=]*=/, '').replace(/\/+$/, '') ?? '/var/lib/mysql';
	return directory === path ? lines.filter(line => layout.includes(nameOf(line)) && (!/=\//.test(line) || isThere(dirname(line.replace(/^[^=]*=/, ''))))) : [];
}

/**
 * With a binary log, transactions are only committed once they are in it: recovery has to read it. Where it lies beside the data its index tells its name.
 */
function binlogOf(path: string, names: readonly string[]): readonly string[] {
	const index = names.find(name => name.endsWith('.index') && names.some(other => other.startsWith(name.replace(/index$/, '')) && /\.\d{6,}$/.test(other)) && !/relay/.test(name));
	return index === undefined ? ['--skip-log-bin'] : [`--log-bin=${join(path, index.replace(/\.index$/, ''))}`, `--log-bin-index=${join(path, index)}`, '--server-id=1'];
}

function complaint(process_: WorkshopProcess): string {
	return complaintOf(process_.lines(), /\[ERROR\]\s+(.*)$/, /Assertion failure(.*)$/);
}

/** The mark tells in up to three ways where the server stood; each that can be compared must have been reached. */
async function comparePosition(server: MysqlServer, {mark, room, path}: RestoreOrder): Promise<PositionProof> {
	const {position = '', all = new Map<string, string>()} = mark ?? {};
	const lsn = all.get('lsn');
	const positions = new Set([position, all.get('gtid') ?? '', lsn === undefined ? '' : `lsn:${lsn}`].filter(word => word !== ''));
	const compared: PositionProof[] = [];
	for (const one of positions) compared.push(await compareOne(server, one, name => sizeOf(room.outside(join(path, name)))));
	return compared.find(({reached}) => reached === false) ?? compared.find(({reached}) => reached === true) ?? compared[0] ?? {reached: null, recovered: null, sentence: 'the mark is in the copy'};
}

/** A position is a binary log and an offset (`changes.000003:1234`), a log sequence number of InnoDB (`lsn:1234`), or global transaction ids. */
async function compareOne(server: MysqlServer, position: string, lengthOf: (name: string) => number | null): Promise<PositionProof> {
	const against = (reached: boolean | null, recovered: string | null): PositionProof => {
		if (reached === null) return {reached, recovered, sentence: `the mark is in the copy; its position ${position} could not be compared`};
		return {reached, recovered, sentence: reached ? `recovered to ${recovered ?? ''}, and the mark is at ${position}` : `recovered only to ${recovered ?? ''}, and the mark is at ${position}`};
	};
	const binlog = /^([^:\s]+\.\d+):(\d+)$/.exec(position);
	if (binlog !== null) {
		const name = basename(binlog[1]!);
		const size = lengthOf(name);
		return against(size === null ? null : reachesBinlog(size, Number(binlog[2])), size === null ? null : `${name}:${size}`);
	}

	const sequence = /^(?:lsn:)?(\d+)$/.exec(position)?.[1];
	if (sequence !== undefined) {
		const recovered = await oneValue(server, 'SHOW GLOBAL STATUS LIKE \'Innodb_lsn_current\'', 1);
		return recovered === null || !/^\d+$/.test(recovered) ? against(null, null) : against(BigInt(recovered) >= BigInt(sequence), `lsn:${recovered}`);
	}

	// What is in its own binary log, and what it has as a replica.
	const state = await oneValue(server, 'SELECT CONCAT_WS(\',\', NULLIF(@@GLOBAL.gtid_binlog_pos, \'\'), NULLIF(@@GLOBAL.gtid_slave_pos, \'\'))', 0) ?? await oneValue(server, 'SELECT @@GLOBAL.gtid_executed', 0);
	return against(state === null ? null : reachesGtid(state, position), state === '' ? 'no transaction' : state);
}

async function oneValue(server: MysqlServer, statement: string, column: number): Promise<string | null> {
	const run = await server.query(`${statement};\n`, 60_000);
	return run.exitCode === 0 ? run.stdout.split('\n')[0]?.split('\t')[column] ?? '' : null;
}

/** The accounts, without which an ordinary start fails; then the files, once the server has ended in peace. It cannot be asked any more afterwards. */
async function endAndCheckFiles(server: MysqlServer, given: RestoreOrder, version: string): Promise<readonly ProofCheck[]> {
	const [, major = 0, minor = 0] = (/Ver (\d+)\.(\d+)/.exec(version) ?? []).map(Number);
	const tables = await server.query(innodbTables, given.checkMs);
	const last = await server.query('FLUSH PRIVILEGES;\nSHUTDOWN;\n', 60_000);
	const complaint = /^ERROR [^:]*:\s*(.*)$/m.exec(last.stderr)?.[1];
	const accounts: ProofCheck = {
		name: 'FLUSH PRIVILEGES', passed: complaint === undefined, durationMs: last.durationMs,
		sentence: complaint === undefined ? 'the accounts can be read' : `found damage: the accounts cannot be read: ${complaintOf([complaint])}`,
	};
	const ended = tables.exitCode === 0 && await server.process.until(/(?!)/, 120_000) === 'ended';
	if (!ended) return [accounts, {name: 'table files', passed: null, sentence: 'not checked: the server did not end in peace', durationMs: 0}];
	return [accounts, await checkTableFiles(given, tables.stdout.split('\n').filter(name => name !== ''), major > 10 || (major === 10 && minor >= 6))];
}

const listTables = `SELECT CONCAT('CHECK TABLE \`', REPLACE(table_schema, '\`', '\`\`'), '\`.\`', REPLACE(table_name, '\`', '\`\`'), '\` EXTENDED;')
FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('information_schema', 'performance_schema', 'sys') ORDER BY table_schema, table_name;
`;

async function checkTables(server: MysqlServer, {checkMs}: RestoreOrder): Promise<ProofCheck> {
	const began = performance.now();
	const check = (passed: boolean | null, sentence: string): ProofCheck => ({name: 'CHECK TABLE', passed, sentence, durationMs: performance.now() - began});
	const died = async (): Promise<boolean> => server.died() || await server.process.until(/(?!)/, 500) === 'ended';
	const listed = await server.query(listTables, checkMs);
	const statements = listed.stdout.split('\n').filter(line => line.startsWith('CHECK TABLE '));
	if (listed.exitCode !== 0 || statements.length === 0) {
		return check(false, await died() ? `the server died: ${complaint(server.process)}` : `the list of tables cannot be read: ${complaintOf(listed.stderr.split('\n'), /ERROR [^:]*:\s*(.*)$/)}`);
	}

	const run = await server.query(`${statements.join('\n')}\n`, checkMs);
	if (run.late) return check(null, `not checked to the end: it takes longer than ${Math.round(checkMs / 60_000)} min`);
	if (/Lost connection|gone away|Can't connect/i.test(run.stderr) && await died()) return check(false, `the server died of damage that it met: ${complaint(server.process)}`);
	const bad = run.stdout.split('\n').map(line => line.split('\t')).filter(([, , kind_, text]) => kind_ === 'error' || kind_ === 'Error' || (kind_ === 'status' && text !== 'OK' && !/doesn't support check/.test(text ?? '')));
	if (bad.length > 0) return check(false, `found damage: ${bad[0]?.[0] ?? ''}: ${bad[0]?.[3] ?? ''}${bad.length > 1 ? ` (and ${bad.length - 1} more)` : ''}`.slice(0, 240));
	if (run.exitCode !== 0) return check(false, `found damage: ${complaintOf(run.stderr.split('\n'), /ERROR [^:]*:\s*(.*)$/)}`);
	return check(true, `found nothing wrong in ${statements.length} tables`);
}
