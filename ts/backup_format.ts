/**
 * The format of backups, read strictly: whatever else the file is, it is rejected with the place of the fault. It is written by
 * lsp-dll/setup/backup.cpp.
 */

import { inspect } from 'node:util';

import { LspError } from './errors.js';
import type { Architecture, NativeBackupCatalog, NativeBackupEntry, NativeBackupNamespace } from './native.js';

export interface Backup {
  formatVersion: 1 | 2;
  created: string;
  catalogs: NativeBackupCatalog[];
}

/** Windows' own limits (WSAPROTOCOL_LEN, MAX_PROTOCOL_CHAIN, MAX_PATH), and one of ours. */
const longestName = 255;
const longestChain = 7;
const longestPath = 259;
const mostEntries = 1024;

type Check<T> = (value: unknown, place: string) => T;

class Fault extends Error {}

/** As a message may have it: in one line, printable, and not long. */
function shown(text: string, longest = 80): string {
  const printable = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return printable.length > longest ? `${printable.slice(0, longest)}…` : printable;
}

function fault(place: string, expected: string, received: unknown): Fault {
  const value = inspect(received, { depth: 0, maxStringLength: 60, maxArrayLength: 3, breakLength: Infinity });
  return new Fault(`${place} must be ${expected}, and is ${shown(value)}`);
}

const integer =
  (first: number, last: number): Check<number> =>
  (value, place) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= first && value <= last) return value;
    throw fault(place, `an integer from ${first} to ${last}`, value);
  };
const unsigned = integer(0, 0xffff_ffff);
const signed = integer(-0x8000_0000, 0x7fff_ffff);

const text =
  (longest: number): Check<string> =>
  (value, place) => {
    if (typeof value === 'string' && value.length <= longest && !value.includes('\0')) return value;
    throw fault(place, `a string of at most ${longest} characters, without null`, value);
  };

const guid: Check<string> = (value, place) => {
  if (typeof value === 'string' && /^\{[\dA-F]{8}(-[\dA-F]{4}){3}-[\dA-F]{12}\}$/i.test(value)) return value;
  throw fault(place, 'a GUID in braces', value);
};

const truth: Check<boolean> = (value, place) => {
  if (typeof value === 'boolean') return value;
  throw fault(place, 'true or false', value);
};

function oneOf<T extends string | number>(...allowed: readonly T[]): Check<T> {
  return (value, place) => {
    if ((allowed as readonly unknown[]).includes(value)) return value as T;
    throw fault(place, allowed.map((each) => JSON.stringify(each)).join(' or '), value);
  };
}

const list =
  <T>(longest: number, item: Check<T>): Check<T[]> =>
  (value, place) => {
    if (!Array.isArray(value) || value.length > longest) throw fault(place, `an array of at most ${longest}`, value);
    return value.map((each, index) => item(each, `${place}[${index}]`));
  };

/** An object with just these members; those named in `optional` may be missing. */
function record<T extends object>(
  members: { readonly [Name in keyof T]-?: Check<NonNullable<T[Name]>> },
  optional: readonly (keyof T & string)[] = [],
): Check<T> {
  return (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(place, 'an object', value);
    const given = value as Record<string, unknown>;
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(members, name)) throw new Fault(`${place}.${shown(name, 40)} is not known`);
    }
    const result: Record<string, unknown> = {};
    for (const [name, check] of Object.entries(members) as [keyof T & string, Check<unknown>][]) {
      if (Object.hasOwn(given, name)) result[name] = check(given[name], `${place}.${name}`);
      else if (!optional.includes(name)) throw new Fault(`${place}.${name} is missing`);
    }
    return result as T;
  };
}

