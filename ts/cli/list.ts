/** list: the entries of a catalog, in order. */

import {
  enumerateCatalog,
  enumerateNamespaceProviders,
  type CatalogEntry,
  type Flags,
  type NamespaceProvider,
} from '../index.js';
import type { Command, Output } from './command.js';
import { architectureOptions, chainIds, isBroken, oneSwitch, readArchitecture, transport } from './entry_text.js';
import { plain, type Terminal } from './terminal.js';
import { printable, table, type Cell, type Column } from './text.js';

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

type Field = readonly [name: string, values: readonly Cell[]];

/** Nothing is cut: this is where to look for what a table has no room for. */
function describe(title: string, fields: readonly Field[], terminal: Terminal): string {
  const rows = fields.flatMap(([field, values]) => values.map((value, index): Cell[] => [index === 0 ? field : '', value]));
  return `${printable(title)}\n${table(rows, { indent: 2, terminal: { ...terminal, width: plain.width } })}`;
}

/** One field a line; fields with several values go on below. */
export function describeEntry(entry: CatalogEntry, terminal: Terminal): string {
  const fields: readonly Field[] = [
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
  return describe(String(entry.id), fields, terminal);
}

const yesNo = (value: boolean) => (value ? 'yes' : 'no');

export function namespaceTable(providers: readonly NamespaceProvider[], terminal: Terminal): string {
  if (providers.length === 0) return 'There is no namespace provider.';
  const rows = providers.map(({ name, namespace, namespaceName, active, version, path }): Cell[] => [
    namespaceName ?? String(namespace),
    active ? 'yes' : { text: 'no', style: 'warning' },
    String(version),
    name,
    path,
  ]);
  const heads: readonly Column[] = [
    { head: 'NAMESPACE' },
    { head: 'ACTIVE' },
    { head: 'VERSION', align: 'right' },
    { head: 'NAME', cut: 'end' },
    { head: 'PATH', cut: 'start' },
  ];
  return table(rows, { columns: heads, terminal });
}

export function describeNamespace(provider: NamespaceProvider, terminal: Terminal): string {
  const fields: readonly Field[] = [
    ['provider', [provider.id]],
    ['path', [provider.path || '(the registry does not tell)']],
    ['identifier', [provider.identifier || '(the registry does not tell)']],
    ['namespace', [named(provider.namespaceName, provider.namespace)]],
    ['active', [yesNo(provider.active)]],
    ['version', [String(provider.version)]],
    ['stores service classes', [yesNo(provider.storesServiceClasses)]],
  ];
  return describe(provider.name, fields, terminal);
}

function show<T>(
  items: readonly T[],
  verbose: boolean,
  asTable: (items: readonly T[], terminal: Terminal) => string,
  describeOne: (item: T, terminal: Terminal) => string,
): Output {
  return {
    data: items,
    text: (terminal) =>
      verbose && items.length > 0 ? items.map((each) => describeOne(each, terminal)).join('\n\n') : asTable(items, terminal),
  };
}

export const list: Command = {
  name: 'list',
  options: {
    layered: { help: 'only layered providers and their chains' },
    base: { help: 'only base providers' },
    namespaces: { help: 'the namespace providers, who answer name look-ups, in the order in which they are asked' },
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
    ['list --namespaces', 'who answers name look-ups'],
  ],
  run(input) {
    const only = oneSwitch(input, ['layered', 'base', 'namespaces']);
    const architecture = readArchitecture(input);
    const verbose = input.flag('verbose');
    if (only === 'namespaces') {
      return show(enumerateNamespaceProviders({ architecture }), verbose, namespaceTable, describeNamespace);
    }
    const all = enumerateCatalog({ architecture });
    return show(only === undefined ? all : all.filter(kinds[only]), verbose, listTable, describeEntry);
  },
};
