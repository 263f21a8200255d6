/**
 * What a situation's results become under a policy, from its results without the DLL: design.md §5 once more, written down from the
 * outside, in terms of a program's own steps.
 */

import { WSAEACCES, type Family, type Protocol, type TestPolicy, type Wish } from './policies.js';

export interface Step {
  text: string;
  socket: string;
  verb: string;
  words: string[];
  /** `child` or `heir`, with its socket, if another process takes the step; the same text object for each step of that one. */
  process?: { command: string };
}

/** A situation's steps, those of other processes among them. */
export function stepsOf(situation: string): Step[] {
  return situation.split('; ').flatMap((text) => {
    const [, socket, verb = '', inside = ''] = text.match(/^(?:([a-f])\.)?(child|heir) (.*)$/) ?? [];
    if (verb === '') return [stepOf(text)];
    const process = { command: `${socket ?? 'a'}.${verb}` };
    return inside.split(', ').map((each) => ({ ...stepOf(each), socket: socket ?? 'a', process }));
  });
}

function stepOf(text: string): Step {
  const [first = '', ...words] = text.split(' ');
  const named = first.match(/^([a-f])\.(.*)$/);
  return { text, socket: named?.[1] ?? 'a', verb: named?.[2] ?? first, words };
}

function situationOf(steps: readonly Step[]): string {
  let last: Step['process'];
  return steps
    .map(({ text, process }) => {
      const same = process !== undefined && process === last;
      last = process;
      return process === undefined ? `; ${text}` : same ? `, ${text}` : `; ${process.command} ${text}`;
    })
    .join('')
    .slice(2);
}

/** How a socket is bound, as far as its program can know. */
type Binding = 'no' | 'wildcard, any port' | 'wildcard' | 'address';

interface SocketModel {
  protocol: Protocol;
  family: Family;
  binding: Binding;
  /** The address that a rule gave the socket itself … */
  source?: string;
  /** … and its latest datagram. */
  datagramSource?: string;
  /** The program chose the interface or writes the IP header: its flows are not changed. */
  own: boolean;
  /** … this interface. */
  ownInterface?: string | undefined;
  /** The program made the socket behind the LSP. */
  behind: boolean;
  /** A datagram socket whose program polls behind the LSP: it is bound a tenth of a second later at the latest. */
  polled: boolean;
  /** The host whose address the program bound. */
  address?: string;
  /** A stream has a connection. */
  streamConnected: boolean;
  /** … or had one: when it has ended, below, is a matter of time. */
  disconnected?: boolean;
  /** A socket without connections has a default destination. */
  connected: boolean;
  /** Its program waits for FD_WRITE, which comes with the bind: that is not put off. */
  watched: boolean;
  ipv6Only: boolean;
}

const kinds: Record<string, [Protocol, Family]> = {
  tcp4: ['tcp', 'ipv4'],
  udp4: ['udp', 'ipv4'],
  tcp6: ['tcp', 'ipv6'],
  udp6: ['udp', 'ipv6'],
  tcp46: ['tcp', 'ipv6'],
  udp46: ['udp', 'ipv6'],
  raw4: ['raw', 'ipv4'],
};

const connects = new Set(['connect', 'wsaconnect', 'connectex']);
const sends = new Set(['sendto', 'wsasendto', 'gather', 'sendmsg', 'wsasendmsg']);
/** Calls that show, or need, a binding that has been put off: from then on the socket is bound to the wildcard. */
const settles = new Set(['listen', 'recv', 'recvfrom', 'recvmsg', 'wsarecv', 'wsarecvfrom', 'duplicate', 'child', 'joinleaf', 'member']);
/** … these for datagram sockets alone. (What asks for the base handle, to poll, is bound after a tenth of a second only.) */
const settlesDatagrams = new Set(['select', 'writable', 'peer', 'eventselect', 'asyncselect', 'protocol-info']);
/** … and these with an address that cannot be read. */
const settlesUnreadable = new Set(['bind', 'connect', 'wsaconnect', 'connectex', 'sendto', 'sendmsg', 'wsasendmsg', 'joinleaf']);
const succeeded = (result: string) => !/^(error|no function)/.test(result);

