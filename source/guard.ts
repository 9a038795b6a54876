import {standGuard} from './system/guard/guard-process.js';
import {settleAlone} from './system/guard/settle-process.js';
import {thawGiven} from './system/guard/thaw-process.js';

// A program of its own, started by quiesce: the guard, what makes up for the scripts when both the main process and the guard have died, and thaws in a process apart.
const [, , task, ...words] = process.argv;
switch (task) {
	case 'settle':
		await settleAlone(words);
		break;
	case 'thaw':
		await thawGiven(words);
		break;
	default:
		standGuard();
}
