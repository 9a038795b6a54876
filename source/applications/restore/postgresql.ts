import {basename, dirname, join} from 'node:path';
import {formatLsn, parseLsn} from '../../core/lsn.js';
import {postgresqlSetting} from '../../core/postgresql-settings.js';
import type {ProofCheck} from '../../core/verification.js';
import {entriesIn, sizeOf, textOfRegular} from '../../system/copy-search.js';
import {findInstalled} from '../../system/installed.js';
import type {WorkshopProcess} from '../../system/workshop.js';
import {checkReferences} from './postgresql-references.js';
import type {PostgresServer} from './postgresql-server.js';
import {complaintOf, type PositionProof, type RestoreOrder, type Restorer} from './restorer.js';

/** PostgreSQL: a server of the same major version on the copied data directory, then pg_amcheck, the references from indexes, and the checksums. */
export const postgresql: Restorer = {
	name: 'postgresql',
	async restore(order) {
		const version = /^\d+(?:\.\d+)?/.exec(textOfRegular(order.room.outside(join(order.path, 'PG_VERSION')), 64) ?? '')?.[0];
		if (version === undefined) return {title: 'PostgreSQL', state: 'down', sentence: 'its data directory has no readable PG_VERSION', checks: []};
		const title = `PostgreSQL ${version}`;
		const binaries = await binariesOf(version);
		if (binaries === null) return {title, state: 'not-tried', sentence: `${title} is not installed here, so its server could not be started on the copy`};
		const server = await startServer(order, {binaries, version});
		if ('sentence' in server) return {title, state: 'down', sentence: server.sentence, checks: []};
		order.onUp(server.durationMs);
		const position = order.mark === null ? null : await comparePosition(server, order.mark.position);
		const checks = [await amcheck(server, order), await checkReferences(server, order)];
		if (order.question !== null) checks.push(await ask(server, order.question, order));
		const stopped = await server.stop();
		if (server.checksums && stopped) checks.push(await checksums(server, order));
		return {
			title, state: 'up', checks, position,
			recovery: {needed: server.recovered, durationMs: server.durationMs, sentence: server.recovered ? 'it replayed its log, as after a power cut' : 'it had been shut down cleanly'},
		};
	},
};

/** Where packages put the programs of one major version: Debian, RHEL (PGDG), SUSE, and a build of one's own on the PATH. */
async function binariesOf(version: string): Promise<string | null> {
	const own = [`/usr/lib/postgresql/${version}/bin`, `/usr/pgsql-${version}/bin`, `/usr/lib/postgresql${version}/bin`, `/usr/libexec/postgresql${version}`, `/opt/postgresql/${version}/bin`];
	return findInstalled('postgres', [...own, '/usr/local/pgsql/bin', '/usr/local/bin', '/usr/bin'], new RegExp(`\\) ${version.replace('.', '\\.')}(?!\\d)`));
}

