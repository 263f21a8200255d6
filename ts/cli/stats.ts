import { setTimeout as delay } from 'node:timers/promises';

import { readStats, readStatsByProcess, type ProcessStats, type Stats } from '../index.js';
import { counters } from '../stats.js';
import type { Command, Input, Output } from './command.js';
import { untilInterrupted } from './interrupt.js';
import { columns } from './text.js';

export const stats: Command = {
  name: 'stats',
  options: {
    dll: { value: 'FILE', help: 'the DLL whose counters to read; the installed ones together unless told' },
    'by-process': { help: 'what each process has counted, instead of all together' },
    watch: { help: 'go on, and show what has been added, each second' },
    seconds: { value: 'N', help: 'with --watch: end after so long' },
  },
  summary: 'Show what the LSP has done in all processes together',
  details: 'Numbers since the first of the running processes loaded it. Any process can scramble them: for the eye only.',
  examples: [
    ['stats --json', 'for a script'],
    ['stats --by-process', 'who it was'],
    ['stats --watch', 'what is added, each second'],
  ],
  exitCodes: ['notFound'],
  run: (input) => {
    const dll = input.text('dll');
    if (input.flag('by-process')) return byProcess(readStatsByProcess({ dll }));
    return input.flag('watch') ? untilInterrupted((signal) => follow(input, signal)) : table(readStats({ dll }));
  },
};

function table(values: Stats, before?: Stats): Output {
  const shown = (name: keyof Stats) => (before === undefined ? '' : `+${values[name] - before[name]}`);
  const width = Math.max(...Object.values(values).map((value) => String(value).length));
  const changed = (Object.keys(counters) as (keyof Stats)[]).filter(
    (name) => before === undefined || values[name] !== before[name],
  );
  const rows = changed.map((name) => [
    name,
    String(values[name]).padStart(width),
    ...(before === undefined ? [] : [shown(name)]),
    counters[name][1],
  ]);
  return { data: values, text: rows.length === 0 ? '' : columns(rows) };
}

/** Of each process what it has counted at all. */
function byProcess(processes: ProcessStats[]): Output {
  const blocks = processes.map(({ processId, image, running, stats: values }) => {
    const counted = (Object.keys(counters) as (keyof Stats)[]).filter((name) => values[name] !== 0);
    const rows = counted.map((name) => [`  ${name}`, String(values[name]), counters[name][1]]);
    return [`${image}[${processId}]${running ? '' : ' (ended)'}`, ...(rows.length === 0 ? [] : [columns(rows)])].join('\n');
  });
  return { data: processes, text: blocks.length === 0 ? 'No process has counted anything.' : blocks.join('\n') };
}

async function* follow(input: Input, signal: AbortSignal): AsyncGenerator<Output> {
  const dll = input.text('dll');
  const seconds = input.integer('seconds') ?? Number.POSITIVE_INFINITY;
  let before = readStats({ dll });
  yield table(before);
  for (let second = 0; second < seconds; ++second) {
    await delay(1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = readStats({ dll });
    const changed = table(now, before);
    before = now;
    if (changed.text === '') continue;
    yield { ...changed, text: `\n${new Date().toISOString()}\n${changed.text}` };
  }
}
