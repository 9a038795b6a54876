import type {ErrorEntry} from './entry.js';

const effect = 'The filesystems are frozen and the backup goes on; the database was not held, so its copy has to recover when it starts.';

function entry(code: number, name: string, happened: string, ...remedies: readonly string[]): ErrorEntry {
	return {name, code, aliases: [], happened, effect, remedies};
}

/** The extension's own database scripts, which /etc/azure/workload.conf puts in the place of the configured ones. */
export const databaseErrors: readonly ErrorEntry[] = [
	entry(500, 'FailedWorkloadPreError', 'The extension\'s own script before the snapshot failed, or could not begin.', 'Look into /etc/azure/workload.conf: enforceSlaveOnly must be a whole number, and the file that configuration_path names must be there.', 'Read the extension\'s log: quiesce watch --once.'),
	entry(501, 'FailedWorkloadConfParsingError', '/etc/azure/workload.conf cannot be read.', 'Compare it with the extension\'s template.', 'Where you use scripts of your own, empty workload_name.'),
	entry(502, 'FailedWorkloadInvalidRole', 'The role in /etc/azure/workload.conf is not known.', 'Use master or slave.'),
	entry(503, 'FailedWorkloadInvalidWorkloadName', 'The workload_name in /etc/azure/workload.conf is not known.', 'Use oracle, mysql, mariadb or postgres, in small letters.'),
	entry(504, 'FailedWorkloadPostError', 'The extension\'s own script after the snapshot failed.', 'Look first whether the database takes writes again.', 'For a slave, give ipc_folder in /etc/azure/workload.conf a folder: an empty one ends the script after the snapshot.', 'Read the extension\'s log: quiesce watch --once.'),
	entry(505, 'FailedWorkloadAuthorizationMissing', 'Neither credString nor linux_user is set in /etc/azure/workload.conf.', 'Set one of them; linux_user keeps passwords out of the log.'),
	entry(506, 'FailedWorkloadConnectionError', 'The extension could not connect to the database.', 'Try the login that /etc/azure/workload.conf names by hand.'),
	entry(507, 'FailedWorkloadIPCDirectoryMissing', 'ipc_folder is missing in /etc/azure/workload.conf; MySQL and MariaDB need it.', 'Set it to a folder that the database may write to.'),
	entry(508, 'FailedWorkloadDatabaseStatusChanged', 'The database stopped or started while it was being backed up.', 'Look into the database\'s own log.'),
	entry(509, 'FailedWorkloadQuiescingError', 'The database could not be held.', 'Look into the database\'s own log.'),
	entry(510, 'FailedWorkloadQuiescingTimeout', 'Holding the database took too long, or what held it was gone before the snapshot was done.', 'For Oracle and PostgreSQL, take ipc_folder out of /etc/azure/workload.conf; for MySQL and MariaDB, configuration_path: with it Azure looks for a session that it has never begun.', 'Look for long-running statements at that time.', 'Raise timeout in /etc/azure/workload.conf.'),
	entry(511, 'FailedWorkloadDatabaseInNoArchiveLog', 'The Oracle database does not archive its logs.', 'Switch it to ARCHIVELOG.'),
	entry(512, 'FailedWorkloadLogModeChanged', 'The log mode of the Oracle database changed during the backup.', 'Run the backup again when the mode is settled.'),
];
