/** Best routes, and what the LSP would make of them. */

import { withAddon } from './addon.js';
import { fromNative, LspError } from './errors.js';
import type { Otherwise } from './tunnels.js';
import { checkAddress, checkInteger, checkOptions, checkText, checkWord } from './validate.js';

/** The best route to a destination, as Windows gives it. */
export interface BestRoute {
  /** The interface that packets leave through. */
  interfaceIndex: number;
  /** The source address that Windows would choose. */
  source: string;
  /** The gateway; null: the destination is on-link. */
  nextHop: string | null;
  /** The route's destination, such as `1.2.3.0/24`; null where Windows does not tell. */
  prefix: string | null;
  /** The lower, the better. */
  metric: number;
  /** The function that answered. */
  oracle: 'GetBestRoute2' | 'GetBestRoute';
}

export type Protocol = 'tcp' | 'udp' | 'raw';
export type Verdict = 'keep' | 'source' | 'refuse';
export type DecisionReason =
  | 'rule'
  | 'no_rule'
  | 'unspecified'
  | 'loopback'
  | 'multicast'
  | 'broadcast'
  | 'link_local'
  | 'tunnel_subnet'
  | 'already_source';

export interface ExplainOptions {
  /** The program, as the full path of its image. Unless told: one that no rule names. */
  app?: string | undefined;
  /** The destination's port, 0 to 65535; 0 unless told. */
  port?: number | undefined;
  /** `tcp` unless told. */
  protocol?: Protocol | undefined;
}

/** What the LSP would decide for an unbound socket, and why. */
export interface Explanation {
  destination: string;
  /** Null: a program that no rule names. */
  app: string | null;
  port: number;
  protocol: Protocol;
  /** Whether the LSP is in the catalog: if not, nothing of the decision happens. */
  installed: boolean;
  /** Null: Windows named no route, and `routeError` says why. Rules with `via` then match nothing. */
  route: BestRoute | null;
  routeError: LspError | null;
  verdict: Verdict;
  reason: DecisionReason;
  /** With verdict `source`: the address that the socket gets. */
  source: string | null;
  /** With verdict `source`: the interface that the packets must leave through, or not at all. */
  pinInterface: number | null;
  /** What happens if that source cannot be used. */
  otherwise: Otherwise;
  /** The rule that matched, as the policy writes it. */
  rule: string | null;
  /** The tunnel whose rule it is; null for the administrator's. */
  tunnel: string | null;
  /** Why the administrator's rules were rejected; null if they are good. Programs keep the last good ones. */
  policyRejected: string | null;
}

/**
 * The best route to an address.
 *
 * @param destination An IPv4 or IPv6 address, without zone.
 * Errors: `ERROR_NETWORK_UNREACHABLE` or `ERROR_HOST_UNREACHABLE` if there is no route; `ERROR_NOT_SUPPORTED` for IPv6 where
 * Windows has only GetBestRoute; others as Windows gives them.
 * Windows: GetBestRoute2, or GetBestRoute where that is absent.
 */
export function getBestRoute(destination: string): BestRoute {
  checkAddress(destination, 'destination');
  return withAddon((native) => native.bestRoute(destination));
}

/**
 * The best route to an address, and what the LSP would decide for a connection or a datagram to it, by the policy and the
 * tunnels as they are now.
 *
 * Errors: what keeps the policy store or the catalog from being read.
 * Windows: GetBestRoute2 or GetBestRoute, RegQueryValueEx, WSCEnumProtocols.
 */
export function explain(destination: string, options: ExplainOptions = {}): Explanation {
  checkAddress(destination, 'destination');
  checkOptions(options, 'options');
  const { app, port = 0, protocol = 'tcp' } = options;
  if (app !== undefined) checkText(app, 'options.app');
  checkInteger(port, 'options.port', 0, 65535);
  checkWord(protocol, 'options.protocol', ['tcp', 'udp', 'raw']);
  return withAddon((native) => {
    const { routeError, pinInterface, ...found } = native.explain(destination, app ?? '', port, protocol);
    return {
      destination,
      app: app ?? null,
      port,
      protocol,
      installed: native.isInstalled(),
      ...found,
      routeError: routeError === null ? null : (fromNative(routeError) as LspError),
      pinInterface: pinInterface === 0 ? null : pinInterface,
    };
  });
}