const entry = record<NativeBackupEntry & { order: number }>(
  {
    order: integer(1, mostEntries),
    id: unsigned,
    name: text(longestName),
    provider: guid,
    path: text(longestPath),
    chainLength: integer(0, longestChain),
    chain: list(longestChain, unsigned),
    serviceFlags1: unsigned,
    serviceFlags2: unsigned,
    serviceFlags3: unsigned,
    serviceFlags4: unsigned,
    providerFlags: unsigned,
    version: signed,
    addressFamily: signed,
    maxSockAddr: signed,
    minSockAddr: signed,
    socketType: signed,
    protocol: signed,
    protocolMaxOffset: signed,
    networkByteOrder: signed,
    securityScheme: signed,
    messageSize: unsigned,
    providerReserved: unsigned,
    lspCategories: unsigned,
  },
  ['lspCategories'],
);

const namespace = record<NativeBackupNamespace & { order: number }>({
  order: integer(1, mostEntries),
  name: text(longestName),
  identifier: text(longestPath),
  provider: guid,
  path: text(longestPath),
  namespace: unsigned,
  version: unsigned,
  active: truth,
  storesServiceClasses: truth,
});

const catalog = record<NativeBackupCatalog>(
  {
    architecture: oneOf<Architecture>('x64', 'ia32'),
    entries: list(mostEntries, entry),
    namespaces: list(mostEntries, namespace),
  },
  ['namespaces'],
);

const backup = record<Backup & { format: string }>({
  format: oneOf('winsock-lsp protocol catalog'),
  formatVersion: oneOf<1 | 2>(1, 2),
  created: text(40),
  catalogs: list(2, catalog),
});

function checkUnique<T>(items: readonly T[], key: (item: T) => unknown, place: string, member: string): void {
  const seen = new Map<unknown, number>();
  items.forEach((item, index) => {
    const before = seen.get(key(item));
    if (before !== undefined) throw new Fault(`${place}[${index}].${member} is that of ${place}[${before}] too`);
    seen.set(key(item), index);
  });
}

/** What the types do not tell. */
function checkCatalog({ entries, namespaces = [] }: NativeBackupCatalog, place: string): void {
  checkUnique(entries, ({ id }) => id, `${place}.entries`, 'id');
  checkUnique(namespaces, ({ provider }) => provider.toUpperCase(), `${place}.namespaces`, 'provider');
  const paths = new Map<string, string>();
  entries.forEach(({ chain, chainLength, path, provider, id }, index) => {
    const here = `${place}.entries[${index}]`;
    // What an entry that is no chain has in its array is nobody's business.
    if (chainLength > 1 && chain.length !== chainLength) throw fault(`${here}.chain`, `${chainLength} ids long`, chain);
    if (chainLength > 1 && chain.includes(id)) throw new Fault(`${here}.chain names the chain itself`);
    const other = paths.get(provider.toUpperCase());
    if (other !== undefined && other !== path) throw new Fault(`${here}.path is not that of its provider's other entries`);
    paths.set(provider.toUpperCase(), path);
  });
  (['entries', 'namespaces'] as const).forEach((name) => {
    const items: readonly object[] = name === 'entries' ? entries : namespaces;
    items.forEach((item, index) => {
      const { order } = item as { order: number };
      if (order !== index + 1) throw fault(`${place}.${name}[${index}].order`, String(index + 1), order);
    });
  });
}

/**
 * Reads a backup; `file` is for messages.
 *
 * @throws LspError ERR_INVALID_BACKUP, with the place of the fault as in `$.catalogs[0].entries[3].id`.
 */
export function parseBackup(json: string, file: string): Backup {
  const invalid = (reason: string) =>
    new LspError(`Cannot restore ${file}: it is not a backup of the catalogs: ${reason}.`, { code: 'ERR_INVALID_BACKUP' });
  let value: unknown;
  try {
    value = JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(shown(error instanceof Error ? error.message : String(error), 200));
  }
  try {
    const { formatVersion, created, catalogs } = backup(value, '$');
    if (catalogs.length === 0) throw new Fault('$.catalogs is empty');
    checkUnique(catalogs, ({ architecture }) => architecture, '$.catalogs', 'architecture');
    catalogs.forEach((each, index) => checkCatalog(each, `$.catalogs[${index}]`));
    return { formatVersion, created, catalogs };
  } catch (error) {
    if (error instanceof Fault) throw invalid(error.message);
    throw error;
  }
}
