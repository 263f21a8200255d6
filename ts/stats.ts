/** Telemetry: what the LSP has done in all processes together. */

import { resolve } from 'node:path';

import { checkNonEmptyText, checkObject } from './arguments.js';
import { enumerateCatalog } from './catalog.js';
import { LspError } from './errors.js';
import { callNative } from './native.js';

/** The counters, with their names in the DLL (lsp-dll/core/telemetry_layout.cpp) and what each counts. */
export const counters = {
  startups: ['startups', 'chains started in processes'],
  decidedKeep: ['decided_keep', 'decisions: leave alone'],
  decidedSource: ['decided_source', 'decisions: use a source address'],
  decidedRefuse: ['decided_refuse', 'decisions: refuse'],
  boundSource: ['bound_source', 'sockets bound to the source of a rule'],
  sentFromSource: ['sent_from_source', 'datagrams sent with the source of a rule'],
  sourceUnavailable: ['source_unavailable', "sources that could not be used: the rule's `otherwise` applied"],
  alreadyBound: ['already_bound', "sockets that were bound already: the rule's `otherwise` applied"],
  refused: ['refused', 'calls that a rule made fail'],
  bindsDeferred: ['binds_deferred', 'binds put off until the destination is known'],
  bindsSettled: ['binds_settled', 'of those, binds that went to the wildcard address after all'],
  policyLoads: ['policy_loads', 'times that a process read the policy'],
  policyRejections: ['policy_rejections', 'times that a process rejected it'],
  routeLookups: ['route_lookups', 'questions to Windows about routes'],
} as const;

/** Numbers since the first process loaded the DLL. Any process can scramble them: for the eye only. */
export type Stats = Record<keyof typeof counters, number>;

/**
 * Reads the counters of all processes that use the DLL.
 *
 * @param options.dll The DLL's path; the installed one unless told.
 * @throws LspError ERR_NOT_INSTALLED: no `dll`, and the LSP is not installed; ERROR_MOD_NOT_FOUND: no such DLL;
 *   ERR_NOT_A_PROVIDER; ERR_BAD_TELEMETRY: the counters are scrambled or of another version; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: LoadLibraryExW; for the installed DLL WSCEnumProtocols and WSCGetProviderPath.
 */
export function readStats(options: { dll?: string | undefined } = {}): Stats {
  checkObject(options, 'options');
  const { dll } = options;
  if (dll !== undefined) checkNonEmptyText(dll, 'options.dll');
  const path = dll === undefined ? installedDll() : resolve(dll);
  const values = callNative((native) => native.readCounters(path));
  return Object.fromEntries(
    Object.entries(counters).map(([name, [nativeName]]) => [name, values[nativeName] ?? 0]),
  ) as Stats;
}

function installedDll(): string {
  const entry = enumerateCatalog().find(({ ours, path }) => ours && path !== '');
  if (entry === undefined) {
    throw new LspError('The LSP is not installed, so nothing was counted. Install it, or name the DLL.', {
      code: 'ERR_NOT_INSTALLED',
    });
  }
  return entry.path.replace(/%([^%]+)%/g, (all, name: string) => process.env[name] ?? all);
}
