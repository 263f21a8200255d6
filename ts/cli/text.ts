/** Text as a terminal shows it: measured, cut and set in columns. */

import { paint, plain, type Style, type Terminal } from './terminal.js';

// What East Asian Width calls wide or fullwidth, and the emoji.
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0x4dbf],
  [0x4e00, 0xa4c6],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1b000, 0x1b2ff],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const graphemes = (text: string) => Array.from(segmenter.segment(text), ({ segment }) => segment);

function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  // Combining marks that stand alone, and characters that are only there to form others.
  if (/^[\p{Mn}\p{Me}\p{Cf}]/u.test(grapheme)) return 0;
  if (wideRanges.some(([first, last]) => code >= first && code <= last)) return 2;
  // U+FE0F asks for the picture instead of the letter; the halfwidth sound marks have a column of their own.
  return /[\ufe0f\uff9e\uff9f]/.test(grapheme) ? 2 : 1;
}

/** In columns of a terminal. */
export function textWidth(text: string): number {
  return graphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/**
 * Without control characters: names and paths come from other providers' installers, and must not steer the terminal of the
 * administrator who looks at them.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** At most `width` columns; what is cut off at that end is replaced with an ellipsis. */
export function truncate(text: string, width: number, end: 'start' | 'end' = 'end'): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  let kept = graphemes(text);
  if (end === 'start') kept.reverse();
  let used = 1;
  kept = kept.filter((grapheme) => used <= width && (used += graphemeWidth(grapheme)) <= width);
  if (end === 'start') return `…${kept.reverse().join('')}`;
  return `${kept.join('')}…`;
}

export interface Column {
  head?: string;
  /** Where to cut what is too long for the terminal; without it the column keeps its width. */
  cut?: 'start' | 'end';
  align?: 'left' | 'right';
}

export type Cell = string | { text: string; style: Style };
const cellText = (cell: Cell) => printable(typeof cell === 'string' ? cell : cell.text);

const gap = 2;
const narrowest = 12;

/** The widths that the columns get: those that may be cut share what is missing, the widest first. */
function fit(natural: readonly number[], specified: readonly Column[], room: number): number[] {
  const widths = [...natural];
  const total = () => widths.reduce((sum, width) => sum + width, gap * (widths.length - 1));
  while (total() > room) {
    let widest = -1;
    widths.forEach((width, index) => {
      const cuttable = specified[index]?.cut !== undefined && width > narrowest;
      if (cuttable && (widest < 0 || width > (widths[widest] ?? 0))) widest = index;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** Rows in columns, each as wide as its widest cell, no line wider than the terminal. */
export function table(
  rows: readonly (readonly Cell[])[],
  { columns: specified = [], indent = 0, terminal = plain }: { columns?: readonly Column[]; indent?: number; terminal?: Terminal } = {},
): string {
  const heads = specified.some(({ head }) => head !== undefined)
    ? [specified.map(({ head = '' }): Cell => ({ text: head, style: 'heading' }))]
    : [];
  const all = [...heads, ...rows];
  const natural: number[] = [];
  for (const row of all) {
    row.forEach((cell, index) => (natural[index] = Math.max(natural[index] ?? 0, textWidth(cellText(cell)))));
  }
  const room = terminal.width - indent;
  const widths = fit(natural, specified, room);

  const lines = all.map((row) => {
    let line = '';
    let left = room;
    row.forEach((cell, index) => {
      if (left <= 0) return;
      const { cut = 'end', align = 'left' } = specified[index] ?? {};
      const width = Math.min(widths[index] ?? 0, left);
      const text = truncate(cellText(cell), width, cut);
      const last = row.slice(index + 1).every((each) => cellText(each) === '');
      const padding = ' '.repeat(width - textWidth(text));
      const painted = paint(terminal, typeof cell === 'string' ? undefined : cell.style, text);
      const aligned = align === 'right' ? padding + painted : painted + (last ? '' : padding);
      line += aligned + (last ? '' : ' '.repeat(Math.min(gap, Math.max(0, left - width))));
      left -= width + gap;
    });
    return `${' '.repeat(indent)}${line}`.trimEnd();
  });
  return lines.join('\n');
}

/** A table without a head that is as wide as it needs to be. */
export function columns(rows: readonly (readonly string[])[], { indent = 0 } = {}): string {
  return table(rows, { indent });
}

/** Words in lines of at most `width`, each line after the first indented; a word that is longer has a line of its own. */
export function wrap(text: string, width: number, indent = 0): string {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && textWidth(line) + 1 + textWidth(word) > width - indent) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

export interface TreeNode {
  label: string;
  children: readonly TreeNode[];
}

/** The node's label with everything under it drawn below. The labels may be painted; `width` limits the unpainted part. */
export function drawTree({ label, children }: TreeNode): string[] {
  const lines = [label];
  children.forEach((child, index) => {
    const last = index === children.length - 1;
    drawTree(child).forEach((line, row) => {
      const branch = row === 0 ? (last ? '└─ ' : '├─ ') : last ? '   ' : '│  ';
      lines.push(branch + line);
    });
  });
  return lines;
}
