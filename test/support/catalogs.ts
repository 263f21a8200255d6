/** The protocol catalogs of real machines (test/catalogs), as backups and as the test Winsock loads them. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { NativeBackupEntry } from '../../ts/native.js';

/** One line of a file: test/catalogs/README.md says what its columns are. */
type Row = [
  where: 'both' | 'x64' | 'ia32',
  id: number,
  name: string,
  provider: string,
  path: string,
  version: number,
  addressFamily: number,
  maxSockAddr: number,
  minSockAddr: number,
  socketType: number,
  protocol: number,
  serviceFlags: string,
  chain: number[] | null,
  providerFlags: string,
  protocolMaxOffset: number,
  messageSize: number,
];

/** An entry as a backup has it, without what is 0 of each. */
export type RealEntry = Omit<
  NativeBackupEntry,
  'serviceFlags2' | 'serviceFlags3' | 'serviceFlags4' | 'networkByteOrder' | 'securityScheme' | 'providerReserved' | 'lspCategories'
>;

export interface RealMachine {
  /** The file's, without `.json`. */
  name: string;
  machine: string;
  sources: string[];
  /** DLLs that its entries name and that are not there. */
  absentDlls: string[];
  catalogs: Record<'x64' | 'ia32', RealEntry[]>;
}

const folder = fileURLToPath(new URL('../catalogs/', import.meta.url));

function entryOf(row: Row): RealEntry {
  const [, id, name, provider, path, version, addressFamily, maxSockAddr, minSockAddr, socketType, protocol, serviceFlags, chain] = row;
  const [providerFlags, protocolMaxOffset, messageSize] = row.slice(13) as [string, number, number];
  return {
    id,
    name,
    provider,
    path,
    chainLength: chain === null ? 0 : chain.length === 0 ? 1 : chain.length,
    chain: chain ?? [],
    serviceFlags1: Number(serviceFlags),
    providerFlags: Number(providerFlags),
    version,
    addressFamily,
    maxSockAddr,
    minSockAddr,
    socketType,
    protocol,
    protocolMaxOffset,
    messageSize: messageSize >>> 0,
  };
}

export const realMachines: readonly RealMachine[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => {
    const { machine, sources, absentDlls, entries } = JSON.parse(readFileSync(folder + file, 'utf8')) as {
      machine: string;
      sources: string[];
      absentDlls: string[];
      entries: Row[];
    };
    const of = (architecture: 'x64' | 'ia32') =>
      entries.filter(([where]) => where === 'both' || where === architecture).map(entryOf);
    return { name: file.slice(0, -'.json'.length), machine, sources, absentDlls, catalogs: { x64: of('x64'), ia32: of('ia32') } };
  });

/** As `winsock-lsp backup` writes it. `pathOf`: what an entry's DLL is called instead. */
export function backupOf({ catalogs }: RealMachine, pathOf: (path: string) => string = (path) => path): string {
  const list = (entries: readonly RealEntry[]) =>
    entries.map((entry, index) => ({
      order: index + 1,
      ...entry,
      path: pathOf(entry.path),
      serviceFlags2: 0,
      serviceFlags3: 0,
      serviceFlags4: 0,
      networkByteOrder: 0,
      securityScheme: 0,
      providerReserved: 0,
    }));
  return JSON.stringify({
    format: 'winsock-lsp protocol catalog',
    formatVersion: 2,
    created: '2026-01-01T00:00:00Z',
    catalogs: (['x64', 'ia32'] as const).map((architecture) => ({ architecture, entries: list(catalogs[architecture]) })),
  });
}

const longestPath = 260;
const longestName = 256;
const chainEntries = 7;

function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replace(/[{}-]/g, ''), 'hex');
  return Buffer.concat([bytes.subarray(0, 4).reverse(), bytes.subarray(4, 6).reverse(), bytes.subarray(6, 8).reverse(), bytes.subarray(8)]);
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, 4 * index));
  return bytes;
}

function wide(text: string, length: number): Buffer {
  const bytes = Buffer.alloc(2 * length);
  bytes.write(text.slice(0, length - 1), 'utf16le');
  return bytes;
}

/** What TestWinsockLoad takes (test/winsock/control.h): a header, then the 64-bit entries and the 32-bit ones. */
export function savedCatalogsOf({ catalogs }: RealMachine, pathOf: (path: string) => string): Buffer {
  const all = [...catalogs.x64, ...catalogs.ia32];
  const nextId = Math.max(...all.map(({ id }) => id)) + 1;
  const saved = all.map((entry) =>
    Buffer.concat([
      wide(pathOf(entry.path), longestPath),
      numbers(entry.serviceFlags1, 0, 0, 0, entry.providerFlags),
      guidBytes(entry.provider),
      numbers(entry.id, entry.chainLength),
      numbers(...Array.from({ length: chainEntries }, (_, index) => entry.chain[index] ?? 0)),
      numbers(entry.version, entry.addressFamily, entry.maxSockAddr, entry.minSockAddr, entry.socketType, entry.protocol),
      numbers(entry.protocolMaxOffset, 0, 0, entry.messageSize, 0),
      wide(entry.name, longestName),
      numbers(0), // LSP categories
    ]),
  );
  return Buffer.concat([numbers(nextId, catalogs.x64.length, catalogs.ia32.length), ...saved]);
}
