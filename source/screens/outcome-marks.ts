import type {Mark, Tone} from '../components/theme.js';
import type {Outcome} from '../core/outcome.js';

/** The sign and the tone of an outcome. */
export const outcomeMarks: Readonly<Record<Outcome, {readonly mark: Mark; readonly tone: Tone}>> = {
	'application-consistent': {mark: 'done', tone: 'good'},
	'file-system-consistent': {mark: 'warning', tone: 'warning'},
	'crash-consistent': {mark: 'warning', tone: 'warning'},
	failed: {mark: 'failed', tone: 'bad'},
};
