/** install, remove. */

import { installLsp, removeLsp } from '../index.js';
import type { Command } from './command.js';

export const install: Command = {
  name: 'install',
  options: {
    dll: { value: 'FILE', help: "the provider's DLL; the package's own unless told" },
    dll32: { value: 'FILE', help: 'the 32-bit DLL, for 32-bit programs; unless told they are left alone' },
    name: { value: 'NAME', help: "what the entries' names begin with; winsock-lsp unless told" },
    'no-stage': { help: 'register the DLL where it lies; only administrators may be able to write it there' },
  },
  summary: 'Install the LSP, repair it or upgrade it',
  details:
    'Copies the DLL to Program Files, writes a backup of the catalog, installs, and reads the catalog back. Programs that run ' +
    'already go on without it. Needs an elevated prompt.',
  examples: [['install', "this package's DLL, above TCP, UDP and RAW"]],
  exitCodes: ['accessDenied', 'readbackMismatch', 'notFound', 'conflict'],
  async run(input) {
    const report = await installLsp({
      dll: input.text('dll'),
      dll32: input.text('dll32'),
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
  examples: [['remove', 'out of both catalogs']],
  exitCodes: ['accessDenied', 'readbackMismatch', 'conflict'],
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
