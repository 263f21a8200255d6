/** Tunnels: what a VPN tells the LSP, without OpenVPN. */

import {
  checkAddressOf,
  checkInteger,
  checkInterfaceAddress,
  checkNonEmptyText,
  checkObject,
  checkOneOf,
  invalidType,
  invalidValue,
} from './arguments.js';
import { LspError } from './errors.js';
import { callNative, type Otherwise } from './native.js';

export interface TunnelOptions {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`. A tunnel of the same name is replaced; case does not tell names apart. */
  name: string;
  /** Of the tunnel interface. Unless told: the one that has `address`, or else `address6`. */
  interfaceIndex?: number | undefined;
  /** The virtual IPv4 address with its subnet, as in `10.8.0.2/24`. The subnet itself is reached with the virtual address. */
  address?: string | undefined;
  /** The physical IPv4 address that is to appear as source; one that this host has on another interface. */
  source?: string | undefined;
  /** The virtual IPv6 address with its subnet. */
  address6?: string | undefined;
  /** The physical IPv6 address. At least one of `source` and `source6` is needed, each with the address of its family. */
  source6?: string | undefined;
  /** What happens to a connection for which the source cannot be used; `keep` unless told. */
  otherwise?: Otherwise | undefined;
  /**
   * The process with whose end the tunnel ends: `self` (unless told), a process id, or `none`: the tunnel stays until it is
   * withdrawn or Windows restarts.
   */
  publisher?: 'self' | 'none' | number | undefined;
}

export interface PublishedTunnel {
  name: string;
  interfaceIndex: number;
  address: string | null;
  source: string | null;
  address6: string | null;
  source6: string | null;
  otherwise: Otherwise;
  /** The publisher's process id; null if the tunnel needs none. */
  publisher: number | null;
  /** Whether it was published by somebody who is no administrator (docs/security.md). */
  delegated: boolean;
  /** False: its publisher has ended, so the tunnel is ignored. */
  alive: boolean;
  /** Why the definition in the registry is ignored, if it is. */
  rejected: string | null;
}

const longestIndex = 0xffff_ffff;

function interfaceOf(addresses: readonly (string | undefined)[]): number {
  for (const address of addresses) {
    if (address === undefined) continue;
    const found = callNative((native) => native.findAddress(address.replace(/\/.*/, '')));
    if (found !== null) return found.interfaceIndex;
  }
  const named = addresses.filter((address) => address !== undefined).join(' or ');
  throw new LspError(
    `Cannot find the tunnel interface: this host does not have the address ${named}. ` +
      "Give the interface's index, or see that the tunnel is up.",
    { code: 'ERROR_NOT_FOUND', errno: 1168 },
  );
}

// Where Node has no such symbol, nothing asks for it: withdraw() is what there is.
const asyncDispose: typeof Symbol.asyncDispose =
  (Symbol.asyncDispose as typeof Symbol.asyncDispose | undefined) ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);

/** Which publication is the latest under a name; an earlier one has nothing to withdraw any more. */
const latest = new Map<string, Publication>();

/**
 * A tunnel that publish has published. `await using office = await tunnel.publish(…)` withdraws it where the block ends, however it ends.
 * Nothing happens if it is just forgotten: the tunnel then stays as long as its publisher lives.
 */
export class Publication implements AsyncDisposable {
  /** As it was published: what withdraw and list call it. */
  readonly name: string;
  /** Of the tunnel interface, found by its address if it was not given. */
  readonly interfaceIndex: number;
  #withdrawn: Promise<void> | undefined;

  /** @internal */
  constructor(name: string, interfaceIndex: number) {
    this.name = name;
    this.interfaceIndex = interfaceIndex;
    latest.set(name.toLowerCase(), this);
  }

  /**
   * Withdraws the tunnel, as the function withdraw does. Again, or after this process has published another one of that name: nothing.
   *
   * @throws LspError (rejects) as the function withdraw; then it may be called again.
   */
  withdraw(): Promise<void> {
    const key = this.name.toLowerCase();
    this.#withdrawn ??= (async () => {
      if (latest.get(key) !== this) return;
      await withdraw(this.name);
    })().catch((error: unknown) => {
      this.#withdrawn = undefined;
      throw error;
    });
    return this.#withdrawn;
  }

  /** As withdraw; but that the tunnel is not there any more, because somebody else has withdrawn it, is no error. */
  async [asyncDispose](): Promise<void> {
    try {
      await this.withdraw();
    } catch (error) {
      if (!(error instanceof LspError) || error.code !== 'ERROR_FILE_NOT_FOUND') throw error;
    }
  }
}

/**
 * Publishes a tunnel: from now on the sockets of programs that use the LSP, and whose destination is routed through the tunnel
 * interface, get the physical address as source. Takes effect in running programs too. Sets the host model (weak host send on the
 * physical interface, weak host receive on the tunnel's) so that the packets do go through the tunnel. Needs an elevated process.
 *
 * @returns What withdraws it: by its withdraw(), or at the end of an `await using`.
 * @throws LspError (rejects) ERR_INVALID_TUNNEL; ERROR_NOT_FOUND: this host does not have the source address or such an
 *   interface; ERROR_ACCESS_DENIED; ERR_HOST_MODEL: the host model could not be set, so nothing was published;
 *   ERROR_INVALID_PARAMETER: `publisher` is no running process; what the failing function gives; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: GetAdaptersAddresses, SetIpInterfaceEntry, RegCreateKeyExW, RegSetValueExW, OpenProcess.
 */
export async function publish(options: TunnelOptions): Promise<Publication> {
  checkObject(options, 'tunnel');
  const { name, interfaceIndex, address, source, address6, source6, otherwise = 'keep', publisher = 'self' } = options;
  checkNonEmptyText(name, 'tunnel.name');
  if (interfaceIndex !== undefined) checkInteger(interfaceIndex, 'tunnel.interfaceIndex', 1, longestIndex);
  if (address !== undefined) checkInterfaceAddress(4, address, 'tunnel.address');
  if (source !== undefined) checkAddressOf(4, source, 'tunnel.source');
  if (address6 !== undefined) checkInterfaceAddress(6, address6, 'tunnel.address6');
  if (source6 !== undefined) checkAddressOf(6, source6, 'tunnel.source6');
  if (address === undefined && address6 === undefined) {
    throw invalidValue('tunnel', "an object with 'address' or 'address6'", options);
  }
  checkOneOf(otherwise, 'tunnel.otherwise', ['keep', 'refuse']);
  if (typeof publisher === 'number') checkInteger(publisher, 'tunnel.publisher', 1, longestIndex);
  else if (publisher !== 'self' && publisher !== 'none') {
    throw invalidType('tunnel.publisher', "'self', 'none' or a process id", publisher);
  }
  const index = interfaceIndex ?? interfaceOf([address, address6]);
  await callNative((native) =>
    native.publishTunnel({ name, interfaceIndex: index, address, source, address6, source6, otherwise, publisher }),
  );
  return new Publication(name, index);
}

/**
 * Withdraws a tunnel and puts back of the host model what no other tunnel needs. Needs an elevated process.
 *
 * @param name As it was published.
 * @throws LspError (rejects) ERROR_FILE_NOT_FOUND: no tunnel of that name; ERROR_ACCESS_DENIED; what the failing function gives;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: RegDeleteKeyExW, SetIpInterfaceEntry.
 */
export async function withdraw(name: string): Promise<void> {
  checkNonEmptyText(name, 'name');
  await callNative((native) => native.withdrawTunnel(name));
  latest.delete(name.toLowerCase());
}

/**
 * The published tunnels, those that are ignored too: see `alive` and `rejected`.
 *
 * @throws LspError ERROR_ACCESS_DENIED and others of reading the registry; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: RegOpenKeyExW, RegEnumKeyExW, RegQueryValueExW, OpenProcess.
 */
export function list(): PublishedTunnel[] {
  return callNative((native) => native.listTunnels()).map((tunnel) => ({
    ...tunnel,
    publisher: tunnel.publisher === 0 ? null : tunnel.publisher,
  }));
}