async function startServer(order: RestoreOrder, {binaries, version}: {readonly binaries: string; readonly version: string}): Promise<PostgresServer | {readonly sentence: string}> {
	const {room, path, owner, startMs, tag} = order;
	room.nameOf(owner);
	const control = await room.run({owner, program: join(binaries, 'pg_controldata'), parameters: [path]});
	const fact = (name: string): string | undefined => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(control.stdout)?.[1]?.trim();
	if (control.exitCode !== 0) return {sentence: `its control file cannot be read: ${complaintOf([control.stderr.split('\n')[0] ?? ''], /error: (.*)$/)}`};
	if (control.stdout.includes('checksum does not match')) return {sentence: 'its control file is damaged: its checksum does not match'};
	const directory = room.makeDirectory(`postgresql-${tag}`, owner);
	const files = {configuration: join(directory, 'postgresql.conf'), access: join(directory, 'pg_hba.conf'), names: join(directory, 'pg_ident.conf')};
	room.write(files.configuration, '', owner);
	room.write(files.access, 'local all all trust\n', owner);
	room.write(files.names, '', owner);
	const libraries = preloadedLibraries(room, path, binaries);
	// It must be readable, and is not used: it may tell the server to stop a check after a second, to write nothing, to run commands.
	const own = sizeOf(room.outside(join(path, 'postgresql.auto.conf'))) === null
		? null
		: await room.run({owner, program: join(binaries, 'postgres'), parameters: ['-D', path, '-c', `config_file=${files.configuration}`, '-C', 'port']});
	if (own !== null && own.exitCode !== 0) return {sentence: `its postgresql.auto.conf cannot be read: ${complaintOf(own.stderr.split('\n'), /LOG:\s+(.*)$/, /FATAL:\s+(.*)$/)}`};
	// A copy of a standby would wait for its primary for ever.
	const unwanted = ['standby.signal', 'recovery.signal', 'postmaster.pid', 'postgresql.auto.conf', ...(Number(version) < 12 ? ['recovery.conf'] : [])];
	await room.run({owner, program: 'rm', parameters: ['-f', ...unwanted.map(name => join(path, name))]});
	const settings = {
		config_file: files.configuration, hba_file: files.access, ident_file: files.names,
		listen_addresses: '', unix_socket_directories: directory, port: '5432', ssl: 'off',
		archive_mode: 'off', restore_command: '', primary_conninfo: '', logging_collector: 'off', log_destination: 'stderr', log_line_prefix: '', lc_messages: 'C',
		shared_buffers: '64MB', huge_pages: 'off', autovacuum: 'off', shared_preload_libraries: libraries, jit: 'off',
		// What the copy's server was started with: recovery needs as much.
		...present('max_connections', fact('max_connections setting')),
		...present('max_prepared_transactions', fact('max_prepared_xacts setting')),
		...present('max_worker_processes', fact('max_worker_processes setting')),
		...present('max_locks_per_transaction', fact('max_locks_per_xact setting')),
	};
	const parameters = ['-D', path, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
	const start = (): WorkshopProcess => room.start({owner, program: join(binaries, 'postgres'), parameters});
	const isReady = /database system is ready to accept (?:read-only )?connections/;
	const began = performance.now();
	let server = start();
	const ready = await server.until(isReady, startMs);
	const durationMs = performance.now() - began;
	if (ready === 'late') return {sentence: `its server did not come up within ${Math.round(startMs / 60_000)} min: ${complaintOf([])}`};
	if (ready === 'ended') return {sentence: `its server did not come up: ${complaintOf(server.lines(), /PANIC:\s+(.*)$/, /FATAL:\s+(.*)$/, /(?:ERROR|error):\s+(.*)$/)}`};
	const stop = async (): Promise<boolean> => (await room.run({owner, deadlineMs: 120_000, program: join(binaries, 'pg_ctl'), parameters: ['stop', '-D', path, '-m', 'fast', '-w']})).exitCode === 0;
	let user = await superuser(order, binaries, directory);
	if (user === null) {
		// Nobody can be asked for its name but the server itself, alone.
		await stop();
		const alone = await room.run({owner, program: join(binaries, 'postgres'), parameters: ['--single', ...parameters, 'template1'], input: `${namesOfSuperusers}\n`});
		user = /rolname = "(.*)"\s+\(typeid/.exec(alone.stdout)?.[1] ?? 'postgres';
		server = start();
		await server.until(isReady, startMs);
	}

	let ended = false;
	void (async () => {
		await server.ended;
		ended = true;
	})();
	const client: PostgresServer['client'] = async (program, words, deadlineMs, database) => room.run({
		owner, deadlineMs, program: join(binaries, program), parameters: words,
		// As a parameter, a name with = in it would be taken for something else.
		environment: {PGHOST: directory, PGPORT: '5432', PGUSER: user, PGCONNECT_TIMEOUT: '60', PGOPTIONS: sessionOptions(version), ...(database === undefined ? {} : {PGDATABASE: database})},
	});
	return {
		client, binaries, data: path, durationMs,
		recovered: fact('Database cluster state') !== 'shut down',
		checksums: (fact('Data page checksum version') ?? '0') !== '0',
		died: () => ended,
		async query(database, statements, deadlineMs) {
			const run = await client('psql', ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', ...[statements].flat().flatMap(statement => ['-c', statement])], deadlineMs, database);
			if (run.exitCode === 0) return {rows: run.stdout.split('\n').filter(row => row !== ''), warnings: run.stderr.split('\n').flatMap(line => /WARNING:\s+(.*)$/.exec(line)?.[1] ?? [])};
			return {late: run.late, complaint: complaintOf(run.stderr.split('\n'), /(?:ERROR|FATAL|PANIC):\s+(.*)$/, /error: (.*)$/)};
		},
		stop,
	};
}

/** What roles and databases may have set for themselves, and what would keep a check from its work. */
function sessionOptions(version: string): string {
	const since = (number: number, options: Readonly<Record<string, string>>): Readonly<Record<string, string>> => (Number(version) >= number ? options : {});
	const options = {
		lc_messages: 'C', role: 'none', search_path: 'pg_catalog', default_transaction_read_only: 'off', session_preload_libraries: '', local_preload_libraries: '',
		statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0', client_min_messages: 'notice', default_tablespace: '', temp_tablespaces: '',
		zero_damaged_pages: 'off', ignore_checksum_failure: 'off',
		// No event triggers.
		session_replication_role: 'replica',
		...since(14, {idle_session_timeout: '0'}), ...since(17, {transaction_timeout: '0'}),
	};
	return Object.entries(options).map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

const namesOfSuperusers = 'select rolname from pg_authid where rolsuper and rolcanlogin order by oid limit 1';

/**
 * Libraries that the copied server had loaded at its start, as far as they are installed here: some databases cannot be opened without theirs. Debian keeps
 * the settings in /etc; those of the machine count where they are for this very directory.
 */
function preloadedLibraries(room: RestoreOrder['room'], path: string, binaries: string): string {
	const inCopy = ['postgresql.conf', 'postgresql.auto.conf'].map(name => textOfRegular(room.outside(join(path, name)), mostSettings));
	const version = basename(dirname(binaries));
	const onMachine = entriesIn(`/etc/postgresql/${version}`).map(cluster => textOfRegular(`/etc/postgresql/${version}/${cluster}/postgresql.conf`, mostSettings))
		.filter(text => text !== null && postgresqlSetting(text, 'data_directory') === path);
	const value = [...inCopy.toReversed(), ...onMachine].map(text => (text === null ? null : postgresqlSetting(text, 'shared_preload_libraries'))).find(found => found !== null) ?? '';
	const places = [join(dirname(binaries), 'lib'), '/usr/lib64/pgsql', '/usr/lib/postgresql'];
	return value.split(',').map(name => name.trim().replaceAll('"', '')).filter(name => /^[\w-]+$/.test(name) && places.some(place => sizeOf(join(place, `${name}.so`)) !== null)).join(',');
}

const mostSettings = 1024 * 1024;

/** The superuser is mostly called postgres, or like the user who made the data directory; null where neither is one. */
async function superuser({room, owner}: RestoreOrder, binaries: string, directory: string): Promise<string | null> {
	for (const name of ['postgres', room.nameOf(owner)]) {
		const run = await room.run({owner, program: join(binaries, 'psql'), parameters: ['-X', '-A', '-t', '-h', directory, '-p', '5432', '-U', name, '-d', 'template1', '-c', 'select rolsuper from pg_roles where rolname = current_user'], deadlineMs: 60_000});
		if (run.exitCode === 0 && run.stdout.trim() === 't') return name;
	}

	return null;
}

/**
 * Recovery ends with a checkpoint that begins where the recovered log ended: had any of the log up to the mark been missing, it would begin before the
 * mark's position.
 */
async function comparePosition(server: PostgresServer, position: string): Promise<PositionProof> {
	const wanted = parseLsn(position);
	if (wanted === null) return {reached: null, recovered: null, sentence: position === '' ? 'the mark names no position in the log' : `the mark's position "${position}" is not one of PostgreSQL`};
	const answer = await server.query('template1', 'select redo_lsn from pg_control_checkpoint()', 60_000);
	const recovered = 'rows' in answer ? parseLsn(answer.rows[0] ?? '') : null;
	if (recovered === null) return {reached: false, recovered: null, sentence: 'came up, but does not answer where its log ended'};
	const shown = formatLsn(recovered);
	return recovered >= wanted
		? {reached: true, recovered: shown, sentence: `recovered to ${shown}, past the mark's ${position}`}
		: {reached: false, recovered: shown, sentence: `recovered only to ${shown}, and the mark is at ${position}`};
}

async function amcheck(server: PostgresServer, {checkMs}: RestoreOrder): Promise<ProofCheck> {
	const run = await server.client('pg_amcheck', ['--all', '--install-missing', '--heapallindexed'], checkMs);
	const {durationMs} = run;
	const check = (passed: boolean | null, sentence: string): ProofCheck => ({name: 'pg_amcheck', passed, sentence, durationMs});
	if (run.exitCode === 0) return check(true, 'found nothing wrong in any table or index');
	if (run.late) return check(null, `not checked to the end: it takes longer than ${Math.round(checkMs / 60_000)} min`);
	const lines = `${run.stdout}\n${run.stderr}`.split('\n').filter(line => line.trim() !== '');
	// chroot, nice and timeout end so where the program is not there.
	if (run.exitCode === 127 || lines.some(line => /extension "amcheck" is not available|could not open extension control file/.test(line))) {
		return check(null, 'not checked: pg_amcheck or its extension is not installed here (package postgresql-contrib)');
	}

	if (server.died()) return check(false, 'the server died during the check');
	return check(false, `found damage: ${lines.slice(0, 2).map(line => line.trim().replace(/^pg_amcheck: /, '')).join(' ').slice(0, 240)}`);
}

async function ask(server: PostgresServer, question: string, {checkMs}: RestoreOrder): Promise<ProofCheck> {
	const began = performance.now();
	const answer = await server.query('postgres', ['set search_path = "$user", public', question], checkMs);
	return {name: 'question', passed: 'rows' in answer, sentence: 'rows' in answer ? answer.rows.join(', ') : answer.complaint, durationMs: performance.now() - began};
}

async function checksums(server: PostgresServer, {room, owner, checkMs}: RestoreOrder): Promise<ProofCheck> {
	const run = await room.run({owner, deadlineMs: checkMs, program: join(server.binaries, 'pg_checksums'), parameters: ['--check', '-D', server.data]});
	const {durationMs} = run;
	const check = (passed: boolean | null, sentence: string): ProofCheck => ({name: 'pg_checksums', passed, sentence, durationMs});
	if (run.exitCode === 0) return check(true, 'all pages have their checksum');
	if (run.late) return check(null, `not checked to the end: it takes longer than ${Math.round(checkMs / 60_000)} min`);
	return check(false, `found damage: ${complaintOf(run.stderr.split('\n'), /error: (.*)$/)}`);
}

function present(name: string, value: string | undefined): Record<string, string> {
	return value !== undefined && /^\d{1,7}$/.test(value) ? {[name]: value} : {};
}
