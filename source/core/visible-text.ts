/** Characters that act on a terminal, or turn the direction of writing: a damaged or hostile file may hold them. Tabs stay. */
const acting = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g;

/** A text for one line of a terminal: what would act there, or not be seen, is written as its code. */
export function visible(text: string): string {
	return text.replaceAll(acting, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
