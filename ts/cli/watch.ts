import { BlockList, isIP } from 'node:net';

import { watchDecisions, type Decision, type WatchedDecision } from '../index.js';
import { usageError, type Command, type Input, type Output } from './command.js';

const outcomes: Readonly<Record<Decision['result'], string>> = {
  carried_out: '',
  otherwise_keep: ', which could not be had: left to Windows',
  otherwise_refuse: ', which could not be had: refused',
  failed: ', which failed',
};

function what({ verdict, source, result, error, incoming }: Decision): string {
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
  const host = isIP(destination) === 6 ? `[${destination}]` : destination;
  const lost = missed === 0 ? '' : `(${missed} more came too quickly to be shown)\n`;
  return `${lost}${time.toISOString()} ${image}[${processId}] ${protocol} ${incoming ? `from ${host} to port ${port}` : `${host}:${port}`} ${what(decision)} <- ${why(decision)}`;
}

/** As rules match programs: `*` is any run of characters. */
function imageFilter(pattern: string | undefined): (decision: Decision) => boolean {
  if (pattern === undefined) return () => true;
  const escaped = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${escaped.join('.*')}$`, 'i');
  return ({ image }) => expression.test(image);
}

function destinationFilter(prefix: string | undefined): (decision: Decision) => boolean {
  if (prefix === undefined) return () => true;
  const [address = '', length] = prefix.split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  if (version === 0 || (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= longest))) {
    throw usageError(`--to must be an address or a prefix such as 10.0.0.0/8. Received '${prefix}'`);
  }
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, length === undefined ? longest : Number(length), family);
  return ({ destination }) => list.check(destination, isIP(destination) === 6 ? 'ipv6' : 'ipv4');
}

async function* follow(input: Input): AsyncGenerator<Output> {
  const fits = [imageFilter(input.text('app')), destinationFilter(input.text('to'))];
  const count = input.integer('count') ?? Number.POSITIVE_INFINITY;
  const seconds = input.integer('seconds');
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1000);
  process.once('SIGINT', end);
  try {
    let shown = 0;
    const options = { dll: input.text('dll'), recent: input.flag('recent'), signal: ending.signal };
    for await (const decision of watchDecisions(options)) {
      if (!fits.every((fit) => fit(decision))) continue;
      yield { data: decision, text: line(decision) };
      if (++shown >= count) return;
    }
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', end);
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
  run: follow,
};