/** Host and family of `m-target:closed`, as the rules see it. */
function destinationOf(word: string, family: Family): { host: string; family: Family; mapped: boolean } {
  const name = word.split(':')[0] ?? '';
  const mapped = name.startsWith('m-');
  return { host: mapped ? name.slice(2) : name, family: mapped ? 'ipv4' : family, mapped };
}

export interface Expectation {
  results: string[];
  /** How many of them differ from those without the DLL. */
  asked: number;
  /**
   * A socket that is bound to the wildcard already was to connect by an interface: whether it does is the system's to say, and Linux does
   * not obey (test/provider/way_test.cpp has what is done about it).
   */
  untold: boolean;
}

export interface Untaken {
  place: number;
  instead: 'skip' | 'bind any:0';
}

/** The situation with other steps in these places. */
export function twinOf(situation: string, untaken: readonly Untaken[]): string {
  return situationOf(
    stepsOf(situation).map((step, place) => {
      const instead = untaken.find((each) => each.place === place)?.instead;
      if (instead === undefined) return step;
      return { ...step, text: step.process === undefined ? `${step.socket}.${instead}` : instead };
    }),
  );
}

/**
 * `twin` gives the results, without the DLL, of the situation in which these steps are not taken: after a call that the policy
 * refuses, the socket is as if it had not been made.
 */
export function expectation(
  situation: string,
  plain: readonly string[],
  policy: TestPolicy,
  twin: (untaken: readonly Untaken[]) => readonly string[],
): Expectation {
  const steps = stepsOf(situation);
  const sockets = new Map<string, SocketModel>();
  const untaken: Untaken[] = [];
  let base = plain;
  let untold = false;
  const results = steps.map((step, place) => {
    const { verb, words } = step;
    if (verb === 'duplicate') sockets.set(step.socket, sockets.get(words[0] ?? '') ?? newSocket('tcp4'));
    if (verb === 'accept' || verb === 'wsaaccept') sockets.set(step.socket, { ...newSocket('tcp4'), binding: 'address' });
    if (verb in kinds || verb === 'socket') {
      sockets.set(step.socket, { ...newSocket(verb === 'socket' ? (words[0] ?? '') : verb), behind: words.includes('base') });
    }
    const model = sockets.get(step.socket);
    const result = base[place] ?? 'missing';
    if (model === undefined) return result;
    if (verb === 'bind' && result === 'ok') {
      model.binding = bindingOf(words[0] ?? '', model.protocol !== 'raw' && !model.watched);
      if (model.binding === 'address') model.address = words[0]?.split(':')[0]?.replace(/^m-/, '');
    }
    if ((verb === 'eventselect' || verb === 'asyncselect' || verb === 'protocol-info') && model.protocol === 'udp' && model.binding === 'no') model.watched = true;
    if (verb === 'interface' && result === 'ok') {
      model.own = words[0] !== '0';
      model.ownInterface = model.own ? words[0] : undefined;
    }
    if (verb === 'option' && words[0] === 'header-included' && result === 'ok') model.own = words[1] !== '0';
    if (verb === 'close' && result === 'ok') {
      sockets.delete(step.socket);
      return result;
    }
    if ((verb === 'base-handle' || verb === 'poll') && model.protocol === 'udp') model.polled = true;
    settle(step, result, model, sockets);

    if (leavesWay(step, model, policy)) untold = true;
    const wish = wishFor(step, model, policy);
    if (wish !== undefined && 'error' in wish) {
      // A datagram binds its socket before it is tried, as one that the system refuses does.
      const binds = wish.tried === true && sends.has(verb) && model.binding === 'no';
      untaken.push({ place, instead: binds ? 'bind any:0' : 'skip' });
      if (binds) model.binding = 'wildcard, any port';
      base = twin(untaken);
      return `error ${wish.error}${unstarted(words)}`;
    }
    if (verb === 'disconnectex') {
      model.streamConnected = false;
      model.disconnected = true;
    }
    if (verb === 'disconnect' && result === 'ok') model.connected = false;
    if (connects.has(verb)) {
      if (result === 'ok' && model.protocol !== 'tcp') model.connected = true;
      if (model.protocol === 'tcp' && !result.startsWith('error')) model.streamConnected = true;
      if (wish !== undefined) model.source = wish.source;
      // A connect that was tried has bound the socket.
      else if (model.binding !== 'address' && model.source === undefined) model.binding = 'wildcard';
    }
    if (sends.has(verb)) {
      delete model.datagramSource;
      if (wish !== undefined) model.datagramSource = wish.source;
      if (model.binding === 'no' && succeeded(result)) model.binding = 'wildcard';
    }
    return withSource(step, model, result);
  });
  const asked = results.filter((result, place) => result !== plain[place]).length;
  return { results, asked, untold };
}

