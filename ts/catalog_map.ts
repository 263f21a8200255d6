/** The protocol catalog as it is built: on each base provider the chains that stand on it. Pure. */

import type { CatalogEntry } from './catalog.js';

/** An entry with the chains that stand right on it, in catalog order. */
export interface ProviderTree {
  entry: CatalogEntry;
  /** True if a program that asks for this family, type and protocol gets this entry: it is the first of them. */
  inUse: boolean;
  chains: ProviderTree[];
}

/** The hidden entry of an LSP, and the ids of the chains in which it is a layer. */
export interface LayeredProvider {
  entry: CatalogEntry;
  chains: number[];
}

export interface CatalogMap {
  base: ProviderTree[];
  layered: LayeredProvider[];
  /** Chains that end in nothing: the base provider that they name is not there. */
  dangling: ProviderTree[];
}

const sameIds = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((id, i) => id === b[i]);
const sameTransport = (a: CatalogEntry, b: CatalogEntry) =>
  a.addressFamily === b.addressFamily && a.socketType === b.socketType && a.protocol === b.protocol;

/**
 * Sorts the entries of one catalog, as enumerateCatalog gives them, into trees. Works on any platform.
 *
 * A chain stands on the chain whose id is second in it, or whose own parts are all that follow its top (both ways of writing
 * a chain over a chain are in use), and else on the base provider that it names last.
 */
export function mapCatalog(entries: readonly CatalogEntry[]): CatalogMap {
  const chains = entries.filter(({ kind }) => kind === 'chain');
  const bases = entries.filter(({ kind }) => kind === 'base');

  const below = (chain: CatalogEntry): CatalogEntry | undefined => {
    const rest = chain.chain.slice(1);
    const others = chains.filter((other) => other.id !== chain.id);
    return (
      others.find(({ id }) => id === rest[0]) ??
      others.find((other) => rest.length > 1 && sameIds(other.chain, rest)) ??
      bases.find(({ id }) => id === rest.at(-1))
    );
  };
  const belowOf = new Map(chains.map((chain) => [chain, below(chain)]));
  const inUse = (entry: CatalogEntry) =>
    entries.find((other) => other.kind !== 'layered' && sameTransport(other, entry)) === entry;

  const placed = new Set<CatalogEntry>();
  const tree = (entry: CatalogEntry): ProviderTree => {
    placed.add(entry);
    const above = chains.filter((chain) => belowOf.get(chain) === entry && !placed.has(chain));
    return { entry, inUse: inUse(entry), chains: above.map(tree) };
  };

  const base = bases.map(tree);
  // What no base provider carries: first the chains with nothing below them, then any that stand on each other in a circle.
  const dangling: ProviderTree[] = [];
  for (const chain of [...chains.filter((each) => belowOf.get(each) === undefined), ...chains]) {
    if (!placed.has(chain)) dangling.push(tree(chain));
  }
  const layered = entries
    .filter(({ kind }) => kind === 'layered')
    .map((entry) => ({ entry, chains: chains.filter(({ chain }) => chain.includes(entry.id)).map(({ id }) => id) }));
  return { base, layered, dangling };
}
