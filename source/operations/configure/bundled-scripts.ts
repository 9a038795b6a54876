import {join} from 'node:path';
import type {NewScript} from '../../core/config/plan.js';
import {readTemplate} from '../../system/templates.js';

/**
 * A pair of scripts for an administrator to fill in, which do nothing as they are. For `PlanRequest.scripts`; the answers name their paths.
 * What lies there already is left as it is: it may have been filled in.
 */
export function bundledScripts(directory: string): {readonly pre: NewScript; readonly post: NewScript} {
	const script = (name: string): NewScript => ({path: join(directory, name), content: readTemplate(`scripts/${name}`), keepExisting: true});
	return {pre: script('pre.sh'), post: script('post.sh')};
}