function leavesWay({ verb, words }: Step, model: SocketModel, policy: TestPolicy): boolean {
  const mayBe = model.source === undefined ? model.binding === 'wildcard' : model.disconnected === true;
  if (!connects.has(verb) || model.behind || model.own || !mayBe) return false;
  const { host, family } = destinationOf(words[0] ?? '', model.family);
  const wish = policy.wish(host, family, model.protocol);
  return wish !== undefined && 'source' in wish && wish.through !== undefined;
}

/** What comes of a request that was refused at once: nothing. */
function unstarted(words: readonly string[]): string {
  const way = words.find((word) => word.startsWith('/'));
  const packet = way === '/port' || way === '/skip' || way === '/port-event' ? ', no packet' : '';
  const event = way === '/event' || way === '/port-event' ? ', no event' : '';
  return packet + event + (way === '/routine' ? ', routine called 0 times' : '');
}

function newSocket(kind: string): SocketModel {
  const [protocol, family] = kinds[kind] ?? ['tcp', 'ipv4'];
  return { protocol, family, binding: 'no', own: false, behind: false, polled: false, streamConnected: false, connected: false, watched: false, ipv6Only: !kind.endsWith('46') };
}

function settle({ verb, words, process }: Step, result: string, model: SocketModel, sockets: Map<string, SocketModel>): void {
  // What is accepted, or duplicated, comes from another socket, which the step names.
  const shown = verb === 'accept' || verb === 'wsaaccept' || verb === 'acceptex' || verb === 'duplicate' ? sockets.get(words[0] ?? '') : model;
  if (shown?.binding !== 'wildcard, any port') return;
  const settled =
    settles.has(verb) || (verb === 'bad' && settlesUnreadable.has(words[0] ?? '') && words[1] !== 'long') || (verb === 'wait' && Number(words[0]) >= 600 && shown.polled) || verb === 'acceptex' || process?.command.endsWith('child') === true || (shown.protocol === 'udp' && settlesDatagrams.has(verb)) ||
    // A second bind, which fails, is the lower provider's to judge.
    (verb === 'bind' && result !== 'ok') ||
    (verb === 'option' && ['reuse', 'exclusive', 'v6only'].includes(words[0] ?? ''));
  if (settled) shown.binding = 'wildcard';
}

/** A raw socket is bound for what it receives, so that is never put off. */
function bindingOf(address: string, canWait: boolean): Binding {
  const [host, port] = address.split(':');
  return host !== 'any' ? 'address' : port === '0' && canWait ? 'wildcard, any port' : 'wildcard';
}

