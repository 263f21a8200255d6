/** The stand-in's host: interfaces, routes, and what the rules make of a destination. */

import { LspError } from '../errors.js';
import type { NativeExplanation, NativeIncomingExplanation, NativeRoute, NativeStoredTunnel, Otherwise, Protocol } from '../native.js';
import {
  addressText,
  contains,
  networkOf,
  parseAddress,
  parsePrefix,
  prefixText,
  sameAddress,
  specialKind,
  subnetKind,
  unmapped,
  type Address,
  type Prefix,
} from './addresses.js';
import { ruleText, type InterfaceName, type Rule } from './rules.js';

export interface StandInInterface {
  index: number;
  /** As rules name it: `Ethernet`. */
  alias: string;
  /** With their subnets, which are its on-link routes: `192.0.2.7/24`. */
  addresses: readonly string[];
}

export interface StandInRoute {
  /** `0.0.0.0/0`. */
  prefix: string;
  interfaceIndex: number;
  /** Null or absent: on the link. */
  nextHop?: string | null;
  /** 25 by default. */
  metric?: number;
}

export interface Host {
  interfaces: StandInInterface[];
  routes: StandInRoute[];
}

const read = (text: string): Prefix => {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new TypeError(`not an address or a prefix: ${text}`);
  return prefix;
};

export function findAddress({ interfaces }: Host, text: string): { interfaceIndex: number; address: string; alias: string } | null {
  const wanted = parseAddress(text);
  for (const { index, alias, addresses } of interfaces) {
    const found = addresses.find((each) => wanted !== undefined && sameAddress(read(each).address, wanted));
    if (found !== undefined) return { interfaceIndex: index, address: found, alias };
  }
  return null;
}

const addressOn = (interface_: StandInInterface | undefined, family: 4 | 6): Address | undefined =>
  interface_?.addresses.map((each) => read(each).address).find((address) => address.family === family && specialKind(address)?.kind !== 'link_local');

/** The longest prefix, then the lowest metric. Throws ERROR_NETWORK_UNREACHABLE. */
export function bestRoute({ interfaces, routes }: Host, text: string, through?: number): NativeRoute {
  const destination = unmapped(read(text).address);
  const onLink = interfaces.flatMap(({ index, addresses }) =>
    addresses.map((each): StandInRoute => ({ prefix: each, interfaceIndex: index, metric: 0 })),
  );
  const fitting = [...onLink, ...routes]
    .map((route) => ({ ...route, parsed: read(route.prefix) }))
    .filter(({ parsed, interfaceIndex }) => contains(parsed, destination) && (through ?? interfaceIndex) === interfaceIndex && interfaces.some(({ index }) => index === interfaceIndex))
    .sort((a, b) => b.parsed.length - a.parsed.length || (a.metric ?? 25) - (b.metric ?? 25));
  for (const { parsed, interfaceIndex, nextHop = null, metric = 25 } of fitting) {
    const source = addressOn(interfaces.find(({ index }) => index === interfaceIndex), destination.family);
    if (source === undefined) continue;
    const prefix = prefixText({ address: networkOf(parsed), length: parsed.length });
    return { interfaceIndex, source: addressText(source), nextHop, prefix, metric, oracle: 'GetBestRoute2' };
  }
  const sought = through === undefined ? `the best route to ${text}` : `a route to ${text} through interface ${through}`;
  throw new LspError(`Cannot find ${sought}: the stand-in has none. Give it one in its routes.`, {
    code: 'ERROR_NETWORK_UNREACHABLE',
    errno: 1231,
    syscall: 'GetBestRoute2',
  });
}

/** The interface that a rule names, if this host has it. A LUID names none here. */
const named = ({ interfaces }: Host, { index, name }: InterfaceName) =>
  interfaces.find((each) => (name === undefined ? each.index === index : each.alias.toLowerCase() === name.toLowerCase()));

/**
 * Of `source interface`: an IPv4 address, or IPv6 if all of `to` is; if the interface has none of that family, its other one. Of `through`:
 * one of the destination's family.
 */
function sourceOf(host: Host, rule: Rule, family?: 4 | 6): Address | undefined {
  if (rule.interface === undefined) return rule.source;
  const found = named(host, rule.interface);
  if (rule.verdict === 'through') return family === undefined ? (addressOn(found, 4) ?? addressOn(found, 6)) : addressOn(found, family);
  const only6 = rule.to.length > 0 && rule.to.every(({ address }) => address.family === 6);
  return addressOn(found, only6 ? 6 : 4) ?? addressOn(found, only6 ? 4 : 6);
}

const nameText = ({ index, luid, name }: InterfaceName) => name ?? String(luid ?? index);

