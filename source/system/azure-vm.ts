import {textOf} from './pseudo-files.js';
import {getPage} from './web.js';

/** What kind of machine this is, for Azure Backup. */
export type AzureVm = {
	/**
	 * `elsewhere`: no VM of Azure. `resource-manager`, `classic`: by how it was deployed; Azure Backup's scripts are for Resource Manager VMs only.
	 * `unknown`: on Azure, but the instance metadata did not answer.
	 */
	readonly deployment: 'resource-manager' | 'classic' | 'unknown' | 'elsewhere';
	readonly name: string | null;
	readonly location: string | null;
	/** `/subscriptions/…/virtualMachines/NAME`. */
	readonly resourceId: string | null;
	/** Why the instance metadata told nothing, as a clause; null where it told, or was not asked. */
	readonly problem: string | null;
};

export type AzureVmOptions = {
	/** The file with the chassis' asset tag. */
	readonly assetTag?: string;
	/** Of the instance metadata service. */
	readonly address?: string;
	/** Default: 1 s. */
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal;
};

/** The asset tag that every VM of Azure has in its DMI data. */
const azureTag = '7783-7084-3265-9085-8269-3286-77';

/**
 * Looks whether this is a VM of Azure: by its asset tag, without asking anybody, and only then asks the instance metadata service, which answers
 * from the host within milliseconds. That service has compute data for Resource Manager VMs only; of classic ones it knows just the network. Never throws.
 */
export async function readAzureVm({assetTag = '/sys/class/dmi/id/chassis_asset_tag', address = 'http://169.254.169.254', timeoutMs = 1000, signal}: AzureVmOptions = {}): Promise<AzureVm> {
	const none = {name: null, location: null, resourceId: null, problem: null};
	if (textOf(assetTag) !== azureTag) return {...none, deployment: 'elsewhere'};
	try {
		const {status, body} = await getPage(`${address}/metadata/instance?api-version=2021-02-01`, {
			// It is on the host, never behind a proxy.
			timeoutMs, limit: 1024 * 1024, headers: {Metadata: 'true'}, proxy: false, ...(signal === undefined ? {} : {signal}),
		});
		if (status !== 200) return {...none, deployment: 'unknown', problem: `the instance metadata service answered ${status}`};
		const answer = recordOf(JSON.parse(body.toString('utf8')));
		const compute = recordOf(answer?.['compute']);
		const resourceId = compute === null ? null : textIn(compute, 'resourceId');
		if (compute !== null && resourceId !== null) return {...none, deployment: 'resource-manager', name: textIn(compute, 'name'), location: textIn(compute, 'location'), resourceId};
		if (recordOf(answer?.['network']) !== null) return {...none, deployment: 'classic'};
		return {...none, deployment: 'unknown', problem: 'the instance metadata service told nothing about this VM'};
	} catch (error) {
		return {...none, deployment: 'unknown', problem: error instanceof SyntaxError ? 'the instance metadata service answered something else than JSON' : error instanceof Error ? error.message : String(error)};
	}
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Readonly<Record<string, unknown>> : null;
}

function textIn(record: Readonly<Record<string, unknown>>, key: string): string | null {
	const value = record[key];
	return typeof value === 'string' && value !== '' ? value : null;
}
