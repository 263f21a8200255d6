/**
 * The grammar of rules (docs/policy.md) once more, for the stand-in. test/ts/stand_in_windows.test.ts compares what it accepts, and each
 * message, with the addon's.
 */

import type { Otherwise, Protocol, Verdict } from '../native.js';
import type { PolicyFault } from '../policy.js';
import {
  addressText,
  isMapped,
  networkOf,
  parseAddress,
  parseNumber,
  parsePrefix,
  prefixText,
  specialKind,
  unmapped,
  type Address,
  type Prefix,
} from './addresses.js';

/** As a rule names one: exactly one member is there. */
export interface InterfaceName {
  index?: number;
  luid?: bigint;
  name?: string;
}

export interface Rule {
  /** Begins with `in`: for connections that a program accepts. */
  incoming: boolean;
  app?: string;
  /** The destination's; of an incoming rule, `from`: the peer's. */
  to: Prefix[];
  except: Prefix[];
  /** The destination's; of an incoming rule, the local ones. */
  ports: { first: number; last: number }[];
  protocol?: Protocol;
  via?: InterfaceName;
  verdict: Verdict;
  source?: Address;
  /** Of `source interface` and of `through`. */
  interface?: InterfaceName;
  proxy?: { address: Address; port: number; login?: string; owner?: string };
  otherwise: Otherwise;
}

const longestRule = 4096;
const longestList = 1024;
const longestShown = 64;
const lowestLuid = 1n << 48n;
const longestSid = 184;
const longestPolicy = 2 * 1024 * 1024;

class RuleFault extends Error {
  readonly column: number;
  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}

interface Word {
  /** Bytes of UTF-8, one a character. */
  text: string;
  /** From 1. */
  column: number;
  quoted: boolean;
}

const bytesOf = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const textOf = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8');
const unquoted = ({ text, quoted }: Pick<Word, 'text' | 'quoted'>) => (quoted ? text.replaceAll('""', '"') : text);

// In bytes of UTF-8: DEL, C0 without the tab, and C1, which is 0xC2 and a byte below 0xA0.
const controls = /[\0-\x08\x0a-\x1f\x7f]|\xc2[\x80-\x9f]/;

function shown(word: Pick<Word, 'text' | 'quoted'>): string {
  const bytes = unquoted(word);
  return bytes.length > longestShown ? `a text of ${bytes.length} bytes` : `"${textOf(bytes)}"`;
}

const expectedAfter = {
  app: "a program's path or name",
  to: 'addresses or prefixes',
  except: 'addresses or prefixes',
  port: 'ports or ranges',
  proto: 'tcp, udp or raw',
  via: "an interface's index or name",
  from: 'addresses or prefixes',
  source: 'an address or "interface" and an interface',
  interface: "an interface's index or name",
  through: "an interface's index or name",
  socks5: "a proxy's address and port",
  login: 'the name of a log-in',
  owner: 'whose service the proxy is',
  otherwise: 'keep or refuse',
} as const;
type Matcher = 'app' | 'to' | 'except' | 'port' | 'proto' | 'via' | 'from';
const outgoingMatchers: readonly Matcher[] = ['app', 'to', 'except', 'port', 'proto', 'via'];
const incomingMatchers: readonly Matcher[] = ['app', 'from', 'except', 'port', 'proto'];
const verdicts: readonly Verdict[] = ['keep', 'refuse', 'source', 'through', 'socks5'];
/** What follows an action's operand: each at most once, in any order. */
const tails = { source: ['otherwise'], through: ['otherwise'], socks5: ['login', 'owner', 'otherwise'] } as const;

/** What `otherwise` is where the rule does not say it. */
const defaultOtherwise = (verdict: Verdict): Otherwise => (verdict === 'through' || verdict === 'socks5' ? 'refuse' : 'keep');

