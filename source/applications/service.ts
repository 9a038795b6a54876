import type {Application} from './application.js';
import {bundle, commonSettings} from './bundle.js';

export const service: Application = {
	name: 'service',
	title: 'A service of systemd',
	summary: 'Stops the service, or runs a command that makes it quiet, and lets it go on after the snapshot. Only what ran is started again, also when no post-script comes.',
	undetected: 'stopped, or told by a command',
	// First, so that it ends its work while its database still answers.
	order: 10,
	settings: [
		{
			name: 'unit', default: '', required: true, question: 'Which unit of systemd?',
			help: 'Its name, myapp.service for example; several are separated by blanks. systemctl list-units --type=service lists them. Sockets and timers that would start it are stopped as well.',
		},
		{
			name: 'how', kind: 'choice', choices: ['stop', 'command'], default: 'stop', question: 'How is it held?',
			help: 'stop: it is stopped, and started again afterwards; what does not run stays as it is. command: two commands make it quiet and let it go on; they are needed then.',
		},
		{
			name: 'quiesceCommand', default: '', question: 'Which command makes it quiet?',
			help: 'Only for command. A line for sh, run as root; it must be done when it ends, and end with 0.',
		},
		{
			name: 'resumeCommand', default: '', question: 'Which command lets it go on?',
			help: 'Only for command. It must do no harm where the other one has failed half-way.',
		},
		...commonSettings(120),
	],
	check: ({how, ...settings}) => (how === 'command' ? ['quiesceCommand', 'resumeCommand'] : []).filter(key => (settings[key] ?? '') === '').map(key => ({
		key, value: '', expected: 'a line for sh', message: `A service that is told by commands needs the setting ${key}.`,
	})),
	// What is worth being held is not to be seen from outside.
	detect: async () => [],
	scripts: settings => bundle(service, settings, ['service-units.sh']),
};
