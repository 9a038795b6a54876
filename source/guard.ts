import {standGuard} from './system/guard/guard-process.js';
import {settleAlone} from './system/guard/settle-process.js';

// A program of its own, started by quiesce: the guard, and what makes up for the scripts when both the main process and the guard have died.
const [, , task, ...words] = process.argv;
if (task === 'settle') await settleAlone(words);
else standGuard();