function splitWords(line: string): Word[] {
  const words: Word[] = [];
  const blank = (at: number) => line[at] === ' ' || line[at] === '\t';
  for (let at = 0; at < line.length; ) {
    if (blank(at)) {
      ++at;
      continue;
    }
    const start = at;
    if (line[at] !== '"') {
      for (; at < line.length && !blank(at); ++at) {
        if (line[at] === '"') throw new RuleFault(start + 1, 'found a quote inside a word: quote the whole value and double the quotes in it');
      }
      words.push({ text: line.slice(start, at), column: start + 1, quoted: false });
      continue;
    }
    let closed = false;
    for (++at; at < line.length && !closed; ++at) {
      if (line[at] === '\t') throw new RuleFault(at + 1, 'a tab cannot be part of a value');
      if (line[at] !== '"') continue;
      if (line[at + 1] === '"') ++at;
      else closed = true;
    }
    if (!closed) throw new RuleFault(start + 1, 'expected a closing quote, found the end of the line');
    if (at < line.length && !blank(at)) {
      throw new RuleFault(start + 1, 'expected a space after the closing quote (a quote in a value is doubled)');
    }
    words.push({ text: line.slice(start + 1, at - 1), column: start + 1, quoted: true });
  }
  return words;
}

/** What the address is, if no host has such a one. */
function noHosts(address: Address): string | undefined {
  const special = specialKind(address);
  return special !== undefined && ['unspecified', 'multicast', 'broadcast', 'reserved'].includes(special.kind) ? special.text : undefined;
}

class Parser {
  readonly #line: string;
  readonly #words: Word[];
  readonly #rule: Rule = { incoming: false, to: [], except: [], ports: [], verdict: 'keep', otherwise: 'keep' };
  #next = 0;

  constructor(text: string) {
    this.#line = bytesOf(text);
    if (this.#line.length > longestRule) {
      throw new RuleFault(longestRule + 1, `expected at most ${longestRule} bytes, found ${this.#line.length}: use several rules`);
    }
    const control = this.#line.search(controls);
    if (control >= 0) throw new RuleFault(control + 1, 'a control character cannot be part of a rule');
    this.#words = splitWords(this.#line);
  }

  parse(): Rule {
    if (this.#is('in')) {
      this.#take();
      this.#rule.incoming = true;
    }
    const seen = new Set<string>();
    for (let keyword = this.#matcher(); keyword !== undefined; keyword = this.#matcher()) {
      const { column } = this.#take();
      if (seen.has(keyword)) {
        throw new RuleFault(column, `found "${keyword}" a second time: each matcher stands at most once; make two rules`);
      }
      seen.add(keyword);
      this.#readMatcher(keyword, this.#value(keyword));
    }
    this.#action();
    this.#end();
    const printed = bytesOf(ruleText(this.#rule)).length;
    if (printed > longestRule) {
      throw new RuleFault(this.#endColumn, `expected at most ${longestRule} bytes, found ${printed} in canonical form: use several rules`);
    }
    return this.#rule;
  }

  get #endColumn(): number {
    return this.#line.length + 1;
  }

  #take(): Word {
    const word = this.#words[this.#next++];
    if (word === undefined) throw new RangeError('no word is left');
    return word;
  }

  #is(keyword: string): boolean {
    const word = this.#words[this.#next];
    return word !== undefined && !word.quoted && word.text.toLowerCase() === keyword;
  }

  #matcher(): Matcher | undefined {
    return (this.#rule.incoming ? incomingMatchers : outgoingMatchers).find((keyword) => this.#is(keyword));
  }

  #value(after: keyof typeof expectedAfter): Word {
    const fault = (column: number, found: string) => new RuleFault(column, `expected ${expectedAfter[after]} after "${after}", found ${found}`);
    const word = this.#words[this.#next];
    if (word === undefined) throw fault(this.#endColumn, 'the end of the line');
    if (word.text === '') throw fault(word.column, 'nothing in quotes');
    return this.#take();
  }

