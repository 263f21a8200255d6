/** The stand-in's protocol catalogs, and what an installation makes of them. */

import { LspError } from '../errors.js';
import type { Architecture, NativeCatalogEntry, NativePlan } from '../native.js';

export const architectures: readonly Architecture[] = ['x64', 'ia32'];

export interface Installation {
  dll: string;
  name: string;
  /** `all`, or a list such as `tcp,1001`. */
  over: string;
}

/** A value that can be copied as a whole: so a change is made on a copy, and a plan is what that copy differs in. */
export interface Catalogs {
  x64: NativeCatalogEntry[];
  ia32: NativeCatalogEntry[];
  /** Of each catalog that has something of ours. */
  installed: Partial<Record<Architecture, Installation>>;
  /** What was chosen, for the next time. */
  over: string;
  nextId: number;
}

const ourProvider = '{A3E0E0F5-7E0C-4C7B-9D1C-5B2F4B6F1A01}';
const protocols = { tcp: 1, udp: 2, raw: 3 } as const;

function baseProviders(firstId: number): NativeCatalogEntry[] {
  const kinds = [
    ['TCP', 1, 6, 0x2_0066, 8, 0],
    ['UDP', 2, 17, 0x2_0609, 8, 0xfff7],
    ['RAW', 3, 0, 0x2_0609, 12, 0x8000],
  ] as const;
  const families = [
    ['IP', 2],
    ['IPv6', 23],
  ] as const;
  return families.flatMap(([family, addressFamily], f) =>
    kinds.map(([kind, socketType, protocol, serviceFlags, providerFlags, messageSize], k) => ({
      id: firstId + f * kinds.length + k,
      providerId: addressFamily === 2 ? '{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}' : '{F9EAB0C0-26D4-11D0-BBBF-00AA006C34E4}',
      name: `MSAFD Tcpip [${kind}/${family}]`,
      path: '%SystemRoot%\\system32\\mswsock.dll',
      chainLength: 1,
      chain: [],
      version: 2,
      addressFamily,
      socketType,
      protocol,
      providerFlags,
      serviceFlags,
      messageSize,
      ours: false,
    })),
  );
}

export function windowsCatalogs(): Catalogs {
  return { x64: baseProviders(1001), ia32: baseProviders(1001), installed: {}, over: 'all', nextId: 1007 };
}

export const copyOf = (catalogs: Catalogs): Catalogs => structuredClone(catalogs);

const sameTransport = (a: NativeCatalogEntry, b: NativeCatalogEntry) =>
  a.addressFamily === b.addressFamily && a.socketType === b.socketType && a.protocol === b.protocol;

const attempt = 'Cannot install the provider';

/** The entries that chains are laid over: of each transport that is chosen the topmost that is not ours, and those that ids choose. */
function lowerEntries(entries: readonly NativeCatalogEntry[], over: string): NativeCatalogEntry[] {
  const others = entries.filter(({ ours, chainLength }) => !ours && chainLength > 0);
  const items = over === 'all' ? Object.keys(protocols) : over.split(',');
  const types = items.flatMap((item) => (item in protocols ? [protocols[item as keyof typeof protocols]] : []));
  const chosen = items.filter((item) => !(item in protocols)).map((item) => {
    const entry = entries.find(({ id }) => id === Number(item));
    if (entry === undefined) {
      throw new LspError(`${attempt}: the catalog has no entry ${item}.`, { code: 'ERR_UNKNOWN_ENTRY' });
    }
    if (entry.ours || entry.chainLength === 0) {
      throw new LspError(`${attempt}: no chain can be laid over entry ${item}.`, { code: 'ERR_INVALID_CHOICE' });
    }
    return entry;
  });
  const topmost = others.filter((entry) => others.find((other) => sameTransport(other, entry)) === entry);
  const byProtocol = topmost.filter((entry) => types.some((type) => type === entry.socketType) && !chosen.some((each) => sameTransport(each, entry)));
  return [...chosen, ...byProtocol].sort((a, b) => entries.indexOf(a) - entries.indexOf(b));
}

export function dependents(entries: readonly NativeCatalogEntry[]): NativeCatalogEntry[] {
  const ours = new Set(entries.filter((entry) => entry.ours).map(({ id }) => id));
  return entries.filter((entry) => !entry.ours && entry.chain.some((id) => ours.has(id)));
}

function requireNoDependents(entries: readonly NativeCatalogEntry[], doing: string): void {
  const standing = dependents(entries);
  if (standing.length === 0) return;
  const list = standing.map(({ id, name }) => `${id} "${name}"`).join(', ');
  throw new LspError(`${doing}: chains of other providers stand on it: ${list}. Remove those providers first.`, { code: 'ERR_OTHERS_DEPEND' });
}

