/** How one stretch of text looks, as the terminal's escape sequences (SGR) say it. */
type Style = {
	readonly color: string | null;
	readonly background: string | null;
	readonly bold: boolean;
	readonly dim: boolean;
	readonly inverse: boolean;
	readonly underline: boolean;
	readonly italic: boolean;
};

const plain: Style = {color: null, background: null, bold: false, dim: false, inverse: false, underline: false, italic: false};
const ink = '#d8dee9';
const paper = '#1c2027';
/** The sixteen colours, quiet on a dark ground. */
const palette = ['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#c8ced9', '#5c6370', '#ef8088', '#b0d896', '#f0d197', '#82c4f8', '#d7a1e7', '#7fd0dc', '#ffffff'];
const cell = {width: 8.4, height: 18} as const;
const margin = 14;

/**
 * Draws a terminal's screen as an SVG: every character at the place of its cell, so that the picture does not depend on the reader's fonts.
 * `styled`: the lines with their escape sequences, as tmux hands them out.
 */
export function picture(styled: string, columns: number, rows: number): string {
	const parts: string[] = [];
	for (const [row, line] of styled.split('\n').slice(0, rows).entries()) {
		let column = 0;
		for (const {text, style} of stretches(line)) {
			const width = widthOf(text);
			parts.push(...draw(text, style, column, row, width));
			column += width;
		}
	}

	const width = columns * cell.width + 2 * margin;
	const height = rows * cell.height + 2 * margin;
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
<rect width="100%" height="100%" rx="8" fill="${paper}"/>
${parts.join('\n')}
</svg>
`;
}

function draw(text: string, style: Style, column: number, row: number, width: number): readonly string[] {
	const [color, background] = style.inverse ? [style.background ?? paper, style.color ?? ink] : [style.color ?? ink, style.background];
	const left = margin + column * cell.width;
	const top = margin + row * cell.height;
	const parts: string[] = [];
	if (background !== null) parts.push(`<rect x="${round(left)}" y="${round(top)}" width="${round(width * cell.width)}" height="${cell.height}" fill="${background}"/>`);
	if (text.trim() === '') return parts;
	const looks = [
		`fill="${color}"`,
		...(style.bold ? ['font-weight="bold"'] : []),
		...(style.dim ? ['opacity="0.6"'] : []),
		...(style.italic ? ['font-style="italic"'] : []),
		...(style.underline ? ['text-decoration="underline"'] : []),
	].join(' ');
	parts.push(`<text x="${round(left)}" y="${round(top + 13.5)}" textLength="${round(width * cell.width)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve" ${looks}>${escape(text)}</text>`);
	return parts;
}

/** Cuts a line where its style changes. */
function stretches(line: string): readonly {readonly text: string; readonly style: Style}[] {
	const found: {text: string; style: Style}[] = [];
	let style = plain;
	for (const part of line.split(/(\u001B\[[\d;:]*m)/)) {
		const codes = /^\u001B\[([\d;:]*)m$/.exec(part)?.[1];
		if (codes !== undefined) style = applied(style, codes.split(/[;:]/).map(Number));
		else if (part !== '') found.push({text: part.replaceAll(/\u001B(?:\[[0-?]*[ -/]*[@-~]|[()].|.)|[\u000E\u000F]/g, ''), style});
	}

	return found;
}

function applied(before: Style, codes: readonly number[]): Style {
	let style = before;
	for (let at = 0; at < codes.length; at++) {
		const code = codes[at] ?? 0;
		if (code === 0) style = plain;
		else if (code === 1) style = {...style, bold: true};
		else if (code === 2) style = {...style, dim: true};
		else if (code === 3) style = {...style, italic: true};
		else if (code === 4) style = {...style, underline: true};
		else if (code === 7) style = {...style, inverse: true};
		else if (code === 22) style = {...style, bold: false, dim: false};
		else if (code === 23) style = {...style, italic: false};
		else if (code === 24) style = {...style, underline: false};
		else if (code === 27) style = {...style, inverse: false};
		else if (code >= 30 && code <= 37) style = {...style, color: palette[code - 30] ?? ink};
		else if (code >= 90 && code <= 97) style = {...style, color: palette[code - 82] ?? ink};
		else if (code >= 40 && code <= 47) style = {...style, background: palette[code - 40] ?? paper};
		else if (code >= 100 && code <= 107) style = {...style, background: palette[code - 92] ?? paper};
		else if (code === 39) style = {...style, color: null};
		else if (code === 49) style = {...style, background: null};
		else if (code === 38 || code === 48) {
			const isIndexed = codes[at + 1] === 5;
			const color = isIndexed ? indexed(codes[at + 2] ?? 0) : `rgb(${codes.slice(at + 2, at + 5).join(',')})`;
			style = code === 38 ? {...style, color} : {...style, background: color};
			at += isIndexed ? 2 : 4;
		}
	}

	return style;
}

function indexed(index: number): string {
	if (index < 16) return palette[index] ?? ink;
	if (index >= 232) return `rgb(${[0, 0, 0].map(() => 8 + (index - 232) * 10).join(',')})`;
	const level = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
	const cube = index - 16;
	return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level).join(',')})`;
}

/** In cells: characters that take two are rare on these screens, and marks that take none rarer. */
function widthOf(text: string): number {
	return [...text].reduce((sum, character) => sum + (/\p{Mark}/u.test(character) ? 0 : /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{1F300}-\u{1FAFF}]/u.test(character) ? 2 : 1), 0);
}

function escape(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
