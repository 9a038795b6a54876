/** Where the documentation sends administrators for the template. */
export const documentedAddress = 'https://raw.githubusercontent.com/MicrosoftAzureBackup/VMSnapshotPluginConfig/master/VMSnapshotScriptPluginConfig.json';

/** An address as it can be shown: a user and a password in it are nobody's business. */
export function shownAddress(address: string): string {
	return address.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, '$1');
}