/** What the policy asks of this step's flow, where the socket leaves it the choice. */
function wishFor(step: Step, model: SocketModel, policy: TestPolicy): Wish {
  const { verb, words } = step;
  if (verb === 'null-buffers') return wishForNullBuffers(words[0] ?? '', policy);
  if (model.behind || (!connects.has(verb) && !sends.has(verb))) return undefined;
  const { host, family, mapped } = destinationOf(words[0] ?? '', model.family);
  const wish = policy.wish(host, family, model.protocol);
  if (wish === undefined) return undefined;
  if (model.source !== undefined) {
    // By another interface it cannot go: it is bound. One that is connected goes nowhere.
    const elsewhere = 'source' in wish && wish.through !== undefined && wish.source !== model.source;
    return elsewhere && !model.streamConnected && !(sends.has(verb) && words.includes('no-name')) ? otherwise(wish) : undefined;
  }
  if (model.own || model.binding === 'address' || (sends.has(verb) && words.includes('own-source'))) {
    return refusesOwn(step, model, wish) ? { error: WSAEACCES } : undefined;
  }
  // An IPv6 socket that is for IPv6 alone can have no IPv4 source, and not go there either.
  if (mapped && model.ipv6Only && ('source' in wish || (sends.has(verb) && wish.tried === true))) {
    return connects.has(verb) ? otherwise(wish) : undefined;
  }
  if (sends.has(verb)) {
    if (model.protocol === 'tcp' || words.includes('no-name')) return undefined;
    // The lower provider sees what is wrong with the destination before it sees the source.
    if (words[0]?.endsWith(':0') === true && 'error' in wish && wish.tried === true) return undefined;
    // Its connect has chosen where it receives, so another source would lose the answers: the rule's `otherwise`.
    if (model.connected && ('source' in wish || wish.tried === true)) return otherwise(wish);
    // Wine, and so the test Winsock's base provider, ignores IPv6's packet information; the recording shows it.
    if (family === 'ipv6' && ('source' in wish || wish.tried === true)) return undefined;
    return wish;
  }
  // ConnectEx on a socket that is not bound is the program's own error.
  if (verb === 'connectex' && model.binding === 'no') return undefined;
  // It cannot be bound again: the rule's `otherwise`.
  if (model.binding === 'wildcard' && ('source' in wish || wish.tried === true)) return otherwise(wish);
  return wish;
}

/** What a rule's `otherwise` gives where its source cannot be had because of how the socket is. */
const otherwise = (wish: NonNullable<Wish>): Wish => ('source' in wish && wish.enforced !== true ? undefined : { error: WSAEACCES });

/** What the program chose itself is not changed, but refused where the rule says so, unless it is what the rule wants. */
function refusesOwn({ verb, words }: Step, model: SocketModel, wish: NonNullable<Wish>): boolean {
  if (sends.has(verb) && (model.protocol === 'tcp' || words.includes('no-name'))) return false;
  if (verb === 'connectex' && model.binding === 'no') return false;
  if ('error' in wish) return true;
  const chosen = sends.has(verb) && words.includes('own-source') ? 'virtual' : words.includes('own-header') ? 'virtual' : model.own && wish.through !== undefined && model.ownInterface === wish.through && model.address === undefined ? wish.source : model.own ? undefined : model.address;
  return wish.enforced === true && chosen !== wish.source;
}

/** A refusal comes before the look at the data, which are the lower provider's. All of these are for `target`, on a bound socket. */
function wishForNullBuffers(call: string, policy: TestPolicy): Wish {
  const wish = call.startsWith('sendto') ? policy.wish('target', 'ipv4', 'udp') : undefined;
  return wish === undefined || 'source' in wish || (wish.tried === true && call !== 'sendto-zero') ? undefined : wish;
}

/** The rule's address, where the system's own would stand. */
function withSource(step: Step, model: SocketModel, result: string): string {
  const name = (source: string, mapped: boolean) => (mapped ? `m-${source}` : source);
  if (step.verb === 'local' && model.source !== undefined) {
    return result.replace(/^(m-)?(virtual|physical|any):(?!0$)/, (_, mapped?: string) => `${name(model.source!, mapped !== undefined)}:`);
  }
  if (step.verb === 'peer' || step.verb === 'pong') {
    const source = model.source ?? model.datagramSource;
    if (source !== undefined) return result.replace(/^saw (virtual|physical)\b/, `saw ${source}`);
  }
  return result;
}
