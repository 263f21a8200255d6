import { endpointText, hostText } from '../endpoint.js';
import { watchDecisions, type Decision, type LedThrough, type WatchedDecision } from '../index.js';
import type { Command, Input, Output } from './command.js';
import { destinationFilter, nameFilter } from './filters.js';
import { untilInterrupted } from './interrupt.js';

const outcomes: Readonly<Record<Decision['result'], string>> = {
  carried_out: '',
  otherwise_keep: ', which could not be had: left to Windows',
  otherwise_refuse: ', which could not be had: refused',
  failed: ', which failed',
};

const refusals: Readonly<Record<number, string>> = {
  1: 'it failed, without a reason',
  2: 'its rules do not allow the connection',
  3: 'it cannot reach the network',
  4: 'it cannot reach the host',
  5: 'the destination refused its connection',
  6: 'it got no answer from the destination',
  7: 'it does not make connections',
  8: 'it does not know this kind of address',
};

const proxyOutcomes: Readonly<Record<Exclude<LedThrough['outcome'], 'led' | 'request_refused'>, string>> = {
  unreachable: 'which cannot be reached',
  no_way: 'which the socket cannot reach',
  untrusted: "where another user's program listens",
  no_credential: 'without the log-in that the rule names',
  not_socks5: 'where something else than SOCKS 5 is spoken',
  login_wanted: 'which wants a log-in',
  login_refused: 'which refused user name or password',
  closed: 'which closed the connection before it had answered',
  timed_out: 'which did not answer',
};

function byProxy({ address, port, outcome, reply, milliseconds }: LedThrough, result: Decision['result']): string {
  const proxy = `by the proxy ${endpointText(address, port)}`;
  const after = { carried_out: '', failed: '', otherwise_keep: ': left to Windows', otherwise_refuse: ': refused' }[result];
  if (outcome === 'led') return `${proxy} in ${milliseconds} ms`;
  const why = outcome === 'request_refused' ? `which refused: ${refusals[reply ?? 0] ?? `with reply ${reply}`}` : proxyOutcomes[outcome];
  return `${proxy}, ${why}${after}`;
}

function what({ verdict, source, result, error, incoming, proxy }: Decision): string {
  if (proxy !== null) return `${byProxy(proxy, result)}${error === null ? '' : ` (error ${error})`}`;
  if (incoming) return verdict === 'refuse' ? 'turned away' : 'let in';
  const done = { keep: 'left alone', refuse: 'refused', source: `source ${source ?? ''}`, through: `through, source ${source ?? ''}`, socks5: 'by the proxy' }[verdict];
  return `${done}${outcomes[result]}${error === null ? '' : ` (error ${error})`}`;
}

function why({ reason, rule, ruleNumber }: Decision): string {
  if (reason === 'no_rule') return 'no rule';
  return rule ?? (ruleNumber === null ? reason : `rule ${ruleNumber + 1} of an earlier policy`);
}

function line(decision: WatchedDecision): string {
  const { time, processId, image, protocol, destination, port, incoming, missed } = decision;
  const host = hostText(destination);
  const lost = missed === 0 ? '' : `(${missed} more came too quickly to be shown)\n`;
  return `${lost}${time.toISOString()} ${image}[${processId}] ${protocol} ${incoming ? `from ${host} to port ${port}` : `${host}:${port}`} ${what(decision)} <- ${why(decision)}`;
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
