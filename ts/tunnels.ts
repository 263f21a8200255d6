/** Tunnels: what a VPN publishes so that programs leave through it with the physical address. For OpenVPN its plugin does this. */

import { withAddon, withAddonAsync } from './addon.js';
import { LspError } from './errors.js';
import type { Native, NativeTunnelStatus } from './native.js';
import { checkAddress, checkInteger, checkOptions, checkPrefix, checkText, checkWord, invalidValue } from './validate.js';

/** What happens to a connection if the source that a rule asks for cannot be used: it goes on without, or it fails. */
export type Otherwise = 'keep' | 'refuse';

export interface TunnelOptions {
  /** 1 to 64 of A-Z a-z 0-9 . _ -; a tunnel of the same name is replaced. */
  name: string;
  /** The tunnel interface's index; found by its address unless told. */
  interfaceIndex?: number | undefined;
  /** The virtual IPv4 address with its subnet's prefix length, such as `10.8.0.2/24`. Destinations in the subnet are left alone. */
  address?: string | undefined;
  /** The same for IPv6. One of the two must be there. */
  address6?: string | undefined;
  /** The physical IPv4 address that programs shall leave with; needs `address`. One of the sources must be there. */
  source?: string | undefined;
  /** The same for IPv6; needs `address6`. */
  source6?: string | undefined;
  /** `keep` unless told. */
  otherwise?: Otherwise | undefined;
  /**
   * The tunnel counts only while this process lives: `self` (unless told), a process id, or `none`: until it is withdrawn or
   * Windows restarts.
   */
  publisher?: 'self' | 'none' | number | undefined;
}

export interface TunnelStatus {
  name: string;
  interfaceIndex: number;
  address: string | null;
  address6: string | null;
  source: string | null;
  source6: string | null;
  otherwise: Otherwise;
  /** A process id; null: nobody. */
  publisher: number | null;
  /** False: its publisher is dead, and every program ignores it. */
  alive: boolean;
  /** Why programs reject the definition in the policy store; null if it is good. The other fields mean nothing then. */
  rejected: string | null;
}

function checkTunnel(options: TunnelOptions): void {
  checkOptions(options, 'options');
  const { name, interfaceIndex, address, address6, source, source6, otherwise, publisher } = options;
  checkName(name, 'options.name');
  if (interfaceIndex !== undefined) checkInteger(interfaceIndex, 'options.interfaceIndex', 1, 0xffffffff);
  if (address !== undefined) checkPrefix(address, 'options.address', 4);
  if (address6 !== undefined) checkPrefix(address6, 'options.address6', 6);
  if (address === undefined && address6 === undefined) throw invalidValue('options.address', 'given, or options.address6', address);
  if (source !== undefined) checkAddress(source, 'options.source', 4);
  if (source6 !== undefined) checkAddress(source6, 'options.source6', 6);
  if (otherwise !== undefined) checkWord(otherwise, 'options.otherwise', ['keep', 'refuse']);
  if (typeof publisher === 'number') checkInteger(publisher, 'options.publisher', 1, 0xffffffff);
  else if (publisher !== undefined) checkWord(publisher, 'options.publisher', ['self', 'none']);
}

function checkName(name: unknown, argument: string): asserts name is string {
  checkText(name, argument);
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) throw invalidValue(argument, '1 to 64 of A-Z a-z 0-9 . _ -', name);
}

function findInterface(native: Native, address: string): number {
  const [host = address] = address.split('/');
  const found = native.findAddress(host);
  if (found !== null) return found.interfaceIndex;
  throw new LspError({
    code: 'ERROR_NOT_FOUND',
    errno: 1168,
    message: `no interface of this host has the address ${host}: bring the tunnel up first, or name its interface`,
  });
}

function toTunnelStatus({ publisher, ...same }: NativeTunnelStatus): TunnelStatus {
  return { ...same, publisher: publisher === 0 ? null : publisher };
}

/**
 * Publishes a tunnel: from now on whatever is routed into it, except to its own subnet, leaves with the physical address. Every
 * program that the LSP is in follows within 50 ms. Also sets what the strong host model needs (weak host send on the physical
 * interface, weak host receive on the tunnel's), or publishes nothing.
 *
 * Errors: `ERROR_NOT_FOUND` (the host does not have the address, the source, or the interface); `ERR_INVALID_TUNNEL`;
 * `ERROR_ACCESS_DENIED`; `ERROR_INVALID_PARAMETER` (no process of the publisher's id); others as Windows gives them.
 * Windows: GetAdaptersAddresses, SetIpInterfaceEntry, RegCreateKeyEx, RegSetValueEx.
 */
async function publish(options: TunnelOptions): Promise<void> {
  checkTunnel(options);
  const { name, interfaceIndex, address, address6, source, source6, otherwise = 'keep', publisher = 'self' } = options;
  return withAddonAsync(async (native) =>
    native.publishTunnel({
      name,
      interfaceIndex: interfaceIndex ?? findInterface(native, address ?? address6 ?? ''),
      ...(address !== undefined && { address }),
      ...(address6 !== undefined && { address6 }),
      ...(source !== undefined && { source }),
      ...(source6 !== undefined && { source6 }),
      otherwise,
      publisher,
    }),
  );
}

/**
 * Withdraws a tunnel and restores the host model that publishing it changed.
 *
 * Errors: `ERROR_FILE_NOT_FOUND` if there is none of that name; `ERROR_ACCESS_DENIED`; others as Windows gives them.
 * Windows: RegDeleteKeyEx, SetIpInterfaceEntry.
 */
async function withdraw(name: string): Promise<void> {
  checkName(name, 'name');
  return withAddonAsync((native) => native.withdrawTunnel(name));
}

/** The tunnels in the policy store, dead and rejected ones too. Errors: what keeps the registry from being read. */
function list(): TunnelStatus[] {
  return withAddon((native) => native.listTunnels().map(toTunnelStatus));
}

export const tunnel = { publish, withdraw, list } as const;
