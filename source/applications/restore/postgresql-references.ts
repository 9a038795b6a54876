import {Buffer} from 'node:buffer';
import type {ProofCheck} from '../../core/verification.js';
import type {PostgresServer} from './postgresql-server.js';
import type {RestoreOrder} from './restorer.js';

/**
 * What amcheck does not look at: whether the file of everything in the catalogue is there, and whether each page of sequences and of indexes that are no
 * b-trees can be read. A page of zeros is no sign of damage by itself: an index may have been about to grow, and one of hashes has many.
 */
const everythingIsThere = (blockNumber: string): string => `
do $$
declare
	item record;
	empty bigint;
begin
	for item in
		select c.oid, c.oid::regclass::text as name, c.relkind, a.amname, pg_relation_filepath(c.oid) as path
		from pg_class c left join pg_am a on a.oid = c.relam
		where c.relkind in ('r', 't', 'm', 'i', 'S') and c.relpersistence = 'p' and pg_relation_filenode(c.oid) is not null
		order by c.oid
	loop
		if pg_stat_file(item.path, true) is null then
			raise exception 'the file of %, %, is missing', item.name, item.path;
		end if;
		if item.relkind = 'S' or (item.relkind = 'i' and item.amname <> 'btree') then
			select count(*) into empty from generate_series(0, pg_relation_size(item.oid) / current_setting('block_size')::bigint - 1) b
			where (page_header(get_raw_page(item.name, 'main', b::${blockNumber}))).upper = 0;
			if pg_relation_size(item.oid) = 0 or (item.relkind = 'S' and empty > 0) then
				raise exception 'the file of %, %, is empty', item.name, item.path;
			end if;
			if empty > 0 and item.amname <> 'hash' then
				raise warning 'in the index % there are % empty pages', item.name, empty;
			end if;
		end if;
		commit;
	end loop;
end $$`;

/**
 * Every entry of an index must lead to a page of its table that exists and is not empty. PostgreSQL itself takes a page of zeros for a new one, with and
 * without checksums, and answers queries as if its rows had never been there; amcheck looks from tables to indexes only. In a table without any b-tree, empty
 * pages between full ones may be ordinary (several writers extended it at once), unless the visibility map says that a vacuum has seen rows there. Nor may the
 * visibility map know pages beyond a table's end: it is cut together with the table.
 */
const statement = (blockNumber: string): string => `
do $$
declare
	pair record;
	bad bigint;
	blocks bigint;
	empty bigint[];
	map bytea;
begin
	for pair in
		select distinct on (t.oid) t.oid as tab, t.oid::regclass::text as name, t.relpages, x.oid as idx
		from pg_class t
			left join (pg_index i join pg_class x on x.oid = i.indexrelid and x.relpersistence = 'p' join pg_am a on a.oid = x.relam and a.amname = 'btree')
			on i.indrelid = t.oid and i.indisvalid and i.indisready and i.indpred is null and pg_relation_size(i.indexrelid) > 0
		where t.relkind in ('r', 't', 'm') and t.relpersistence = 'p' and t.relam = (select oid from pg_am where amname = 'heap')
		order by t.oid, i.indisprimary desc nulls last, i.indisunique desc, pg_relation_size(i.indexrelid)
	loop
		blocks := pg_relation_size(pair.tab) / current_setting('block_size')::bigint;
		select coalesce(array_agg(b), '{}') into empty from generate_series(0, blocks - 1) b
			where (page_header(get_raw_page(pair.name, 'main', b::${blockNumber}))).upper = 0;
		if current_setting('block_size') = '8192' and blocks / 32672 < pg_relation_size(pair.tab, 'vm') / 8192 then
			map := get_raw_page(pair.name, 'vm', (blocks / 32672)::${blockNumber});
			select count(*) into bad from generate_series((24 + (blocks % 32672 + 3) / 4)::int, 8191) at where get_byte(map, at) <> 0;
			if bad > 0 then
				raise exception 'the table % ends after % pages, and there have been more', pair.name, blocks;
			end if;
		end if;
		if pair.idx is null and pair.relpages > blocks then
			raise warning 'the table % has % pages, and had % when it was last counted', pair.name, blocks, pair.relpages;
		end if;
		if pair.idx is not null then
			with leaf as materialized (
				select b from generate_series(1, pg_relation_size(pair.idx) / current_setting('block_size')::bigint - 1) b,
					lateral bt_page_stats(pair.idx::regclass::text, b::${blockNumber}) s where s.type = 'l'
			), entry as (
				select distinct (tid::text::point)[0]::bigint as b
				from leaf, lateral bt_page_stats(pair.idx::regclass::text, leaf.b::${blockNumber}) s, lateral bt_page_items(pair.idx::regclass::text, leaf.b::${blockNumber}) item,
					lateral unnest(coalesce(item.tids, array[item.htid])) tid
				where tid is not null and not coalesce(item.dead, false) and (item.itemoffset > 1 or s.btpo_next = 0)
			)
			select count(*) into bad from entry
			where entry.b >= blocks or entry.b = any(empty);
			if bad > 0 then
				raise exception 'the index % leads to % pages of % that are empty or missing', pair.idx::regclass, bad, pair.name;
			end if;
		elsif cardinality(empty) > 0 then
			if current_setting('block_size') = '8192' then
				select count(*) into bad from unnest(empty) b
				where b / 32672 < pg_relation_size(pair.tab, 'vm') / 8192
					and (get_byte(get_raw_page(pair.name, 'vm', (b / 32672)::${blockNumber}), (24 + b % 32672 / 4)::int) >> (b % 4 * 2)::int) & 1 = 1;
				if bad > 0 then
					raise exception 'in the table % there are % empty pages where rows have been', pair.name, bad;
				end if;
			end if;
			-- Some at the end are ordinary.
			select count(*) into bad from unnest(empty) b where b < blocks - cardinality(empty);
			if bad > 0 then
				raise warning 'in the table % there are empty pages between full ones, and it has no index that could tell whether rows are missing', pair.name;
			end if;
		end if;
		-- So that no lock is kept for each table: there may be very many.
		commit;
	end loop;
end $$`;

