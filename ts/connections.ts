/** The live connections of all programs, with the rule that decided each, as far as it was told. */

import { setTimeout as delay } from 'node:timers/promises';

import { checkBoolean, checkInteger, checkObject, invalidType } from './arguments.js';
import { compareConnections, liveConnections, type ConnectionChange } from './connection_changes.js';
import { callNative, type NativeConnection, type NativeConnectionDecision, type NativeConnections, type Otherwise, type Verdict } from './native.js';
import type { Block, Reason } from './routes.js';
import type { DecisionResult } from './stats.js';

/** The names of MIB_TCP_STATE, in lower case. */
export type TcpState =
  | 'closed'
  | 'listen'
  | 'syn_sent'
  | 'syn_received'
  | 'established'
  | 'fin_wait_1'
  | 'fin_wait_2'
  | 'close_wait'
  | 'closing'
  | 'last_ack'
  | 'time_wait'
  | 'delete_tcb';

/** What the provider told of the decision that a connection was made by. */
export interface ConnectionDecision {
  time: Date;
  /**
   * True: it was told when the connection was made. False: Windows does not tell when that was, and all that is on record of this
   * program about this destination says the same; it may be of a later connection that has ended.
   */
  certain: boolean;
  verdict: Verdict;
  reason: Reason;
  /** The rule that won, as long as the policy is the one that it was decided by; null for none or an older one. */
  rule: string | null;
  /** The tunnel whose rule it is; null for one of the administrator's. */
  tunnel: string | null;
  /** Of the policy of then, from 0; null for none. */
  ruleNumber: number | null;
  /** With `source`: the address. */
  source: string | null;
  result: DecisionResult;
}

/** What the policy says now of such a connection, as `explain` does. */
export interface ConnectionPolicy {
  verdict: Verdict;
  reason: Reason;
  source: string | null;
  otherwise: Otherwise;
  rule: string | null;
  tunnel: string | null;
}

export interface Connection {
  protocol: 'tcp' | 'udp';
  /** Null for a UDP socket. */
  state: TcpState | null;
  localAddress: string;
  localPort: number;
  /** Null for a listener and for a UDP socket, which Windows' table has no remote half of. */
  remoteAddress: string | null;
  remotePort: number | null;
  /** Where the program connected to, if a rule led it there through the proxy at the remote address; else null. */
  destinationAddress: string | null;
  destinationPort: number | null;
  /** When its socket was bound; null if Windows does not tell. */
  created: Date | null;
  /** 0 where no process has it any more, as in `time_wait`. */
  processId: number;
  /** The program's file name; null if it is not known. Any program can have any name: for the eye only. */
  image: string | null;
  /** Of the program's file, in full; null if Windows does not tell it to this process, as that of other users' programs. */
  path: string | null;
  /** When the program was started. */
  started: Date | null;
  /** Why Windows loads no LSP into the program, as explain has it; null as far as can be told. */
  block: Block | null;
  /** That has the local address; null for the wildcard. */
  interfaceIndex: number | null;
  interfaceName: string | null;
  /** True if a socket of this host listens on the local port, so that it was accepted; rules are for what goes out. */
  incoming: boolean;
  /** Null if nothing on record is of it. */
  decided: ConnectionDecision | null;
  /** Null for what no rule is about, and where Windows does not tell the path of a program that a rule asks for. */
  says: ConnectionPolicy | null;
  /**
   * `current`: it would be made the same way now; `stale`: it would be made another way, or refused; `unknown`: that cannot be told.
   * Where `decided` is null, its local address is compared with the one that the policy says now: a program that has chosen another
   * address itself is `stale`, too.
   */
  standing: 'unknown' | 'current' | 'stale';
}

export interface ConnectionTable {
  connections: Connection[];
  /** Whose decisions were there to be read: of this user's programs, or (elevated) of everybody's. */
  decisionsOf: 'own_user' | 'everybody';
  /** False if the policy could not be read: then `says` is null everywhere. */
  policyKnown: boolean;
  /** Why the administrator's rules are not in force, if they cannot be understood. */
  policyRejected: string | null;
}

/**
 * The TCP connections, listeners and bound UDP sockets of all programs as they are now, in Windows' order, whether the LSP is installed or
 * not. What it told of decisions comes from memory that their programs can scramble: a record is taken for a connection's only if its
 * process (by its start, too), its program, both ends and its rule fit, but a program can lie about its own.
 *
 * @throws LspError (rejects) as Windows gives it; ERR_UNSUPPORTED_PLATFORM. Where this process lacks rights, what is not told is null.
 *
 * Windows: GetExtendedTcpTable, GetExtendedUdpTable, NtQuerySystemInformation, QueryFullProcessImageNameW, GetAdaptersAddresses, those
 * of explain.
 */
export async function connections(): Promise<ConnectionTable> {
  const everybody = callNative((native) => native.isElevated());
  return tableOf(await callNative((native) => native.listConnections()), everybody);
}

export interface WatchConnectionsOptions {
  /** How often to look, 100 to 60 000 ms; 1000 unless told. What opens and closes between two looks is not seen. */
  intervalMilliseconds?: number | undefined;
  /** Whether to begin with those that are open already, as opened; false unless told. */
  recent?: boolean | undefined;
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
}

/**
 * Connections, listeners and UDP sockets as they open and close, from now on, until the signal aborts or the loop is left. What Windows only
 * remembers (`time_wait`) counts as closed.
 *
 *     for await (const { change, connection } of watchConnections({ signal })) console.log(change, connection.image, connection.remoteAddress);
 *
 * @throws LspError as connections; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE.
 */
export async function* watchConnections(options: WatchConnectionsOptions = {}): AsyncGenerator<ConnectionChange, void, void> {
  checkObject(options, 'options');
  const { intervalMilliseconds = 1000, recent = false, signal } = options;
  checkInteger(intervalMilliseconds, 'options.intervalMilliseconds', 100, 60_000);
  checkBoolean(recent, 'options.recent');
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalidType('options.signal', 'an AbortSignal', signal);
  const ended = () => signal?.aborted === true;
  let known: ReadonlyMap<string, Connection> = new Map();
  for (let first = true; !ended(); first = false) {
    if (!first) await delay(intervalMilliseconds, undefined, { signal, ref: true }).catch(() => undefined);
    if (ended()) return;
    const now = liveConnections((await connections()).connections);
    if (!first || recent) yield* compareConnections(known, now, new Date());
    known = now;
  }
}

/** Of the addon's answer. */
export function tableOf({ connections: all, policyKnown, policyRejected }: NativeConnections, everybody: boolean): ConnectionTable {
  return { connections: all.map(connectionOf), decisionsOf: everybody ? 'everybody' : 'own_user', policyKnown, policyRejected };
}

const dateOf = (milliseconds: number | null) => (milliseconds === null ? null : new Date(milliseconds));

function decisionOf({ time, reason, result, ruleNumber, ...rest }: NativeConnectionDecision): ConnectionDecision {
  return {
    ...rest,
    time: new Date(time),
    reason: reason as Reason,
    result: result as DecisionResult,
    ruleNumber: ruleNumber < 0 ? null : ruleNumber,
  };
}

function connectionOf(found: NativeConnection): Connection {
  return {
    ...found,
    state: found.state as TcpState | null,
    created: dateOf(found.created),
    started: dateOf(found.started),
    block: found.block as Block | null,
    interfaceIndex: found.interfaceIndex === 0 ? null : found.interfaceIndex,
    decided: found.decided === null ? null : decisionOf(found.decided),
    says: found.says === null ? null : { ...found.says, reason: found.says.reason as Reason },
  };
}
