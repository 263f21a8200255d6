import { isIP } from 'node:net';

import { watchDecisions, type Decision, type WatchedDecision } from '../index.js';
import type { Command, Input, Output } from './command.js';
import { destinationFilter, nameFilter } from './filters.js';
import { untilInterrupted } from './interrupt.js';

const outcomes: Readonly<Record<Decision['result'], string>> = {
  carried_out: '',
  otherwise_keep: ', which could not be used: left to Windows',
  otherwise_refuse: ', which could not be used: refused',
  failed: ', which failed',
};

function what({ verdict, source, result, error }: Decision): string {
  const done = verdict === 'keep' ? 'left alone' : verdict === 'refuse' ? 'refused' : `source ${source ?? ''}`;
  return `${done}${outcomes[result]}${error === null ? '' : ` (error ${error})`}`;
}

function why({ reason, rule, ruleNumber }: Decision): string {
  if (reason === 'no_rule') return 'no rule';
  return rule ?? (ruleNumber === null ? reason : `rule ${ruleNumber + 1} of an earlier policy`);
}

function line(decision: WatchedDecision): string {
  const { time, processId, image, protocol, destination, port, missed } = decision;
  const host = isIP(destination) === 6 ? `[${destination}]` : destination;
  const lost = missed === 0 ? '' : `(${missed} more came too quickly to be shown)\n`;
  return `${lost}${time.toISOString()} ${image}[${processId}] ${protocol} ${host}:${port} ${what(decision)} <- ${why(decision)}`;
}

async function* follow(input: Input, interruption: AbortSignal): AsyncGenerator<Output> {
  const fitsApp = nameFilter(input.text('app'));
  const fitsTo = destinationFilter(input.text('to'));
  const count = input.integer('count') ?? Number.POSITIVE_INFINITY;
  const seconds = input.integer('seconds');
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1000);
  interruption.addEventListener('abort', end);
  try {
    let shown = 0;
    const options = { dll: input.text('dll'), recent: input.flag('recent'), signal: ending.signal };
    for await (const decision of watchDecisions(options)) {
      if (!fitsApp(decision.image) || !fitsTo(decision.destination)) continue;
      yield { data: decision, text: line(decision) };
      if (++shown >= count) return;
    }
  } finally {
    clearTimeout(timer);
    interruption.removeEventListener('abort', end);
  }
}

export const watch: Command = {
  name: 'watch',
  options: {
    app: { value: 'NAME', help: "only programs whose file name is this; * is any run of characters" },
    to: { value: 'CIDR', help: 'only destinations inside this prefix' },
    recent: { help: 'begin with the decisions that are on record already' },
    count: { value: 'N', help: 'end after so many' },
    seconds: { value: 'N', help: 'end after so long' },
    dll: { value: 'FILE', help: 'the DLL whose record to read; the installed ones unless told' },
  },
  summary: 'Show decisions as they are made, in all programs',
  examples: [
    ['watch', 'everything, until Ctrl-C'],
    ['watch --app "chrome*" --to 10.0.0.0/8 --json', 'of these programs, about these destinations, an object a line'],
  ],
  exitCodes: ['notFound'],
  details:
    'Until Ctrl-C. A decision of the same program about the same destination is shown once a second at most, and destinations that\n' +
    'are never touched (loopback and the like) not at all. With --json, an object a line. Any program can scramble the record.',
  run: (input) => untilInterrupted((signal) => follow(input, signal)),
};