/** What of a rule the host does not have, and whether it refuses meanwhile: as policy.get tells. */
export function missingPart(host: Host, rule: Rule): { missing: string | null; refusing: boolean } {
  if (rule.via !== undefined && named(host, rule.via) === undefined) return { missing: nameText(rule.via), refusing: false };
  if (rule.interface === undefined || sourceOf(host, rule) !== undefined) return { missing: null, refusing: false };
  return { missing: nameText(rule.interface), refusing: rule.otherwise === 'refuse' };
}

function matchesApp(pattern: string | undefined, program: string): boolean {
  if (pattern === undefined) return true;
  const subject = /[\\/]/.test(pattern) ? program : (program.split(/[\\/]/).at(-1) ?? '');
  const part = (character: string) => {
    if (character === '*') return '.*';
    return character === '\\' || character === '/' ? '[\\\\/]' : character.replace(/[.+?^${}()|[\]]/, '\\$&');
  };
  return program !== '' && new RegExp(`^${[...pattern].map(part).join('')}$`, 'is').test(subject);
}

export interface Question {
  destination: string;
  app: string;
  port: number;
  protocol: Protocol;
}

export type Decided = Pick<
  NativeExplanation,
  'verdict' | 'reason' | 'source' | 'proxy' | 'proxyPort' | 'pinInterface' | 'otherwise' | 'rule' | 'tunnel'
> & {
  /** From 0, of the administrator's rules and then the tunnels'; -1 for none. */
  ruleNumber: number;
};

interface OwnedRule {
  rule: Rule;
  tunnel: string | null;
}

function tunnelRules({ name, interfaceIndex, address, address6, source, source6, otherwise }: NativeStoredTunnel): OwnedRule[] {
  const families = [
    [address, source],
    [address6, source6],
  ] as const;
  return families.flatMap(([own, physical]) => {
    if (physical === null) return [];
    const subnet = own === null ? [] : [read(own)].map((prefix) => ({ address: networkOf(prefix), length: prefix.length }));
    const rule: Rule = { incoming: false, to: [], except: subnet, ports: [], via: { index: interfaceIndex }, verdict: 'source', source: read(physical).address, otherwise };
    return [{ rule, tunnel: name }];
  });
}

function alwaysKept(address: Address, toProxy: boolean, subnets: readonly Prefix[]): string | undefined {
  const kind = specialKind(address)?.kind;
  if (kind !== undefined && kind !== 'reserved' && kind !== 'mapped') return kind;
  if (toProxy) return 'proxy';
  const around = subnets.filter((subnet) => contains(subnet, address));
  if (around.some((subnet) => subnetKind(subnet, address) === 'the broadcast address')) return 'broadcast';
  return around.length > 0 ? 'tunnel_subnet' : undefined;
}

const kept = (reason: string): Decided => ({
  verdict: 'keep',
  reason,
  source: null,
  proxy: null,
  proxyPort: 0,
  pinInterface: 0,
  otherwise: 'keep' satisfies Otherwise,
  rule: null,
  tunnel: null,
  ruleNumber: -1,
});

/** What `to`, `except`, `port`, `app` and `proto` have in common for both directions. */
function matchesFlow(rule: Rule, { app, port, protocol }: Omit<Question, 'destination'>, address: Address): boolean {
  return (
    (rule.protocol === undefined || rule.protocol === protocol) &&
    !rule.except.some((prefix) => contains(prefix, address)) &&
    (rule.ports.length === 0 || rule.ports.some(({ first, last }) => first <= port && port <= last)) &&
    (rule.to.length === 0 || rule.to.some((prefix) => contains(prefix, address))) &&
    matchesApp(rule.app, app)
  );
}

const isProxy = (rules: readonly Rule[], address: Address, port: number) =>
  rules.some(({ proxy }) => proxy !== undefined && proxy.port === port && sameAddress(proxy.address, address));

/** What a rule that matches makes of a destination. */
function carriedOut(host: Host, rule: Rule, via: number | undefined, { family }: Address, protocol: Protocol, route: NativeRoute | null): Partial<Decided> {
  if (rule.verdict === 'keep' || rule.verdict === 'refuse') return { verdict: rule.verdict };
  if (rule.verdict === 'socks5') {
    if (protocol !== 'tcp' || rule.proxy === undefined) return { verdict: rule.otherwise, reason: 'not_tcp' };
    return { verdict: 'socks5', proxy: addressText(rule.proxy.address), proxyPort: rule.proxy.port, otherwise: rule.otherwise };
  }
  const source = sourceOf(host, rule, family);
  if (source?.family !== family) return { verdict: rule.otherwise, reason: 'no_source' };
  const address = addressText(source);
  if (rule.verdict === 'through') {
    const pinInterface = named(host, rule.interface ?? {})?.index ?? 0;
    return { verdict: 'through', source: address, pinInterface, otherwise: rule.otherwise };
  }
  if (via === undefined && rule.otherwise === 'keep' && route?.source === address) return { reason: 'already_source' };
  return { verdict: 'source', source: address, pinInterface: via ?? 0, otherwise: rule.otherwise };
}

