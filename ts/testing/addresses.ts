/** IP addresses as numbers, for the stand-in: it has no core/address.cpp to ask. */

import { isIPv4, isIPv6 } from 'node:net';

export interface Address {
  family: 4 | 6;
  bits: bigint;
}

export interface Prefix {
  address: Address;
  length: number;
}

export const bitsOf = (family: 4 | 6) => (family === 4 ? 32 : 128);
const mappedBlock = 0xffffn << 32n;

function readV4(text: string): bigint {
  return text.split('.').reduce((bits, part) => bits * 256n + BigInt(part), 0n);
}

function readV6(text: string): bigint {
  const quad = text.match(/^(.*:)(\d+\.\d+\.\d+\.\d+)$/);
  const hexadecimal = (bits: bigint) => `${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`;
  const plain = quad === null ? text : `${quad[1] ?? ''}${hexadecimal(readV4(quad[2] ?? ''))}`;
  const [front = '', back] = plain.split('::').map((half) => half);
  const groups = (half: string) => (half === '' ? [] : half.split(':'));
  const first = groups(front);
  const last = back === undefined ? [] : groups(back);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return [...first, ...zeros, ...last].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, bits: readV4(text) };
  return isIPv6(text) && !text.includes('%') ? { family: 6, bits: readV6(text) } : undefined;
}

/** A number without leading zeros. */
export function parseNumber(text: string, maximum: bigint): bigint | undefined {
  if (!/^(0|[1-9]\d*)$/.test(text)) return undefined;
  const number = BigInt(text);
  return number <= maximum ? number : undefined;
}

export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const longest = bitsOf(address.family);
  const length = slash < 0 ? BigInt(longest) : parseNumber(text.slice(slash + 1), BigInt(longest));
  return length === undefined ? undefined : { address, length: Number(length) };
}

/** As RFC 5952 has it. */
export function addressText({ family, bits }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.');
  if (bits >> 32n === 0xffffn) return `::ffff:${addressText({ family: 4, bits: bits & 0xffff_ffffn })}`;
  const groups = Array.from({ length: 8 }, (_, index) => (bits >> BigInt(112 - 16 * index)) & 0xffffn);
  let start = 8;
  let longest = 1;
  for (let from = 0; from < 8; ) {
    let end = from;
    while (end < 8 && groups[end] === 0n) ++end;
    if (end - from > longest) [start, longest] = [from, end - from];
    from = Math.max(end, from + 1);
  }
  const text = (part: bigint[]) => part.map((group) => group.toString(16)).join(':');
  return start === 8 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + longest))}`;
}

export function prefixText({ address, length }: Prefix): string {
  return length === bitsOf(address.family) ? addressText(address) : `${addressText(address)}/${length}`;
}

const hostBits = ({ address, length }: Prefix) => (1n << BigInt(bitsOf(address.family) - length)) - 1n;
export const networkOf = (prefix: Prefix): Address => ({
  family: prefix.address.family,
  bits: prefix.address.bits & ~hostBits(prefix),
});
export const sameAddress = (a: Address, b: Address) => a.family === b.family && a.bits === b.bits;
export const contains = (prefix: Prefix, address: Address) =>
  prefix.address.family === address.family && sameAddress(networkOf(prefix), networkOf({ address, length: prefix.length }));

/** "the network's address", "the broadcast address" of an IPv4 subnet that has them; else undefined. */
export function subnetKind(subnet: Prefix, address: Address): string | undefined {
  if (subnet.address.family !== 4 || subnet.length > 30 || !contains(subnet, address)) return undefined;
  const host = address.bits & hostBits(subnet);
  if (host === 0n) return "the network's address";
  return host === hostBits(subnet) ? 'the broadcast address' : undefined;
}

export const isMapped = ({ family, bits }: Address) => family === 6 && bits >> 32n === 0xffffn;
export const unmapped = (address: Address): Address =>
  isMapped(address) ? { family: 4, bits: address.bits - mappedBlock } : address;

const within = (address: Address, prefix: string) => {
  const parsed = parsePrefix(prefix);
  return parsed !== undefined && contains(parsed, address);
};

/** What keeps an address from being an ordinary one, in core/address.cpp's order and words. */
const specials = [
  ['unspecified', 'an unspecified address', ['0.0.0.0/32', '::/128']],
  ['loopback', 'a loopback address', ['127.0.0.0/8', '::1/128']],
  ['multicast', 'a multicast address', ['224.0.0.0/4', 'ff00::/8']],
  ['broadcast', 'the limited broadcast address', ['255.255.255.255/32']],
  ['link_local', 'a link-local address', ['169.254.0.0/16', 'fe80::/10']],
  ['mapped', 'a v4-mapped address', ['::ffff:0:0/96']],
  ['reserved', 'a reserved address', ['0.0.0.0/8', '240.0.0.0/4']],
] as const;

export type SpecialKind = (typeof specials)[number][0];

export function specialKind(address: Address): { kind: SpecialKind; text: string } | undefined {
  const found = specials.find(([, , prefixes]) => prefixes.some((prefix) => within(address, prefix)));
  return found && { kind: found[0], text: found[1] };
}
