/** Routes, and what the LSP makes of them. */

import { checkAddress, checkInteger, checkObject, checkOneOf, checkText } from './arguments.js';
import { LspError, toLspError } from './errors.js';
import { callNative, type NativeRoute, type Otherwise, type Protocol, type Verdict } from './native.js';

export type { Otherwise, Protocol, Verdict } from './native.js';

export interface BestRoute {
  /** Of the interface through which packets leave. */
  interfaceIndex: number;
  /** The source address that Windows chooses. */
  source: string;
  /** The gateway; null if the destination is on the link. */
  nextHop: string | null;
  /** The route's prefix, as in `10.0.0.0/8`; null where Windows does not tell. */
  prefix: string | null;
  metric: number;
  /** Which Windows function answered. */
  oracle: 'GetBestRoute2' | 'GetBestRoute';
}

/**
 * The route that Windows takes to an address, and the source address that it chooses.
 *
 * @param destination An IPv4 or IPv6 address.
 * @throws LspError ERROR_NETWORK_UNREACHABLE, ERROR_HOST_UNREACHABLE: there is no route; ERROR_NOT_SUPPORTED: IPv6 where Windows has
 *   only GetBestRoute; others as Windows gives them; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: GetBestRoute2; GetBestRoute where that is missing.
 */
export function getBestRoute(destination: string): BestRoute {
  checkAddress(destination, 'destination');
  return callNative((native) => native.bestRoute(destination));
}

export interface ExplainOptions {
  /**
   * The full path of the program's image, as in `C:\Program Files\App\app.exe`. Unless told: a program that no rule names.
   */
  app?: string | undefined;
  /** The destination's port, 0 to 65535; 0 unless told. */
  port?: number | undefined;
  /** `tcp` unless told. */
  protocol?: Protocol | undefined;
}

/**
 * `rule`, `already_source`: a rule won (and Windows would choose its source anyway); `no_source`: a rule won that names an interface
 * which is absent or has no address of the destination's family, so its `otherwise` applies; `not_tcp`: one for a proxy, which takes TCP
 * alone, so its `otherwise` applies; `proxy`: TCP to a proxy that a rule names, which is never touched; `unknown_action`: a
 * rule won whose action a newer version wrote and this one does not know, so it refuses; `no_rule`: none
 * matched; the others say which kind of destination it is that is never touched.
 */
export type Reason =
  | 'rule'
  | 'already_source'
  | 'no_source'
  | 'unknown_action'
  | 'not_tcp'
  | 'proxy'
  | 'no_rule'
  | 'unspecified'
  | 'loopback'
  | 'multicast'
  | 'broadcast'
  | 'link_local'
  | 'tunnel_subnet';

/**
 * `extension_points`: the program runs without them (exploit protection); `microsoft_only`: it loads DLLs that Microsoft has signed, and no
 * others; `category`: Windows permits it some LSP categories only, as its services, and ours has none; `packaged`: a packaged app, and these
 * mostly run in app containers.
 */
export type Block = 'extension_points' | 'microsoft_only' | 'category' | 'packaged';

export interface Explanation {
  destination: string;
  app: string;
  port: number;
  protocol: Protocol;
  /** Null if there is none: then `routeError` says why. */
  route: BestRoute | null;
  routeError: LspError | null;
  /**
   * `keep`: nothing is changed; `source`: the socket is bound to `source` first; `through`: it leaves through `pinInterface`, from
   * `source`; `socks5`: it is led through `proxy`; `refuse`: the call fails.
   */
  verdict: Verdict;
  reason: Reason;
  source: string | null;
  /** With `socks5`: as in `127.0.0.1:1080`. */
  proxy: string | null;
  /** With `through`: the best of the routes on that interface; null if there is none: then `wayError` says why. */
  way: BestRoute | null;
  wayError: LspError | null;
  /** With `source` and `through`: the interface through which the packets leave or not at all; null for no such restriction. */
  pinInterface: number | null;
  /** What happens if the source cannot be used. */
  otherwise: Otherwise;
  /** The rule that won, as the policy has it. */
  rule: string | null;
  /** The tunnel whose rule it is; null for one of the administrator's. */
  tunnel: string | null;
  /** Why Windows loads no LSP into the program of `app`, so that no rule reaches it; null as far as can be told. */
  block: Block | null;
  /** Why the administrator's rules are not in force, if they cannot be read. */
  policyRejected: string | null;
}

/**
 * What the LSP does, by the policy as it is now, with a connection or a datagram to an address; whether the LSP is installed or
 * not.
 *
 * @param destination An IPv4 or IPv6 address.
 * @throws LspError ERROR_ACCESS_DENIED and others of reading the registry; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE;
 *   ERR_UNSUPPORTED_PLATFORM. That there is no route is no error.
 *
 * Windows: those of getBestRoute, RegOpenKeyExW, RegQueryValueExW.
 */
export function explain(destination: string, options: ExplainOptions = {}): Explanation {
  checkAddress(destination, 'destination');
  checkObject(options, 'options');
  const { app = '', port = 0, protocol = 'tcp' } = options;
  checkText(app, 'options.app');
  checkInteger(port, 'options.port', 0, 65_535);
  checkOneOf(protocol, 'options.protocol', ['tcp', 'udp', 'raw']);
  const { proxyPort, ...found } = callNative((native) => native.explain(destination, app, port, protocol));
  return {
    destination,
    app,
    port,
    protocol,
    ...found,
    reason: found.reason as Reason,
    block: found.block as Block | null,
    route: found.route satisfies NativeRoute | null,
    proxy: found.proxy === null ? null : found.proxy.includes(':') ? `[${found.proxy}]:${proxyPort}` : `${found.proxy}:${proxyPort}`,
    wayError: found.wayError === null ? null : (toLspError(found.wayError) as LspError),
    routeError: found.routeError === null ? null : (toLspError(found.routeError) as LspError),
    pinInterface: found.pinInterface === 0 ? null : found.pinInterface,
  };
}

export interface ExplainIncomingOptions {
  /** As in ExplainOptions: of the program that listens. */
  app?: string | undefined;
  /** The local port, 0 to 65535; 0 unless told. */
  port?: number | undefined;
}

export interface IncomingExplanation {
  peer: string;
  app: string;
  /** The local one. */
  port: number;
  /** `keep`: the connection is taken; `refuse`: it is reset. */
  verdict: 'keep' | 'refuse';
  reason: Reason;
  /** As in Explanation. */
  rule: string | null;
  tunnel: string | null;
  block: Block | null;
  policyRejected: string | null;
}

/**
 * What the LSP does, by the policy as it is now, with a connection that a peer makes to a program of this host.
 *
 * @param peer An IPv4 or IPv6 address.
 * @throws LspError as explain.
 */
export function explainIncoming(peer: string, options: ExplainIncomingOptions = {}): IncomingExplanation {
  checkAddress(peer, 'peer');
  checkObject(options, 'options');
  const { app = '', port = 0 } = options;
  checkText(app, 'options.app');
  checkInteger(port, 'options.port', 0, 65_535);
  const found = callNative((native) => native.explainIncoming(peer, app, port));
  return { peer, app, port, ...found, reason: found.reason as Reason, block: found.block as Block | null };
}
