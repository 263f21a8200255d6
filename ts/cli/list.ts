/** list: the entries of a catalog, in order. */

import { enumerateCatalog, type CatalogEntry, type Flags } from '../index.js';
import type { Command } from './command.js';
import { architectureOptions, chainIds, isBroken, oneSwitch, readArchitecture, transport } from './entry_text.js';
import type { Terminal } from './terminal.js';
import { table, type Cell, type Column } from './text.js';

const kinds: Readonly<Record<'layered' | 'base', (entry: CatalogEntry) => boolean>> = {
  layered: ({ kind }) => kind !== 'base',
  base: ({ kind }) => kind === 'base',
};

function row(entry: CatalogEntry): Cell[] {
  const chain = chainIds(entry, '!') || '-';
  return [
    entry.ours ? { text: '*', style: 'ours' } : '',
    String(entry.id),
    entry.kind,
    transport(entry),
    isBroken(entry) ? { text: chain, style: 'fault' } : chain,
    entry.ours ? { text: entry.name, style: 'ours' } : entry.name,
    entry.path,
  ];
}

const shown: readonly Column[] = [
  {},
  { head: 'ID', align: 'right' },
  { head: 'KIND' },
  { head: 'PROTOCOL' },
  { head: 'CHAIN' },
  { head: 'NAME', cut: 'end' },
  // Of a path the end tells more.
  { head: 'PATH', cut: 'start' },
];

export function listTable(entries: readonly CatalogEntry[], terminal: Terminal): string {
  if (entries.length === 0) return 'There is no such entry.';
  return table(entries.map(row), { columns: shown, terminal });
}

const hexadecimal = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
const flagLines = ({ value, names, unknown }: Flags<string>) => [
  hexadecimal(value),
  ...names,
  ...(unknown === 0 ? [] : [`${hexadecimal(unknown)} (bits without a name)`]),
];
const named = (name: string | null, value: number) => (name === null ? String(value) : `${name} (${value})`);

const messageSizes: Readonly<Record<number, string>> = {
  0: '0 (a stream has no messages)',
  1: '1 (it depends on the destination)',
  0xffff_ffff: '0xffffffff (no limit)',
};

/** One field a line; fields with several values go on below. */
export function describeEntry(entry: CatalogEntry, terminal: Terminal): string {
  const fields: readonly (readonly [string, readonly Cell[]])[] = [
    ['name', [entry.name]],
    ['kind', [entry.kind]],
    ['installed by', [entry.ours ? { text: 'winsock-lsp', style: 'ours' } : 'another program']],
    ['provider', [entry.providerId]],
    ['path', [entry.path || '(the catalog does not tell)']],
    ['address family', [named(entry.addressFamilyName, entry.addressFamily)]],
    ['socket type', [named(entry.socketTypeName, entry.socketType)]],
    ['protocol', [named(entry.protocolName, entry.protocol)]],
    ['service flags', flagLines(entry.serviceFlags)],
    ['provider flags', flagLines(entry.providerFlags)],
    ['message size', [messageSizes[entry.messageSize] ?? `${entry.messageSize} bytes`]],
    ['version', [String(entry.version)]],
    ...(entry.kind === 'chain'
      ? [
          [
            'chain',
            entry.chainParts.map(
              ({ id, name }): Cell =>
                name === null ? { text: `${id} (missing: the chain is broken)`, style: 'fault' } : `${id} ${name}`,
            ),
          ] as const,
        ]
      : []),
  ];
  const rows = fields.flatMap(([field, values]) => values.map((value, index): Cell[] => [index === 0 ? field : '', value]));
  // Nothing is cut here: this is where to look for what the table has no room for.
  const lines = table(rows, { indent: 2, terminal: { ...terminal, width: Number.POSITIVE_INFINITY } });
  return `${entry.id}\n${lines}`;
}

export const list: Command = {
  name: 'list',
  options: {
    layered: { help: 'only layered providers and their chains' },
    base: { help: 'only base providers' },
    ...architectureOptions,
    verbose: { help: 'every field, one a line, flags by name; nothing is cut' },
  },
  summary: 'Show the protocol catalog',
  details:
    'Entries in the order in which Windows looks for the provider of a socket: the first that fits family, type and protocol ' +
    'and is not a layered one. * marks those of winsock-lsp. A base provider talks to the transport itself; a layered provider ' +
    'is the hidden entry of an LSP; a chain is what programs use of it, its parts from the top down, ! behind one that does not exist. 32-bit programs have a ' +
    'catalog of their own. What does not fit the terminal is cut with an ellipsis (…). Changes nothing and needs no rights.',
  examples: [
    ['list', 'the catalog of 64-bit programs'],
    ['list --layered --arch ia32', 'what is installed above the base providers for 32-bit programs'],
    ['list --verbose', 'with provider ids and flags'],
  ],
  run(input) {
    const kind = oneSwitch(input, ['layered', 'base']);
    const all = enumerateCatalog({ architecture: readArchitecture(input) });
    const entries = kind === undefined ? all : all.filter(kinds[kind]);
    return {
      data: entries,
      text: (terminal) =>
        input.flag('verbose')
          ? entries.map((entry) => describeEntry(entry, terminal)).join('\n\n')
          : listTable(entries, terminal),
    };
  },
};
