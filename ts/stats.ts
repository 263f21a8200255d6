/** Telemetry: what the LSP has done, counted for all processes together and told to each user of theirs. */

import { setTimeout as delay } from 'node:timers/promises';

import { checkBoolean, checkInteger, checkNonEmptyText, checkObject } from './arguments.js';
import { enumerateCatalog } from './catalog.js';
import { LspError } from './errors.js';
import { callNative, type NativeDecision, type Verdict } from './native.js';
import { fullPath } from './paths.js';
import type { Protocol, Reason } from './routes.js';

/** The counters, with their names in the DLL (lsp-dll/core/counters.cpp) and what each counts. */
export const counters = {
  startups: ['startups', 'chains started in processes'],
  decidedKeep: ['decided_keep', 'decisions: leave alone'],
  decidedSource: ['decided_source', 'decisions: use a source address'],
  decidedRefuse: ['decided_refuse', 'decisions: refuse'],
  decidedThrough: ['decided_through', 'decisions: leave through an interface'],
  decidedSocks5: ['decided_socks5', 'decisions: use a proxy'],
  led: ['led', 'connections that a proxy has made'],
  leadFailed: ['lead_failed', 'connections that no proxy has made: it could not be used, or refused'],
  boundSource: ['bound_source', 'sockets bound to the source of a rule'],
  sentFromSource: ['sent_from_source', 'datagrams sent with the source of a rule'],
  sourceUnavailable: ['source_unavailable', "sources that could not be used: the rule's `otherwise` applied"],
  alreadyBound: ['already_bound', "sockets that were bound already: the rule's `otherwise` applied"],
  alreadyConnected: ['already_connected', "datagrams of connected sockets that went elsewhere: the rule's `otherwise` applied"],
  controlDataUnmerged: ['control_data_unmerged', "datagrams with control data of their own: the rule's `otherwise` applied"],
  refused: ['refused', 'calls that a rule made fail'],
  letIn: ['let_in', 'connections that came in while there were rules for them'],
  turnedAway: ['turned_away', 'connections that such a rule reset'],
  bindsDeferred: ['binds_deferred', 'binds put off until the destination is known'],
  bindsSettled: ['binds_settled', 'of those, binds that went to the wildcard address after all'],
  policyLoads: ['policy_loads', 'times that a process read the policy'],
  policyRejections: ['policy_rejections', 'times that a process rejected it, or a line of it that a newer version wrote'],
  routeLookups: ['route_lookups', 'questions to Windows about routes'],
} as const;

/** Numbers since the first process loaded the DLL. Any process can scramble them: for the eye only. */
export type Stats = Record<keyof typeof counters, number>;

/** What one process has counted; `stats` as in Stats. */
export interface ProcessStats {
  processId: number;
  /** The program's file name; only its end if it has more than 32 bytes. */
  image: string;
  /** Whether it still runs. What a process that was killed had counted stays in its place until another process needs that. */
  running: boolean;
  stats: Stats;
}

export interface StatsOptions {
  /** The DLL's path; unless told the installed ones, of both kinds of programs together. */
  dll?: string | undefined;
}

/**
 * `carried_out`: the address was left alone, used, or the call refused, as `verdict` says; `otherwise_keep`, `otherwise_refuse`: the
 * source could not be used, and the rule's `otherwise` applied; `failed`: Windows answered `error`.
 */
export type DecisionResult = 'carried_out' | 'otherwise_keep' | 'otherwise_refuse' | 'failed';

/**
 * `led`: the proxy made the connection; `unreachable`: the proxy itself cannot be connected to; `no_way`: the socket cannot reach it (an IPv4
 * socket and an IPv6 proxy, no asynchronous connects); `untrusted`: another user's program listens at its address; `no_credential`: the user has
 * no log-in of that name, or the process may not use it; `not_socks5`; `login_wanted`; `login_refused`; `request_refused`: see `reply`; `closed`:
 * before it had answered; `timed_out`: it did not answer within 30 seconds.
 */
