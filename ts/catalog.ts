/** The Winsock protocol catalog, read. install.ts changes it. */

import { checkObject, checkOneOf } from './arguments.js';
import { callNative, type Architecture, type NativeCatalogEntry } from './native.js';
import {
  addressFamilyName,
  decodeProviderFlags,
  decodeServiceFlags,
  protocolName,
  socketTypeName,
  type AddressFamilyName,
  type Flags,
  type ProtocolName,
  type ProviderFlag,
  type ServiceFlag,
  type SocketTypeName,
} from './protocol_info.js';

export type { Architecture } from './native.js';

/** A part of a protocol chain. */
export interface ChainPart {
  id: number;
  /** Null: the catalog has no such entry, so the chain is broken. */
  name: string | null;
}

export interface CatalogEntry {
  /** Given by Windows when the entry was installed. Protocol chains name their parts by it. */
  id: number;
  /** The catalog that it is in. */
  architecture: Architecture;
  /** Who installed it, as in `{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}`. */
  providerId: string;
  /** A base provider talks to the transport itself; a layered provider is the hidden entry of an LSP; a chain is what programs use of it. */
  kind: 'base' | 'layered' | 'chain';
  /** True for what installLsp has made. */
  ours: boolean;
  name: string;
  /** The provider's DLL, environment strings not expanded. Empty if the catalog does not tell. */
  path: string;
  /** The ids of a chain's parts, from the top layer down to the base provider; empty unless `kind` is `chain`. */
  chain: number[];
  /** The same with their names. */
  chainParts: ChainPart[];
  /** The Winsock version that it is made for. */
  version: number;
  /** 2: AF_INET, 23: AF_INET6, …; the names are null for a number without one. */
  addressFamily: number;
  addressFamilyName: AddressFamilyName | null;
  /** 1: SOCK_STREAM, 2: SOCK_DGRAM, 3: SOCK_RAW, …. */
  socketType: number;
  socketTypeName: SocketTypeName | null;
  /** 6: TCP, 17: UDP, 0: any, …. */
  protocol: number;
  protocolName: ProtocolName | null;
  /** dwServiceFlags1. */
  serviceFlags: Flags<ServiceFlag>;
  /** dwProviderFlags. */
  providerFlags: Flags<ProviderFlag>;
  /** The longest message in bytes; 0: a stream, which has none; 1: it depends on where it goes; 0xffff_ffff: no limit. */
  messageSize: number;
}

const kinds = new Map<number, CatalogEntry['kind']>([
  [0, 'layered'],
  [1, 'base'],
]);

/** The addon's entries of one catalog as this package's. */
export function decodeCatalog(entries: readonly NativeCatalogEntry[], architecture: Architecture): CatalogEntry[] {
  const names = new Map(entries.map(({ id, name }) => [id, name]));
  return entries.map(({ chainLength, chain, serviceFlags, providerFlags, ...entry }) => {
    const parts = chainLength > 1 ? chain : [];
    return {
      ...entry,
      architecture,
      kind: kinds.get(chainLength) ?? 'chain',
      chain: parts,
      chainParts: parts.map((id) => ({ id, name: names.get(id) ?? null })),
      addressFamilyName: addressFamilyName(entry.addressFamily),
      socketTypeName: socketTypeName(entry.socketType),
      protocolName: protocolName(entry.addressFamily, entry.protocol),
      serviceFlags: decodeServiceFlags(serviceFlags),
      providerFlags: decodeProviderFlags(providerFlags),
    };
  });
}

/** The catalog that this process's own programs use. */
export function ownArchitecture(): Architecture {
  return process.arch === 'ia32' ? 'ia32' : 'x64';
}

/**
 * Every entry of the protocol catalog, hidden ones too, in the order in which Windows looks for a socket's provider.
 *
 * @param options.architecture Which catalog of a 64-bit Windows: `x64` or `ia32`; this process's own unless told.
 * @throws LspError ERROR_NOT_SUPPORTED: this process cannot see that catalog; WSAENOBUFS and others as Windows gives them;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCEnumProtocols or WSCEnumProtocols32, WSCGetProviderPath or WSCGetProviderPath32.
 */
export function enumerateCatalog(options: { architecture?: Architecture | undefined } = {}): CatalogEntry[] {
  checkObject(options, 'options');
  const { architecture } = options;
  if (architecture !== undefined) checkOneOf(architecture, 'options.architecture', ['x64', 'ia32']);
  return decodeCatalog(
    callNative((native) => native.enumerateCatalog(architecture)),
    architecture ?? ownArchitecture(),
  );
}