/** Made for each database, within one time limit for all. */
export async function checkReferences(server: PostgresServer, {checkMs}: RestoreOrder): Promise<ProofCheck> {
	const began = performance.now();
	const check = (passed: boolean | null, sentence: string): ProofCheck => ({name: 'index references', passed, sentence, durationMs: performance.now() - began});
	const left = (): number => Math.max(1000, checkMs - (performance.now() - began));
	// A name may have line breaks in it.
	const listed = await server.query('template1', 'select encode(convert_to(datname, getdatabaseencoding()), $$hex$$) from pg_database where datallowconn and datconnlimit <> -2 order by 1', left());
	if (!('rows' in listed)) return check(false, `the list of databases cannot be read: ${listed.complaint}`);
	const doubts: string[] = [];
	for (const row of listed.rows) {
		const database = Buffer.from(row, 'hex').toString('utf8');
		const extension = await server.query(database, 'create extension if not exists plpgsql; create extension if not exists pageinspect schema pg_catalog; select quote_ident(nspname), current_setting($$server_version_num$$) from pg_extension e join pg_namespace n on n.oid = extnamespace where extname = $$pageinspect$$', left());
		if (!('rows' in extension)) {
			return /not available|could not open extension control file/.test(extension.complaint)
				? check(null, 'not checked: the extension pageinspect is not installed here (package postgresql-contrib)')
				: check(false, `the database ${database} cannot be used: ${extension.complaint}`);
		}

		const [schema = 'public', number = '0'] = extension.rows.at(-1)?.split('|') ?? [];
		const version = Number(number);
		if (version < 130_000) return check(null, 'not checked: it needs PostgreSQL 13 or later');
		const blockNumber = version < 140_000 ? 'int' : 'bigint';
		const answer = await server.query(database, [`set search_path = pg_catalog, ${schema}`, everythingIsThere(blockNumber), statement(blockNumber)], left());
		if ('rows' in answer) {
			doubts.push(...answer.warnings);
			continue;
		}

		if (answer.late) return check(null, `not checked to the end: it takes longer than ${Math.round(checkMs / 60_000)} min`);
		if (/out of (?:shared )?memory|No space left/i.test(answer.complaint)) return check(null, `not checked to the end: ${answer.complaint}`);
		return check(false, server.died() ? 'the server died during the check' : `found damage in the database ${database}: ${answer.complaint}`);
	}

	if (doubts.length > 0) return check(null, `not certain: ${doubts[0]!}${doubts.length > 1 ? ` (and ${doubts.length - 1} more)` : ''}`);
	return check(true, 'everything is there, and every index leads to rows that are there');
}
