/** list, install, remove. */

import { enumerateCatalog, installLsp, removeLsp, type Architecture, type CatalogEntry } from '../index.js';
import { type Command } from './command.js';
import { columns } from './text.js';

const families = new Map([
  [2, 'IPv4'],
  [23, 'IPv6'],
]);
const types = new Map([
  [1, 'stream'],
  [2, 'datagram'],
  [3, 'raw'],
]);
const protocols = new Map([
  [0, 'any'],
  [6, 'TCP'],
  [17, 'UDP'],
]);
const word = (words: ReadonlyMap<number, string>, number: number) => words.get(number) ?? String(number);

function row(entry: CatalogEntry): string[] {
  return [
    entry.ours ? '*' : '',
    String(entry.id),
    entry.kind,
    word(families, entry.addressFamily),
    word(types, entry.socketType),
    word(protocols, entry.protocol),
    entry.chain.join('>') || '-',
    entry.name,
    entry.path,
  ];
}

export const list: Command = {
  name: 'list',
  options: { architecture: { value: 'x64|ia32', help: "which catalog of a 64-bit Windows; this Node's own unless told" } },
  summary: 'Show the protocol catalog',
  details: 'Entries in the order in which Windows looks for the provider of a socket; * marks those of winsock-lsp.',
  run(input) {
    // The function checks it.
    const entries = enumerateCatalog({ architecture: input.text('architecture') as Architecture | undefined });
    const head = ['', 'ID', 'KIND', 'FAMILY', 'TYPE', 'PROTOCOL', 'CHAIN', 'NAME', 'PATH'];
    return { data: entries, text: columns([head, ...entries.map(row)]) };
  },
};

export const install: Command = {
  name: 'install',
  options: {
    dll: { value: 'FILE', help: "the provider's DLL; the package's own unless told" },
    dll32: { value: 'FILE', help: "the 32-bit DLL, for 32-bit programs; the package's own unless told, none if --dll is told" },
    'no-dll32': { help: 'leave 32-bit programs alone' },
    name: { value: 'NAME', help: "what the entries' names begin with; winsock-lsp unless told" },
    'no-stage': { help: 'register the DLL where it lies; only administrators may be able to write it there' },
  },
  summary: 'Install the LSP, repair it or upgrade it',
  details:
    'Copies the DLL to Program Files, writes a backup of the catalog, installs, and reads the catalog back. Programs that run\n' +
    'already go on without it. Needs an elevated prompt.',
  async run(input) {
    const report = await installLsp({
      dll: input.text('dll'),
      dll32: input.flag('no-dll32') ? null : input.text('dll32'),
      name: input.text('name'),
      stage: !input.flag('no-stage'),
    });
    const entries = report.entries.join(', ');
    return {
      data: report,
      text: report.changed
        ? `Installed ${report.path} as catalog entries ${entries}.`
        : `Nothing to do: ${report.path} is installed as catalog entries ${entries}.`,
    };
  },
};

export const remove: Command = {
  name: 'remove',
  summary: 'Remove the LSP from the protocol catalog',
  details: 'The copy of the DLL stays, because programs that run go on using it. Needs an elevated prompt.',
  async run() {
    const report = await removeLsp();
    return {
      data: report,
      text: report.changed
        ? `Removed catalog entries ${report.entries.join(', ')}.`
        : 'Nothing to do: the LSP is not installed.',
    };
  },
};
