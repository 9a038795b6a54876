/** A screen of the wizard: one question. `setting:NAME` asks for a setting of the chosen application. */
export type Page =
	| 'draft' | 'machine'
	| 'template' | 'template-file'
	| 'scripts' | 'settings' | `setting:${string}` | 'pre-script' | 'post-script' | 'place'
	| 'pre-parameters' | 'post-parameters'
	| 'pre-retries' | 'post-retries'
	| 'timeout' | 'on-failure' | 'freeze' | 'poll' | 'permissions' | 'review' | 'rehearsal';

/** The twelve steps, of which each has one screen or several. */
export type StepName =
	| 'machine' | 'template' | 'scripts' | 'parameters' | 'retries' | 'timeout' | 'on-failure' | 'freeze' | 'poll' | 'permissions' | 'review' | 'rehearsal';