export type ProxyOutcome =
  | 'led'
  | 'unreachable'
  | 'no_way'
  | 'untrusted'
  | 'no_credential'
  | 'not_socks5'
  | 'login_wanted'
  | 'login_refused'
  | 'request_refused'
  | 'closed'
  | 'timed_out';

export interface LedThrough {
  address: string;
  port: number;
  outcome: ProxyOutcome;
  /** With `request_refused`: the proxy's reply (RFC 1928 §6). */
  reply: number | null;
  /** From the program's connect to the end of the handshake. */
  milliseconds: number;
}

/** What the LSP did with a connection or a datagram of some program. */
export interface Decision {
  time: Date;
  processId: number;
  /** The program's file name; only its end if it has more than 32 bytes. */
  image: string;
  protocol: Protocol;
  destination: string;
  port: number;
  /** A connection that came in: `destination` is then the peer, and `port` the local one. */
  incoming: boolean;
  verdict: Verdict;
  reason: Reason;
  /** The rule that won, as long as the policy is the one that it was decided by; null for none or an older one. */
  rule: string | null;
  /** Of the policy of then, from 0; null for none. */
  ruleNumber: number | null;
  /** With `source` and `through`: the address. */
  source: string | null;
  result: DecisionResult;
  /** A Winsock error number; null for none. */
  error: number | null;
  /** With `socks5`: the proxy, and what became of it. */
  proxy: LedThrough | null;
}

export interface WatchedDecision extends Decision {
  /** How many came before this one and could not be told, because there were too many at once. */
  missed: number;
}

export interface WatchOptions extends StatsOptions {
  /** How often to look, 10 to 60 000 ms; 100 unless told. */
  intervalMilliseconds?: number | undefined;
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
  /** Begin with those that are on record already; false unless told. */
  recent?: boolean | undefined;
}

/**
 * Reads the counters of all processes that use the DLL, and that have used it since the first of the running ones loaded it. A process
 * counts by itself and adds to them every 50 ms at most, while it makes calls, and at its end: one that was killed has lost less than that.
 *
 * @throws LspError ERR_NOT_INSTALLED: no `dll`, and the LSP is not installed; ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND: no such
 *   DLL; ERR_NOT_A_PROVIDER; ERR_BAD_TELEMETRY: the section is scrambled or of another version; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: CreateFileMappingW (SEC_IMAGE), MapViewOfFile; for the installed DLLs WSCEnumProtocols and WSCGetProviderPath.
 */
export function readStats(options: StatsOptions = {}): Stats {
  const sum = statsOf({});
  for (const dll of dllsOf(options)) {
    const { total } = callNative((native) => native.readTelemetry(dll));
    for (const [name, value] of Object.entries(statsOf(total))) sum[name as keyof Stats] += value;
  }
  return sum;
}

/**
 * Reads what each process that uses the DLL has counted, as far as it has told: a process tells every 50 ms while it makes calls, and at
 * its end. Those that ended are in the sum of readStats only, as are those that found no place among 128.
 *
 * @throws LspError as readStats.
 */
export function readStatsByProcess(options: StatsOptions = {}): ProcessStats[] {
  return dllsOf(options)
    .flatMap((dll) => callNative((native) => native.readTelemetry(dll)).processes)
    .map(({ counters: values, ...rest }) => ({ ...rest, stats: statsOf(values) }))
    .sort((a, b) => a.processId - b.processId);
}

function statsOf(values: Record<string, number>): Stats {
  return Object.fromEntries(Object.entries(counters).map(([name, [native]]) => [name, values[native] ?? 0])) as Stats;
}

/**
 * The latest decisions on record, oldest first: at most 64 for each user and session. A program's decisions about the same destination
 * are recorded once a second at most, and destinations that are never touched (loopback and the like) not at all.
 *
 * They are told to their own user, and to administrators those of everybody, services included. They are on record while a program
 * of that user's runs that has recorded something; `dll` only says whose installation must be there.
 *
 * @throws LspError as readStats.
 */