/** As core/decide.cpp. */
export function decide(host: Host, rules: readonly Rule[], tunnels: readonly NativeStoredTunnel[], question: Question, route: NativeRoute | null): Decided {
  const destination = unmapped(read(question.destination).address);
  const subnets = tunnels.flatMap(({ address, address6 }) => [address, address6].flatMap((each) => (each === null ? [] : [read(each)])));
  const toProxy = question.protocol === 'tcp' && isProxy(rules, destination, question.port);
  const untouched = alwaysKept(destination, toProxy, subnets);
  if (untouched !== undefined) return kept(untouched);
  const all: OwnedRule[] = [...rules.map((rule) => ({ rule, tunnel: null })), ...tunnels.flatMap(tunnelRules)];
  for (const [ruleNumber, { rule, tunnel }] of all.entries()) {
    const usable = sourceOf(host, rule)?.family === destination.family;
    const via = rule.via === undefined ? undefined : (named(host, rule.via)?.index ?? 0);
    const matches =
      !rule.incoming &&
      (rule.verdict !== 'source' || usable || (rule.interface !== undefined && rule.otherwise === 'refuse')) &&
      (via === undefined || (via !== 0 && via === route?.interfaceIndex)) &&
      matchesFlow(rule, question, destination);
    if (!matches) continue;
    const won = { ...kept('rule'), rule: ruleText(rule), tunnel, ruleNumber };
    return { ...won, ...carriedOut(host, rule, via, destination, question.protocol, route) };
  }
  return kept('no_rule');
}

/** What becomes of a connection that comes in; as core/decide.cpp. */
export function decideIncoming(rules: readonly Rule[], peer: string, app: string, port: number): Pick<NativeIncomingExplanation, 'verdict' | 'reason' | 'rule' | 'tunnel'> {
  const address = unmapped(read(peer).address);
  if (specialKind(address)?.kind === 'loopback') return { verdict: 'keep', reason: 'loopback', rule: null, tunnel: null };
  const rule = rules.find((each) => each.incoming && matchesFlow(each, { app, port, protocol: 'tcp' }, address));
  if (rule === undefined) return { verdict: 'keep', reason: 'no_rule', rule: null, tunnel: null };
  return { verdict: rule.verdict === 'refuse' ? 'refuse' : 'keep', reason: 'rule', rule: ruleText(rule), tunnel: null };
}

/** What is wrong with a tunnel, as core/tunnel.cpp says it; undefined if nothing is. */
export function tunnelFault(tunnel: { name: string; address?: string | undefined; source?: string | undefined; address6?: string | undefined; source6?: string | undefined }): string | undefined {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(tunnel.name)) return `the tunnel's name is "${tunnel.name}": expected 1 to 64 of A-Z a-z 0-9 . _ -`;
  for (const [own, physical] of [
    [tunnel.address, tunnel.source],
    [tunnel.address6, tunnel.source6],
  ]) {
    const subnet = own === undefined ? undefined : read(own);
    if (subnet !== undefined) {
      const special = specialKind(subnet.address);
      const shown = addressText(subnet.address);
      if (special !== undefined && special.kind !== 'link_local') return `the tunnel's address ${shown} is ${special.text}`;
      if (subnet.length === 0) return "the tunnel's subnet has length 0: it would take in every destination";
      const place = subnetKind(subnet, subnet.address);
      if (place !== undefined) return `the tunnel's address ${shown} is ${place} of its subnet`;
    }
    if (physical === undefined) continue;
    const source = read(physical).address;
    const shown = addressText(source);
    const special = specialKind(source);
    if (subnet === undefined) return `the source address ${shown} has no use: the tunnel has no address of its family`;
    if (special !== undefined) return `the source address ${shown} is ${special.text}`;
    if (sameAddress(source, subnet.address)) return `the source address ${shown} is the tunnel's own: expected the physical address`;
    const place = subnetKind(subnet, source);
    if (place !== undefined) return `the source address ${shown} is ${place} of the tunnel's subnet`;
  }
  if (tunnel.source === undefined && tunnel.source6 === undefined) return 'the tunnel has no source address to send from';
  return undefined;
}