  #readMatcher(keyword: Matcher, word: Word): void {
    const rule = this.#rule;
    if (keyword === 'app') rule.app = textOf(unquoted(word));
    if (keyword === 'to' || keyword === 'from') rule.to = this.#prefixes(word);
    if (keyword === 'except') rule.except = this.#prefixes(word);
    if (keyword === 'port') rule.ports = this.#ports(word);
    if (keyword === 'via') rule.via = this.#interface(word);
    if (keyword !== 'proto') return;
    const protocol = (['tcp', 'udp', 'raw'] as const).find((each) => each === word.text.toLowerCase());
    if (rule.incoming && protocol !== 'tcp') throw this.#notOfIncoming(word);
    if (protocol === undefined) throw new RuleFault(word.column, `expected tcp, udp or raw, found ${shown(word)}`);
    rule.protocol = protocol;
  }

  #list(word: Word): { piece: string; column: number; shown: string }[] {
    const pieces = word.text.split(',');
    if (pieces.length > longestList) {
      throw new RuleFault(word.column, `expected at most ${longestList} values in a list, found ${pieces.length}: use several rules`);
    }
    let column = word.column + (word.quoted ? 1 : 0);
    const placed = pieces.map((piece) => {
      const at = column;
      column += piece.length + 1;
      return { piece, column: at, shown: shown({ text: piece, quoted: word.quoted }) };
    });
    const empty = placed.find(({ piece }) => piece === '');
    if (empty !== undefined) throw new RuleFault(empty.column, 'found a comma without a value beside it: no spaces around commas');
    return placed;
  }

  #prefixes(word: Word): Prefix[] {
    return this.#list(word).map(({ piece, column, shown: found }) => {
      const prefix = parsePrefix(piece);
      if (prefix === undefined) {
        throw new RuleFault(column, `expected an address or a prefix such as 10.0.0.0/8 or 2001:db8::/32, found ${found}`);
      }
      if (!isMapped(prefix.address)) return prefix;
      const whole = prefix.length >= 96;
      const meant: Prefix = whole
        ? { address: unmapped(prefix.address), length: prefix.length - 96 }
        : { address: networkOf(prefix), length: prefix.length };
      const both = whole ? '' : ' for IPv6, an IPv4 prefix for IPv4';
      throw new RuleFault(column, `found the v4-mapped ${found}, which matches no IPv4 destination: write ${prefixText(meant)}${both}`);
    });
  }

  #ports(word: Word): Rule['ports'] {
    return this.#list(word).map(({ piece, column, shown: found }) => {
      const dash = piece.indexOf('-');
      const first = parseNumber(dash < 0 ? piece : piece.slice(0, dash), 65_535n);
      const last = dash < 0 ? first : parseNumber(piece.slice(dash + 1), 65_535n);
      if (first === undefined || last === undefined) {
        throw new RuleFault(column, `expected a port from 0 to 65535 or a range such as 443-445, found ${found}`);
      }
      if (first > last) throw new RuleFault(column, `expected a range from the lower port to the higher, found ${found}`);
      return { first: Number(first), last: Number(last) };
    });
  }

  #interface(word: Word): InterfaceName {
    if (word.quoted || !/^\d*$/.test(word.text)) return { name: textOf(unquoted(word)) };
    const number = parseNumber(word.text, (1n << 64n) - 1n);
    if (number !== undefined && number >= lowestLuid) return { luid: number };
    if (number === undefined || number === 0n || number > 0xffff_ffffn) {
      const found = shown(word);
      throw new RuleFault(
        word.column,
        `expected an interface index from 1 to 4294967295, or a LUID, found ${found} (a name that is a number stands in quotes)`,
      );
    }
    return { index: Number(number) };
  }

  #notOfIncoming(word: Word): RuleFault {
    const known = 'a matcher (app, from, except, port, proto tcp) or an action (keep, refuse) of a rule for connections that come in';
    return new RuleFault(word.column, `expected ${known}, found ${shown(word)}`);
  }

  #action(): void {
    if (this.#words[this.#next] === undefined) {
      throw new RuleFault(this.#endColumn, 'expected an action (keep, refuse, source, through or socks5), found the end of the line');
    }
    const verdict = verdicts.find((each) => this.#is(each));
    const word = this.#take();
    const ofIncoming = verdict === 'keep' || verdict === 'refuse';
    if (this.#rule.incoming && !ofIncoming) throw this.#notOfIncoming(word);
    if (verdict === undefined) {
      const known = 'a matcher (app, to, except, port, proto, via) or an action (keep, refuse, source, through, socks5)';
      throw new RuleFault(word.column, `expected ${known}, found ${shown(word)}`);
    }
    this.#rule.verdict = verdict;
    this.#rule.otherwise = defaultOtherwise(verdict);
    if (verdict === 'keep' || verdict === 'refuse') return;
    if (verdict === 'source') this.#source();
    if (verdict === 'through') this.#rule.interface = this.#interface(this.#value('through'));
    if (verdict === 'socks5') this.#proxy();
    this.#tails(tails[verdict]);
  }

  #tails(known: readonly ('login' | 'owner' | 'otherwise')[]): void {
    const seen = new Set<string>();
    for (;;) {
      const keyword = known.find((each) => this.#is(each));
      if (keyword === undefined) return;
      const { column } = this.#take();
      if (seen.has(keyword)) throw new RuleFault(column, `found "${keyword}" a second time`);
      seen.add(keyword);
      const word = this.#value(keyword);
      if (keyword === 'otherwise') this.#rule.otherwise = this.#otherwise(word);
      if (this.#rule.proxy === undefined) continue;
      if (keyword === 'login') this.#rule.proxy.login = this.#login(word);
      if (keyword === 'owner') this.#rule.proxy.owner = this.#owner(word);
    }
  }

  #otherwise(word: Word): Otherwise {
    const otherwise = (['keep', 'refuse'] as const).find((each) => !word.quoted && word.text.toLowerCase() === each);
    if (otherwise === undefined) throw new RuleFault(word.column, `expected keep or refuse, found ${shown(word)}`);
    return otherwise;
  }

  #login(word: Word): string {
    if (/^[A-Za-z0-9._-]{1,64}$/.test(word.text)) return word.text;
    throw new RuleFault(word.column, `expected a log-in's name, 1 to 64 of A-Z a-z 0-9 . _ -, found ${shown(word)}`);
  }

  #owner(word: Word): string {
    const account = ['local-service', 'network-service'].find((each) => each === word.text.toLowerCase());
    if (account !== undefined) return account;
    if (/^S-1-[\d-]+$/i.test(word.text) && word.text.length <= longestSid) return word.text;
    throw new RuleFault(word.column, `expected local-service, network-service or a SID such as S-1-5-80-…, found ${shown(word)}`);
  }

  #proxy(): void {
    const word = this.#value('socks5');
    const [, bracketed, bare, port = ''] = word.text.match(/^(?:\[(.+)\]|([^[]*)):([^:]*)$/) ?? [];
    const address = parseAddress(bracketed ?? bare ?? '');
    const number = parseNumber(port, 65_535n);
    // Without brackets the last group of an IPv6 address would be taken for the port.
    if (address === undefined || number === undefined || number === 0n || (bracketed !== undefined) !== (address.family === 6)) {
      const example = '127.0.0.1:1080 or [2001:db8::1]:1080';
      throw new RuleFault(
        word.column,
        `expected the proxy's address and a port from 1 to 65535, such as ${example}, found ${shown(word)} (names are not looked up)`,
      );
    }
    if (isMapped(address)) {
      throw new RuleFault(word.column, `found the v4-mapped address ${shown(word)}: write ${addressText(unmapped(address))} with the port`);
    }
    const special = noHosts(address);
    if (special !== undefined) throw new RuleFault(word.column, `expected a proxy's address, found ${special}, ${shown(word)}`);
    this.#rule.proxy = { address, port: Number(number) };
  }

  #source(): void {
    const word = this.#value('source');
    if (!word.quoted && word.text.toLowerCase() === 'interface') {
      this.#rule.interface = this.#interface(this.#value('interface'));
      return;
    }
    const address = parseAddress(word.text);
    if (address === undefined) {
      throw new RuleFault(word.column, `expected an address, or "interface" and an interface, found ${shown(word)}`);
    }
    if (isMapped(address)) {
      throw new RuleFault(word.column, `found the v4-mapped address ${shown(word)}: write ${addressText(unmapped(address))}`);
    }
    const special = noHosts(address);
    if (special !== undefined) {
      throw new RuleFault(word.column, `expected an address that a host can send from, found ${special}, ${shown(word)}`);
    }
    this.#rule.source = address;
  }

  #end(): void {
    if (this.#words[this.#next] === undefined) return;
    const matcher = this.#matcher() !== undefined ? ': matchers stand before the action' : '';
    const otherwise = this.#is('otherwise') ? ': only the actions source, through and socks5 take it' : '';
    const word = this.#take();
    throw new RuleFault(word.column, `expected the end of the line, found ${shown(word)}${otherwise}${matcher}`);
  }
}