export function recentDecisions(options: StatsOptions = {}): Decision[] {
  mustCount(options);
  return callNative((native) => native.readDecisions({}))
    .flatMap(({ decisions }) => decisions)
    .map(decisionOf)
    .sort((a, b) => a.time.getTime() - b.time.getTime());
}

/**
 * Decisions as they are made, from now on, until the signal aborts or the loop is left: those of one's own programs, and for an
 * administrator those of everybody's (recentDecisions).
 *
 *     for await (const { image, destination, source } of watchDecisions()) console.log(image, destination, source);
 *
 * @throws LspError as readStats.
 */
export async function* watchDecisions(options: WatchOptions = {}): AsyncGenerator<WatchedDecision, void, void> {
  checkObject(options, 'options');
  const { intervalMilliseconds = 100, signal, recent = false } = options;
  checkInteger(intervalMilliseconds, 'options.intervalMilliseconds', 10, 60_000);
  checkBoolean(recent, 'options.recent');
  mustCount(options);
  // By ring, the number of the next record that has not been told. A ring that comes later is told from its beginning.
  const next: Record<string, number> = {};
  if (!recent) for (const ring of callNative((native) => native.readDecisions({}))) next[ring.name] = ring.next;
  let first = recent;
  while (signal?.aborted !== true) {
    const found: WatchedDecision[] = [];
    for (const { name, decisions, next: begun } of callNative((native) => native.readDecisions(next))) {
      const from = next[name] ?? 0;
      // Somebody has set the ring back, or it was gone and was made anew.
      if (begun < from) next[name] = begun;
      let expected = from;
      for (const decision of decisions) {
        found.push({ ...decisionOf(decision), missed: first ? 0 : decision.number - expected });
        expected = decision.number + 1;
        next[name] = expected;
      }
    }
    first = false;
    yield* found.sort((a, b) => a.time.getTime() - b.time.getTime());
    await delay(intervalMilliseconds, undefined, { signal, ref: true }).catch(() => undefined);
  }
}

function decisionOf({ time, reason, result, error, ruleNumber, proxy, number: _, ...rest }: NativeDecision): Decision {
  return {
    ...rest,
    proxy: proxy && { ...proxy, outcome: proxy.outcome as ProxyOutcome, reply: proxy.outcome === 'request_refused' ? proxy.reply : null },
    time: new Date(time),
    reason: reason as Reason,
    result: result as DecisionResult,
    error: error === 0 ? null : error,
    ruleNumber: ruleNumber < 0 ? null : ruleNumber,
  };
}

/** What reading the counters would throw: without an installation there are no decisions, either. */
function mustCount(options: StatsOptions): void {
  for (const dll of dllsOf(options)) callNative((native) => native.readTelemetry(dll));
}

function dllsOf(options: StatsOptions): string[] {
  checkObject(options, 'options');
  const { dll } = options;
  if (dll !== undefined) checkNonEmptyText(dll, 'options.dll');
  return dll === undefined ? installedDlls() : [fullPath(dll)];
}

/** Of 64-bit and of 32-bit programs, as far as this process sees both catalogs. */
function installedDlls(): string[] {
  const paths = new Set<string>();
  for (const architecture of ['x64', 'ia32'] as const) {
    try {
      for (const { ours, path } of enumerateCatalog({ architecture })) if (ours && path !== '') paths.add(path);
    } catch (error) {
      // A 32-bit process and a 32-bit Windows have one catalog only.
      if (!(error instanceof LspError) || error.code !== 'ERROR_NOT_SUPPORTED') throw error;
    }
  }
  if (paths.size === 0) {
    throw new LspError('The LSP is not installed, so nothing was counted. Install it, or name the DLL.', {
      code: 'ERR_NOT_INSTALLED',
    });
  }
  return [...paths].map((path) => path.replace(/%([^%]+)%/g, (all, name: string) => process.env[name] ?? all));
}
