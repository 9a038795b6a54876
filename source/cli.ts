import {runCommandLine} from './command-line.js';

// The program that `quiesce` is. The same with the screens loaded already is warm/screens.ts.
await runCommandLine(process.argv.slice(2));
