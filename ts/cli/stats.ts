import { readStats } from '../index.js';
import { counters } from '../stats.js';
import type { Command } from './command.js';
import { columns } from './text.js';

export const stats: Command = {
  name: 'stats',
  options: { dll: { value: 'FILE', help: 'the DLL whose counters to read; the installed one unless told' } },
  summary: 'Show what the LSP has done in all processes together',
  details: 'Numbers since the first of the running processes loaded it. Any process can scramble them: for the eye only.',
  examples: [['stats --json', 'for a script']],
  exitCodes: ['notFound'],
  run(input) {
    const values = readStats({ dll: input.text('dll') });
    const width = Math.max(...Object.values(values).map((value) => String(value).length));
    const rows = Object.entries(counters).map(([name, [, help]]) => [
      name,
      String(values[name as keyof typeof values]).padStart(width),
      help,
    ]);
    return { data: values, text: columns(rows) };
  },
};
