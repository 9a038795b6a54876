import {check} from './check.js';
import {finding, type Finding} from './finding.js';
import {shellLines} from './shell-text.js';

/** What holds an application, and what lets it go again; the first that is found in the pre-script is looked for in the post-script. */
const pairs: readonly {readonly what: string; readonly hold: RegExp; readonly release: RegExp; readonly how: string}[] = [
	{what: 'puts Oracle into backup mode', hold: /\balter\s+database\s+begin\s+backup/i, release: /\balter\s+database\s+end\s+backup|\bend\s+backup\b/i, how: 'alter database end backup'},
	{what: 'locks MongoDB', hold: /\bfsyncLock\b/, release: /\bfsyncUnlock\b/, how: 'db.fsyncUnlock()'},
	{what: 'starts a backup in PostgreSQL', hold: /\bpg_(?:start_backup|backup_start)\b/, release: /\bpg_(?:stop_backup|backup_stop)\b/, how: 'pg_backup_stop, in the same session'},
];

/** The stated counterpart of systemctl and service, by unit. */
function stoppedUnits(lines: readonly string[]): string[] {
	return lines.flatMap(line => {
		const words = /\bsystemctl\s+(?:--\S+\s+)*stop\s+([\w@.-]+)/.exec(line) ?? /\bservice\s+([\w@.-]+)\s+stop\b/.exec(line);
		return words === null ? [] : [words[1]!.replace(/\.service$/, '')];
	});
}

/** The application of a bundled script: such a script says so in a comment near its top. */
function bundled(text: string): {readonly application: string; readonly role: string} | null {
	const words = /^#\s*quiesce:\s*([\w-]+)[ ,]+(pre|post)(?:-script)?\b/m.exec(text.slice(0, 4096));
	return words === null ? null : {application: words[1]!, role: words[2]!};
}

/** A client that asks for MySQL's global lock and has nothing to do that would keep it: the lock goes with it. */
function losesLock(text: string): boolean {
	return /\bflush\s+tables\s+with\s+read\s+lock/i.test(text)
		&& /\b(?:mysql|mariadb)\b/.test(text)
		&& !/sleep|system|\\!|coproc|mkfifo|nohup|setsid|disown|expect|lock\s+instance|&[ \t]*(?:$|\n|[^&>\d])/im.test(text);
}

/** Do the two scripts belong together? */
export const pairChecks = [
	check({
		id: 'scripts-pair',
		title: 'the post-script lets go what the pre-script holds',
		needs: ['pre', 'post'],
		applies: ({pre, post}) => pre.text !== null && post.text !== null,
		conclude({pre, post}) {
			const found: Finding[] = [];
			const common = {severity: 'warning', path: post.path, source: 'script'} as const;
			const before = bundled(pre.text ?? '');
			const after = bundled(post.text ?? '');
			if (before?.role === 'pre' && (after === null || after.application !== before.application || after.role !== 'post')) {
				found.push(finding({
					...common,
					id: 'pair-not-bundled',
					title: `The pre-script holds ${before.application}, and the post-script is not its counterpart`,
					detail: 'The bundled scripts come in pairs: what one holds, only the other lets go before its lease ends.',
					remedy: `Choose the bundled pair for ${before.application}: quiesce setup`,
					note: post.path,
				}));
				return found;
			}

			if (before !== null && after !== null) return found;
			if (losesLock((pre.text ?? '').replaceAll(/^[\t ]*(?:#|--).*$/gm, ''))) {
				found.push(finding({
					...common,
					id: 'pair-lock-lost',
					title: 'The lock that the pre-script takes ends before the snapshot',
					detail: 'FLUSH TABLES WITH READ LOCK holds only as long as the client that asked for it stays connected, and nothing here keeps it connected. The database goes on writing during the snapshot.',
					remedy: 'Choose the bundled pair for MariaDB and MySQL, which keeps the session: quiesce setup',
					path: pre.path,
					note: pre.path,
				}));
			}

			const preLines = shellLines(pre.text ?? '').map(({text}) => text);
			// What is typed into a database's own client stands in here-documents mostly.
			const preText = (pre.text ?? '').replaceAll(/^[\t ]*(?:#|--).*$/gm, '');
			const postText = post.text ?? '';
			for (const {what, hold, release, how} of pairs) {
				if (!hold.test(preText) || release.test(postText) || release.test(preText)) continue;
				found.push(finding({
					...common,
					id: 'pair-not-released',
					title: `The pre-script ${what}, and the post-script does not end that`,
					detail: 'The application stays held after the backup.',
					remedy: `Let the post-script end it: ${how}`,
					note: post.path,
				}));
				break;
			}

			const stopped = stoppedUnits(preLines).find(unit => !postText.includes(unit));
			if (stopped !== undefined && pre.path !== post.path) {
				const again = new RegExp(`\\b(?:start|restart)\\b`).test(preText) && preText.split(stopped).length > 2;
				if (!again) {
					found.push(finding({
						...common,
						id: 'pair-not-started',
						title: `The pre-script stops ${stopped}, and the post-script does not mention it`,
						detail: 'The service stays down after the backup.',
						remedy: `Let the post-script start it again: systemctl start ${stopped}`,
						note: post.path,
					}));
				}
			}

			return found;
		},
	}),
	check({
		id: 'scripts-freeze-nothing',
		title: 'the pre-script leaves the freezing to Azure',
		needs: ['pre'],
		applies: facts => facts.pre.text !== null && facts.check.settings.fsFreezeEnabled,
		conclude({pre}) {
			const lines = shellLines(pre.text ?? '');
			const freezing = lines.find(({bare}) => /\b(?:fsfreeze\s+(?:-f|--freeze)|xfs_freeze\s+-f)\b/.test(bare));
			if (freezing === undefined || lines.some(({bare}) => /\b(?:fsfreeze\s+(?:-u|--unfreeze)|xfs_freeze\s+-u)\b/.test(bare))) return [];
			return [finding({
				id: 'pre-script-freezes',
				severity: 'warning',
				title: 'The pre-script freezes a filesystem itself',
				detail: `Line ${freezing.number}. Azure freezes it as well, which a frozen filesystem refuses: the backup fails (error 121), and Azure's clean-up then thaws what the script froze.`,
				remedy: 'Remove the line, or set fsFreezeEnabled to false and thaw in the post-script.',
				note: `line ${freezing.number}`,
				path: pre.path,
				source: 'script',
			})];
		},
	}),
];
