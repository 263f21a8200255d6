/** --app and --to, as several commands understand them. */

import { BlockList, isIP } from 'node:net';

import { usageError } from './command.js';

/** As rules match programs: `*` is any run of characters, case is ignored. Everything fits undefined. */
export function nameFilter(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true;
  const escaped = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${escaped.join('.*')}$`, 'i');
  return (name) => expression.test(name);
}

/** An address, or a prefix; mapped addresses are judged as IPv4. Throws ERR_USAGE. Everything fits undefined. */
export function destinationFilter(prefix: string | undefined): (destination: string) => boolean {
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
  return (destination) => list.check(destination, isIP(destination) === 6 ? 'ipv6' : 'ipv4');
}
