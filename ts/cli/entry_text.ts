/** Catalog entries in words, as list, map and the previews of changes show them. */

import type { Architecture, CatalogEntry } from '../index.js';
import { usageError, type Input, type OptionDescription } from './command.js';

const families: Readonly<Record<string, string>> = { AF_INET: 'IPv4', AF_INET6: 'IPv6' };
const types: Readonly<Record<string, string>> = { SOCK_STREAM: 'stream', SOCK_DGRAM: 'datagram', SOCK_RAW: 'raw' };
const protocols: Readonly<Record<string, string>> = { IPPROTO_IP: 'any' };

const word = (words: Readonly<Record<string, string>>, name: string | null, number: number) =>
  name === null ? String(number) : (words[name] ?? name.replace(/^(AF|SOCK|IPPROTO|BTHPROTO)_/, ''));

type Transport = Pick<
  CatalogEntry,
  'addressFamily' | 'addressFamilyName' | 'socketType' | 'socketTypeName' | 'protocol' | 'protocolName'
>;

/** `TCP/IPv4`, `RAW/IPv6`; of anything else family, type and protocol, as numbers where there is no name. */
export function transport(entry: Transport): string {
  const family = word(families, entry.addressFamilyName, entry.addressFamily);
  const type = word(types, entry.socketTypeName, entry.socketType);
  const protocol = word(protocols, entry.protocolName, entry.protocol);
  const usual = ['stream TCP', 'datagram UDP', 'raw any'].indexOf(`${type} ${protocol}`);
  if (usual >= 0 && family.startsWith('IPv')) return `${['TCP', 'UDP', 'RAW'][usual] ?? ''}/${family}`;
  return `${family} ${type} ${protocol}`;
}

/** `1014 > 1001`; a part that does not exist is marked. */
export function chainIds({ chainParts }: Pick<CatalogEntry, 'chainParts'>, missing = ' (missing)'): string {
  return chainParts.map(({ id, name }) => `${id}${name === null ? missing : ''}`).join(' > ');
}

export const isBroken = ({ chainParts }: CatalogEntry) => chainParts.some(({ name }) => name === null);

export const architectureNames: Readonly<Record<Architecture, string>> = { x64: '64-bit', ia32: '32-bit' };

export const architectureOptions: Readonly<Record<string, OptionDescription>> = {
  arch: { value: 'x64|ia32', help: "which catalog of a 64-bit Windows; this Node's own unless told" },
  architecture: { value: 'x64|ia32', aliasOf: 'arch', help: '' },
};

export function readArchitecture(input: Input): Architecture | undefined {
  // The function that gets it checks it.
  return input.text('arch') as Architecture | undefined;
}

/** At most one of the switches; undefined if none is given. */
export function oneSwitch<Name extends string>(input: Input, names: readonly Name[]): Name | undefined {
  const [first, second] = names.filter((name) => input.flag(name));
  if (second !== undefined) throw usageError(`--${first} and --${second} exclude each other`);
  return first;
}
