/** map: what stands on what. */

import { enumerateCatalog, mapCatalog, type Architecture, type CatalogMap, type LayeredProvider, type ProviderTree } from '../index.js';
import { ownArchitecture } from '../catalog.js';
import type { Command } from './command.js';
import { architectureNames, architectureOptions, chainIds, isBroken, readArchitecture, transport } from './entry_text.js';
import { paint, type Style, type Terminal } from './terminal.js';
import { drawTree, printable, table, textWidth, truncate, type Cell, type TreeNode } from './text.js';

interface Span {
  text: string;
  style?: Style | undefined;
}

/** The spans as one line of at most `width` columns: the first `cuttable` ones give way. */
function line(spans: readonly Span[], cuttable: number, width: number, terminal: Terminal): string {
  const clean = spans.map(({ text, style }) => ({ text: printable(text), style }));
  let excess = clean.reduce((sum, { text }) => sum + textWidth(text), 0) - width;
  return clean
    .map(({ text, style }, index) => {
      if (index !== cuttable || excess <= 0) return paint(terminal, style, text);
      const kept = truncate(text, Math.max(8, textWidth(text) - excess));
      excess = 0;
      return paint(terminal, style, kept);
    })
    .join('');
}

const indentOfLevel = 3;

function node({ entry, inUse, chains }: ProviderTree, level: number, terminal: Terminal): TreeNode {
  const spans: Span[] = [
    { text: `${entry.id} ${entry.ours ? '* ' : ''}` },
    { text: entry.name, style: entry.ours ? 'ours' : entry.kind === 'base' ? 'heading' : undefined },
  ];
  if (entry.kind === 'base') spans.push({ text: `  ${transport(entry)}` });
  else spans.push({ text: `  ${chainIds(entry)}`, style: isBroken(entry) ? 'fault' : 'faint' });
  if (inUse) spans.push({ text: '  <- in use' });
  return {
    label: line(spans, 1, terminal.width - level * indentOfLevel, terminal),
    children: chains.map((chain) => node(chain, level + 1, terminal)),
  };
}

function layeredRow({ entry, chains }: LayeredProvider): Cell[] {
  return [
    String(entry.id),
    entry.ours ? { text: '*', style: 'ours' } : '',
    entry.ours ? { text: entry.name, style: 'ours' } : entry.name,
    chains.length === 0 ? { text: 'in no chain', style: 'warning' } : `in ${chains.length === 1 ? '1 chain' : `${chains.length} chains`}`,
    entry.path,
  ];
}

export function drawMap({ base, layered, dangling }: CatalogMap, architecture: Architecture, terminal: Terminal): string {
  const trees = (all: readonly ProviderTree[]) => all.map((each) => drawTree(node(each, 0, terminal)).join('\n')).join('\n');
  const heading = (text: string, style: Style = 'heading') => paint(terminal, style, text);
  const sections = [
    `${heading(`${architectureNames[architecture]} catalog: base providers and the chains on them`)}\n${trees(base) || '(none)'}`,
  ];
  if (layered.length > 0) {
    const rows = table(layered.map(layeredRow), { columns: [{}, {}, { cut: 'end' }, {}, { cut: 'start' }], terminal });
    sections.push(`${heading('Layered providers')}\n${rows}`);
  }
  if (dangling.length > 0) {
    const title = 'Broken: chains whose base provider does not exist';
    sections.push(`${heading(title, 'fault')}\n${trees(dangling)}`);
  }
  return sections.join('\n\n');
}

export const map: Command = {
  name: 'map',
  options: architectureOptions,
  summary: 'Draw which chains stand on which base providers',
  details:
    'Each base provider with the protocol chains above it; a chain that stands on another chain is drawn under that one. ' +
    'Behind a chain are the ids of its parts, from the top down; one that does not exist is marked as missing. * marks what ' +
    'belongs to winsock-lsp, "in use" what a program gets that asks for that family, type and protocol. Changes nothing and ' +
    'needs no rights.',
  examples: [
    ['map', 'of the catalog of 64-bit programs'],
    ['map --arch ia32 --json', 'of that of 32-bit programs, for a script: {base, layered, dangling}'],
  ],
  run(input) {
    const architecture = readArchitecture(input);
    const drawn = mapCatalog(enumerateCatalog({ architecture }));
    return { data: drawn, text: (terminal) => drawMap(drawn, architecture ?? ownArchitecture(), terminal) };
  },
};
