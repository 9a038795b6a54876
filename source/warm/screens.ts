import './blindfold.js';
import '../app/app.js';
import {runCommandLine} from '../command-line.js';
import {keepWarm} from './keep-warm.js';

// The app, with React and Ink. Each view lies beside them in memory, and is evaluated when it is opened.
keepWarm(words => void runCommandLine(words));
