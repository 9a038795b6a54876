/* Node takes four milliseconds to load its cryptography, and most commands need none: it is loaded when something is asked of it. */

/** So many random bytes, in hexadecimal. */
export function randomHex(bytes: number): string {
	return process.getBuiltinModule('node:crypto').randomBytes(bytes).toString('hex');
}

/** Of a content, in hexadecimal. */
export function sha256(content: Uint8Array): string {
	return process.getBuiltinModule('node:crypto').createHash('sha256').update(content).digest('hex');
}
