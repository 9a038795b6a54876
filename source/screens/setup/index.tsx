import type {ReactNode} from 'react';
import {DraftScreen} from './draft.js';
import {FreezeScreen} from './freeze.js';
import {MachineScreen} from './machine.js';
import {OnFailureScreen} from './on-failure.js';
import {ParametersScreen} from './parameters.js';
import {PermissionsScreen} from './permissions.js';
import {PollScreen} from './poll.js';
import {RehearsalScreen} from './rehearsal.js';
import {RetriesScreen} from './retries.js';
import {ReviewScreen} from './review.js';
import {PlaceScreen, ScriptPathScreen, ScriptsScreen, SettingScreen, SettingsScreen} from './scripts.js';
import {TemplateFileScreen, TemplateScreen} from './template.js';
import {TimeoutScreen} from './timeout.js';
import type {SetupProps} from './view.js';

export type {SetupProps} from './view.js';

/** The wizard's present screen. `address`: where a template is downloaded from. */
export function SetupScreen(props: SetupProps & {readonly address: string}): ReactNode {
	const {page, machine, applications} = props.state;
	switch (page) {
		case 'draft': return <DraftScreen {...props} />;
		// What arrives later decides where the pointer stands.
		case 'machine': return <MachineScreen key={machine === null ? 'looking' : 'seen'} {...props} />;
		case 'template': return <TemplateScreen {...props} />;
		case 'template-file': return <TemplateFileScreen {...props} />;
		case 'scripts': return <ScriptsScreen key={applications === null ? 'looking' : 'seen'} {...props} />;
		case 'settings': return <SettingsScreen {...props} />;
		case 'pre-script': return <ScriptPathScreen key={page} {...props} entry="preScript" />;
		case 'post-script': return <ScriptPathScreen key={page} {...props} entry="postScript" />;
		case 'place': return <PlaceScreen {...props} />;
		case 'pre-parameters': return <ParametersScreen key={page} {...props} entry="preParameters" />;
		case 'post-parameters': return <ParametersScreen key={page} {...props} entry="postParameters" />;
		case 'pre-retries': return <RetriesScreen key={page} {...props} entry="preRetries" />;
		case 'post-retries': return <RetriesScreen key={page} {...props} entry="postRetries" />;
		case 'timeout': return <TimeoutScreen {...props} />;
		case 'on-failure': return <OnFailureScreen {...props} />;
		case 'freeze': return <FreezeScreen {...props} />;
		case 'poll': return <PollScreen {...props} />;
		case 'permissions': return <PermissionsScreen {...props} />;
		case 'review': return <ReviewScreen {...props} />;
		case 'rehearsal': return <RehearsalScreen {...props} />;
		default: return <SettingScreen key={page} {...props} page={page} />;
	}
}
