import {basename, dirname} from 'node:path';
import {mountOf} from '../core/mount-facts.js';
import {readMounts} from '../system/mounts.js';
import {openDatabases} from '../system/open-databases.js';
import type {Application} from './application.js';
import {bundle, commonSettings} from './bundle.js';

export const sqlite: Application = {
	name: 'sqlite',
	title: 'SQLite files',
	undetected: 'none is open now',
	summary: 'Flushes what is committed in SQLite databases to the disk, with their logs and journals, so that SQLite recovers all of it from the copy. Nothing is held, unless their write locks are asked for.',
	settings: [
		{
			name: 'databases', kind: 'paths', default: '', required: true, question: 'Which databases?',
			help: 'The paths of the database files, one a line, without their -wal, -shm and -journal files. In each of their directories the pre-script leaves a small file, .quiesce-mark.',
		},
		{
			name: 'hold', kind: 'choice', choices: ['auto', 'flush', 'lock'], default: 'auto', question: 'How are the databases prepared?',
			help: 'flush: nothing is held. lock: nobody can write until the post-script, while reading goes on; a program without a busy timeout gets "database is locked" meanwhile. auto: flush.',
		},
		{
			name: 'lockWait', kind: 'seconds', default: '5', question: 'For how many seconds may it wait for a lock?',
			help: 'Only for lock. Nobody waits behind it; then it gives up and the pre-script fails. Seconds.',
		},
		...commonSettings(60),
	],
	async detect() {
		const mounts = readMounts();
		const databases = openDatabases(mounts);
		if (databases.length === 0) return [];
		const directories = [...new Set(databases.map(path => dirname(path)))];
		return [{
			name: 'sqlite',
			title: databases.length === 1 ? `SQLite ${basename(databases[0]!)}` : `${databases.length} SQLite databases`,
			running: true,
			version: null,
			dataDirectory: directories.length === 1 ? directories[0]! : null,
			mounts: [...new Set(databases.flatMap(path => mountOf(path, mounts)?.mount ?? []))],
			access: `no login is needed; open at this moment: ${databases.map(path => basename(path)).join(', ')}`,
			settings: {databases: databases.join('\n')},
		}];
	},
	scripts: settings => bundle(sqlite, settings),
};