/** Gives false if everything was there already. Each step is one that a signal may call the change off before. */
function* installIn(catalogs: Catalogs, architecture: Architecture, wanted: Installation, anew: boolean): Generator<void, boolean> {
  const entries = catalogs[architecture];
  const now = catalogs.installed[architecture];
  const lower = lowerEntries(entries, wanted.over);
  if (lower.length === 0) throw new LspError(`${attempt}: there is nothing to lay it over.`, { code: 'ERR_NO_LOWER_PROVIDER' });
  const chainOf = (entry: NativeCatalogEntry, layered: number) =>
    entry.chainLength === 1 ? [layered, entry.id] : [layered, entry.id, ...entry.chain.slice(1)];
  const layeredNow = entries.find(({ ours, chainLength }) => ours && chainLength === 0);
  const complete =
    layeredNow !== undefined &&
    lower.every((each, index) => {
      const entry = entries[index];
      return entry !== undefined && entry.ours && entry.chain.join() === chainOf(each, layeredNow.id).join();
    }) &&
    entries.filter(({ ours, chainLength }) => ours && chainLength > 1).length === lower.length;
  if (complete && !anew && now?.dll === wanted.dll && now.name === wanted.name) return false;
  requireNoDependents(entries, attempt);
  yield;
  const rest = entries.filter(({ ours }) => !ours);
  const first = lower[0];
  if (first === undefined) throw new RangeError('no entry');
  const ours = { providerId: ourProvider, path: wanted.dll, ours: true };
  const layered: NativeCatalogEntry = { ...first, ...ours, id: catalogs.nextId++, name: wanted.name, chainLength: 0, chain: [], providerFlags: 8 };
  yield;
  const chains: NativeCatalogEntry[] = [];
  for (const entry of lower) {
    const chain = chainOf(entry, layered.id);
    chains.push({ ...entry, ...ours, id: catalogs.nextId++, name: `${wanted.name} over [${entry.name}]`, chainLength: chain.length, chain });
    yield;
  }
  catalogs[architecture] = [...chains, ...rest, layered];
  catalogs.installed[architecture] = wanted;
  return true;
}

export interface InstallRequest {
  dll: string;
  dll32: string | undefined;
  name: string | undefined;
  over: string | undefined;
  anew: boolean;
}

export function* install(catalogs: Catalogs, { dll, dll32, name, over = catalogs.over, anew }: InstallRequest): Generator<void, boolean> {
  const wanted = (architecture: Architecture, path: string): Installation => ({
    dll: path,
    name: name ?? catalogs.installed[architecture]?.name ?? 'winsock-lsp',
    over,
  });
  let changed = yield* installIn(catalogs, 'x64', wanted('x64', dll), anew);
  if (dll32 !== undefined) changed = (yield* installIn(catalogs, 'ia32', wanted('ia32', dll32), anew)) || changed;
  changed ||= catalogs.over !== over;
  catalogs.over = over;
  return changed;
}

/** Gives the ids of our own catalog's entries that went. */
export function* remove(catalogs: Catalogs): Generator<void, number[]> {
  for (const architecture of architectures) requireNoDependents(catalogs[architecture], 'Cannot remove the provider');
  const gone = catalogs.x64.filter(({ ours }) => ours).map(({ id }) => id);
  for (const architecture of architectures) {
    yield;
    catalogs[architecture] = catalogs[architecture].filter(({ ours }) => !ours);
    delete catalogs.installed[architecture];
  }
  catalogs.over = 'all';
  return gone;
}

/** To its end at once. */
export function runThrough<T>(change: Generator<void, T>): T {
  for (;;) {
    const { done, value } = change.next();
    if (done === true) return value;
  }
}

/** What a change that was made on a copy has changed. */
export function planOf(before: Catalogs, after: Catalogs): NativePlan {
  const changed = architectures.filter((architecture) => JSON.stringify(before[architecture]) !== JSON.stringify(after[architecture]));
  const concerned = architectures.filter((architecture) => architecture === 'x64' || (after.installed[architecture] ?? before.installed[architecture]) !== undefined);
  return {
    changes: changed.length > 0 || before.over !== after.over,
    over: after.over,
    overChanges: before.over !== after.over,
    deleted: [],
    firstPlannedId: before.nextId,
    catalogs: concerned.map((architecture) => {
      const has = (entries: NativeCatalogEntry[], { id }: NativeCatalogEntry) => entries.some((each) => each.id === id);
      return {
        architecture,
        fault: changed.includes(architecture) ? 'Our entries are not as they should be' : '',
        removed: before[architecture].filter((entry) => !has(after[architecture], entry)),
        added: after[architecture].filter((entry) => !has(before[architecture], entry)),
        after: after[architecture],
      };
    }),
  };
}
