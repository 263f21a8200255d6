/** backup, restore. */

import { backupCatalogs, restoreCatalogs, type RestoreReport } from '../index.js';
import type { Command } from './command.js';
import { interruptible } from './interrupt.js';

export const backup: Command = {
  name: 'backup',
  positionals: ['FILE'],
  options: { force: { help: 'replace the file if there is one' } },
  summary: 'Write both catalogs to a JSON file',
  examples: [['backup C:\\catalog.json', 'both catalogs into that file']],
  details:
    'Transport entries with their order, chains and paths, and namespace providers. Before each change such a file is written to\n' +
    '%ProgramData%\\winsock-lsp\\backup by itself.',
  async run(input) {
    const path = await backupCatalogs(input.positional('FILE'), { overwrite: input.flag('force') });
    return { data: { path }, text: `Wrote ${path}.` };
  },
};

function reportText({ changed, steps, notes, backup: file }: RestoreReport, dryRun: boolean): string {
  const lines = steps.map((step) => `  ${step}`);
  const head = dryRun ? 'This would be done:' : 'This was done:';
  return [
    ...(changed ? [head, ...lines] : ['Nothing to do: the catalogs are as the backup has them.']),
    ...notes.map((note) => `Note: ${note}`),
    ...(file === null ? [] : [`The catalogs as they were before are in ${file}.`]),
  ].join('\n');
}

export const restore: Command = {
  name: 'restore',
  positionals: ['FILE'],
  options: {
    exact: { help: 'take out what the backup does not have; unless told it stays' },
    'dry-run': { help: 'only tell what would be done' },
  },
  summary: 'Make the catalogs as a backup has them',
  examples: [
    ['restore C:\\catalog.json --dry-run', 'what would be done'],
    ['restore C:\\catalog.json', 'what the file has comes back, what else there is stays'],
  ],
  exitCodes: ['accessDenied', 'readbackMismatch', 'notFound', 'conflict'],
  details:
    'Ids are given anew by Windows, and chains are rewritten to them. Backs up what is there first, and puts it back if a step\n' +
    'fails. Needs an elevated prompt. When nothing else helps: netsh winsock reset (docs/recovery.md).',
  changes: (input) => !input.flag('dry-run'),
  async run(input) {
    const dryRun = input.flag('dry-run');
    const options = { exact: input.flag('exact'), dryRun };
    const report = await interruptible((signal) => restoreCatalogs(input.positional('FILE'), { ...options, signal }));
    return { data: report, text: reportText(report, dryRun) };
  },
};
