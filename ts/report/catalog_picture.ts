/** The catalog as pictures: for each base provider what stands on it, with what a program gets on top. */

import type { CatalogEntry } from '../catalog.js';
import { mapCatalog, type ProviderTree } from '../catalog_map.js';
import { transport } from '../cli/entry_text.js';
import { textWidth, truncate } from '../cli/text.js';
import { html, type Html } from './html.js';

// All in the picture's own units, which are pixels where there is room.
const boxWidth = 190;
const boxHeight = 46;
const gapX = 12;
const gapY = 22;
const margin = 12;
/** Of a box, in columns of text: what fits at the sizes that style.ts gives. */
const nameColumns = 23;
const smallColumns = 28;

interface Placed {
  tree: ProviderTree;
  /** Of the box's left edge, in boxes. */
  column: number;
  level: number;
  parent: Placed | null;
}

/** Leaves side by side, each box above the middle of what stands on it. */
function place(tree: ProviderTree, level: number, firstColumn: number, parent: Placed | null, into: Placed[]): number {
  const placed: Placed = { tree, column: firstColumn, level, parent };
  into.push(placed);
  let next = firstColumn;
  const children: number[] = [];
  for (const chain of tree.chains) {
    const index = into.length;
    next = place(chain, level + 1, next, placed, into);
    children.push(into[index]?.column ?? firstColumn);
  }
  if (children.length === 0) return firstColumn + 1;
  placed.column = ((children[0] ?? 0) + (children.at(-1) ?? 0)) / 2;
  return next;
}

const fitted = (text: string, columns: number) => (textWidth(text) > columns ? truncate(text, columns) : text);

function box(x: number, y: number, { entry, inUse }: ProviderTree): Html {
  const broken = entry.chainParts.some(({ name }) => name === null);
  const kind = broken ? 'broken' : entry.ours ? 'ours' : '';
  const detail = entry.kind === 'base' ? `${entry.id} · base provider` : `${entry.id} · ${entry.chainParts.map(({ id, name }) => `${id}${name === null ? '!' : ''}`).join(' > ')}`;
  return html`<g><title>${entry.id} ${entry.name}: ${entry.path}</title><rect class="box ${kind}${inUse ? ' used' : ''}" x="${x}" y="${y}" width="${boxWidth}" height="${boxHeight}" rx="6"/><text class="name" x="${x + 9}" y="${y + 19}">${fitted(entry.name, nameColumns)}</text><text class="small" x="${x + 9}" y="${y + 35}">${fitted(detail, smallColumns)}</text></g>`;
}

function picture(tree: ProviderTree, dangling: boolean): Html {
  const all: Placed[] = [];
  const columns = place(tree, 0, 0, null, all);
  const levels = Math.max(...all.map(({ level }) => level)) + 1;
  const head = 34;
  const width = 2 * margin + columns * boxWidth + (columns - 1) * gapX;
  const height = 2 * margin + head + levels * boxHeight + (levels - 1) * gapY + (dangling ? boxHeight + gapY : 0);
  const left = ({ column }: Placed) => margin + column * (boxWidth + gapX);
  const top = ({ level }: Placed) => margin + head + (levels - 1 - level) * (boxHeight + gapY);
  const edges = all.map((placed) => {
    const x = left(placed) + boxWidth / 2;
    const bottom = top(placed) + boxHeight;
    if (placed.parent === null) return dangling ? html`<path class="edge" d="M${x} ${bottom}V${bottom + gapY}"/>` : null;
    const to = left(placed.parent) + boxWidth / 2;
    return html`<path class="edge" d="M${x} ${bottom}V${bottom + gapY / 2}H${to}V${bottom + gapY}"/>`;
  });
  const used = all.find(({ tree: each }) => each.inUse);
  const arrow =
    used === undefined
      ? null
      : html`<path class="edge" d="M${left(used) + boxWidth / 2} ${margin + 18}V${top(used) - 5}"/><path class="arrow" d="M${left(used) + boxWidth / 2 - 4} ${top(used) - 7}h8l-4 6z"/>`;
  const asked = `${transport(tree.entry)}${used === undefined ? ' (another entry comes first)' : ''}`;
  const missing = tree.entry.chain.at(-1) ?? 0;
  const bottomY = height - margin - boxHeight;
  const gone = dangling
    ? html`<rect class="box broken" x="${margin}" y="${bottomY}" width="${boxWidth}" height="${boxHeight}" rx="6"/><text class="name" x="${margin + 9}" y="${bottomY + 19}">missing</text><text class="small" x="${margin + 9}" y="${bottomY + 35}">entry ${missing} is not there</text>`
    : null;
  return html`<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-label="${transport(tree.entry)}: ${all.map(({ tree: { entry } }) => entry.name).reverse().join(' over ')}"><text class="small" x="${margin}" y="${margin + 10}">${asked}</text>${edges}${arrow}${all.map((placed) => box(left(placed), top(placed), placed.tree))}${gone}</svg>`;
}

/** One picture for each base provider, and for each chain that stands on nothing. */
export function catalogPicture(entries: readonly CatalogEntry[]): Html {
  const { base, dangling } = mapCatalog(entries);
  if (base.length + dangling.length === 0) return html`<p class="faint">The catalog is empty.</p>`;
  return html`<div class="trees">${base.map((tree) => picture(tree, false))}${dangling.map((tree) => picture(tree, true))}</div>`;
}