export const isRuleLine = (line: string) => /^[ \t]*[^ \t#]/.test(line);

/** One line's rule. Only for a line without a fault. */
export const parseRule = (line: string): Rule => new Parser(line).parse();

/** As the addon finds it: what no line may have first, then the rules, then their length together. */
export function policyFault(lines: readonly string[]): PolicyFault | null {
  for (const [index, line] of lines.entries()) {
    const control = bytesOf(line).search(controls);
    if (control >= 0) return { line: index + 1, column: control + 1, message: 'a control character cannot be part of a line' };
  }
  for (const [index, line] of lines.entries()) {
    if (!isRuleLine(line)) continue;
    try {
      parseRule(line);
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error;
      return { line: index + 1, column: error.column, message: error.message };
    }
  }
  // UTF-16, each line with its end, and the end of all.
  const stored = lines.filter((line) => line.trim() !== '').reduce((size, line) => size + 2 * (line.length + 1), 2);
  return stored > longestPolicy ? { line: 0, column: 0, message: `the rules are longer than ${longestPolicy} bytes together` } : null;
}

const valueText = (value: string) => (/[ \t"]/.test(value) || value === '' ? `"${value.replaceAll('"', '""')}"` : value);

function interfaceText({ index, luid, name }: InterfaceName): string {
  if (name === undefined) return String(luid ?? index);
  return /^\d+$/.test(name) ? `"${name}"` : valueText(name);
}

function actionWords({ verdict, source, interface: named, proxy, otherwise }: Rule): string[] {
  const operand = { keep: [], refuse: [], source: [], through: [], socks5: [] } as Record<Verdict, string[]>;
  operand.source = source === undefined ? ['interface', interfaceText(named ?? {})] : [addressText(source)];
  operand.through = [interfaceText(named ?? {})];
  if (proxy !== undefined) {
    const { address, port, login, owner } = proxy;
    const host = address.family === 6 ? `[${addressText(address)}]` : addressText(address);
    operand.socks5 = [`${host}:${port}`, ...(login === undefined ? [] : ['login', login]), ...(owner === undefined ? [] : ['owner', owner])];
  }
  return [verdict, ...operand[verdict], ...(otherwise === defaultOtherwise(verdict) ? [] : ['otherwise', otherwise])];
}

/** The canonical form, in which explain shows a rule. */
export function ruleText(rule: Rule): string {
  const list = (keyword: string, items: string[]) => (items.length === 0 ? [] : [keyword, items.join(',')]);
  return [
    ...(rule.incoming ? ['in'] : []),
    ...(rule.app === undefined ? [] : ['app', valueText(rule.app)]),
    ...list(rule.incoming ? 'from' : 'to', rule.to.map(prefixText)),
    ...list('except', rule.except.map(prefixText)),
    ...list('port', rule.ports.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`))),
    ...(rule.protocol === undefined ? [] : ['proto', rule.protocol]),
    ...(rule.via === undefined ? [] : ['via', interfaceText(rule.via)]),
    ...actionWords(rule),
  ].join(' ');
}
