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
}

export function stepsOf(situation: string): Step[] {
  return situation.split('; ').map((text) => {
    const [first = '', ...words] = text.split(' ');
    const named = first.match(/^([a-f])\.(.*)$/);
    return { text, socket: named?.[1] ?? 'a', verb: named?.[2] ?? first, words };
  });
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
  /** The program chose the interface, or made the socket behind the LSP: its flows are its own. */
  own: boolean;
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
}

export interface Untaken {
  place: number;
  instead: 'skip' | 'bind any:0';
}

/** The situation with other steps in these places. */
export function twinOf(situation: string, untaken: readonly Untaken[]): string {
  return stepsOf(situation)
    .map(({ text, socket }, place) => {
      const instead = untaken.find((each) => each.place === place)?.instead;
      return instead === undefined ? text : `${socket}.${instead}`;
    })
    .join('; ');
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
  const results = steps.map((step, place) => {
    const { verb, words } = step;
    if (verb in kinds || verb === 'socket') {
      const [protocol, family] = kinds[verb === 'socket' ? (words[0] ?? '') : verb] ?? ['tcp', 'ipv4'];
      sockets.set(step.socket, { protocol, family, binding: 'no', own: words.includes('base') });
    }
    const model = sockets.get(step.socket);
    const result = base[place] ?? 'missing';
    if (model === undefined) return result;
    if (verb === 'bind' && result === 'ok') model.binding = bindingOf(words[0] ?? '');
    if (verb === 'interface' && result === 'ok') model.own = true;

    const wish = wishFor(step, model, policy);
    if (wish !== undefined && 'error' in wish) {
      // A datagram binds its socket before it is tried, as one that the system refuses does.
      const binds = wish.tried === true && sends.has(verb) && model.binding === 'no';
      untaken.push({ place, instead: binds ? 'bind any:0' : 'skip' });
      if (binds) model.binding = 'wildcard, any port';
      base = twin(untaken);
      return `error ${wish.error}`;
    }
    if (connects.has(verb)) {
      if (wish !== undefined) model.source = wish.source;
      // A connect that was tried has bound the socket.
      else if (model.binding === 'no' && model.source === undefined) model.binding = 'wildcard';
    }
    if (sends.has(verb)) {
      delete model.datagramSource;
      if (wish !== undefined) model.datagramSource = wish.source;
      if (model.binding === 'no' && succeeded(result)) model.binding = 'wildcard';
    }
    return withSource(step, model, result);
  });
  const asked = results.filter((result, place) => result !== plain[place]).length;
  return { results, asked };
}

function bindingOf(address: string): Binding {
  const [host, port] = address.split(':');
  return host !== 'any' ? 'address' : port === '0' ? 'wildcard, any port' : 'wildcard';
}

/** What the policy asks of this step's flow, where the socket leaves it the choice. */
function wishFor(step: Step, model: SocketModel, policy: TestPolicy): Wish {
  const { verb, words } = step;
  if (model.own || model.source !== undefined || (!connects.has(verb) && !sends.has(verb))) return undefined;
  const { host, family } = destinationOf(words[0] ?? '', model.family);
  const wish = policy.wish(host, family, model.protocol);
  if (wish === undefined || model.binding === 'address') return undefined;
  if (sends.has(verb)) {
    if (model.protocol !== 'udp' || words.some((word) => /^(own-source|other-control|no-name)$/.test(word))) return undefined;
    return wish;
  }
  // ConnectEx on a socket that is not bound is the program's own error.
  if (verb === 'connectex' && model.binding === 'no') return undefined;
  // It cannot be bound again: the rule's `otherwise`.
  if (model.binding === 'wildcard' && 'source' in wish) return undefined;
  if (model.binding === 'wildcard' && 'error' in wish && wish.tried === true) return { error: WSAEACCES };
  return wish;
}

/** The rule's address, where the system's own would stand. */
function withSource(step: Step, model: SocketModel, result: string): string {
  const name = (source: string, mapped: boolean) => (mapped ? `m-${source}` : source);
  if (step.verb === 'local' && model.source !== undefined) {
    return result.replace(/^(m-)?(virtual|physical|any):/, (_, mapped?: string) => `${name(model.source!, mapped !== undefined)}:`);
  }
  if (step.verb === 'peer') {
    const source = model.source ?? model.datagramSource;
    if (source !== undefined) return result.replace(/^saw (virtual|physical):/, `saw ${source}:`);
  }
  return result;
}
