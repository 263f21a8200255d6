/** Counters of what the LSP did, over all programs. */

import { resolve } from 'node:path';
import { withAddon } from './addon.js';
import { LspError } from './errors.js';
import type { Native } from './native.js';
import { checkOptions, checkText } from './validate.js';

// Ours, by the names that the DLL has for them (lsp-dll/core/telemetry_layout).
const counters = {
  startups: 'startups',
  decidedKeep: 'decided_keep',
  decidedSource: 'decided_source',
  decidedRefuse: 'decided_refuse',
  boundSource: 'bound_source',
  sentFromSource: 'sent_from_source',
  sourceUnavailable: 'source_unavailable',
  alreadyBound: 'already_bound',
  refused: 'refused',
  bindsDeferred: 'binds_deferred',
  bindsSettled: 'binds_settled',
  policyLoads: 'policy_loads',
  policyRejections: 'policy_rejections',
  routeLookups: 'route_lookups',
} as const;

export type CounterName = keyof typeof counters;
export const counterNames = Object.keys(counters) as CounterName[];

/**
 * Counts since the DLL was first loaded, over all programs that run or ran while one of them had it loaded. Any program that has
 * the DLL loaded could write them: for information, never for a decision. Above 2^53 they are rounded.
 */
export interface Stats extends Record<CounterName, number> {
  /** Times that the LSP was started in a program, once for each protocol chain that it uses. */
  startups: number;
  /** Decisions: the program's or Windows' own choice stays. */
  decidedKeep: number;
  /** Decisions: a rule names the source. */
  decidedSource: number;
  /** Decisions: a rule refuses. */
  decidedRefuse: number;
  /** Sockets bound to the source of a rule. */
  boundSource: number;
  /** Datagrams sent from the source of a rule, one by one. */
  sentFromSource: number;
  /** The source could not be bound: the rule's `otherwise` applied. */
  sourceUnavailable: number;
  /** The socket was bound to a fixed port already: the rule's `otherwise` applied. */
  alreadyBound: number;
  /** Calls answered with an error because a rule said so. */
  refused: number;
  /** Binds to the wildcard put off until the destination is known. */
  bindsDeferred: number;
  /** Of these, the ones that went to the wildcard after all. */
  bindsSettled: number;
  /** Times that a program read the policy. */
  policyLoads: number;
  /** Of these, the ones that found something to reject. */
  policyRejections: number;
  /** Questions to Windows for a route (the cache did not have it). */
  routeLookups: number;
}

export interface StatsOptions {
  /** The DLL whose counters to read; the registered one unless told. Each file has its own. */
  dll?: string | undefined;
}

/** `%NAME%` as Windows' ExpandEnvironmentStrings does it: an unknown name stays as it is. */
export function expandEnvironment(text: string, environment: NodeJS.ProcessEnv = process.env): string {
  return text.replace(/%([^%]+)%/g, (whole, name: string) => environment[name] ?? whole);
}

function registeredDll(native: Native): string {
  const path = native.enumerateCatalog().find((entry) => entry.ours && entry.path !== '')?.path;
  if (path !== undefined) return expandEnvironment(path);
  throw new LspError({
    code: 'ERR_NOT_INSTALLED',
    message: 'winsock-lsp is not in the protocol catalog, so there is nothing that counts: install it first, or name the DLL',
  });
}

/**
 * Reads the counters in the DLL's shared data section.
 *
 * Errors: `ERR_NOT_INSTALLED`; `ERROR_MOD_NOT_FOUND` (the DLL); `ERR_NOT_A_PROVIDER`; `ERR_BAD_TELEMETRY`.
 * Windows: LoadLibraryEx, WSCEnumProtocols.
 */
export function readStats(options: StatsOptions = {}): Stats {
  checkOptions(options, 'options');
  const { dll } = options;
  if (dll !== undefined) checkText(dll, 'options.dll');
  return withAddon((native) => {
    const values = native.readCounters(dll === undefined ? registeredDll(native) : resolve(dll));
    return Object.fromEntries(counterNames.map((name) => [name, values[counters[name]] ?? 0])) as unknown as Stats;
  });
}
