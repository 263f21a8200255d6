/** The addon (binding/): what it exports, and how it is loaded. */

import { LspError, toLspError } from './errors.js';
import { log, logged } from './log.js';
import { addonPath } from './native_files.js';

export type Architecture = 'x64' | 'ia32';
export type Otherwise = 'keep' | 'refuse';
export type Protocol = 'tcp' | 'udp' | 'raw';

export interface NativeCatalogEntry {
  id: number;
  providerId: string;
  name: string;
  path: string;
  chainLength: number;
  chain: number[];
  version: number;
  addressFamily: number;
  socketType: number;
  protocol: number;
  providerFlags: number;
  serviceFlags: number;
  messageSize: number;
  ours: boolean;
}

export interface NativeNamespaceProvider {
  id: string;
  name: string;
  namespace: number;
  version: number;
  active: boolean;
  path: string;
  identifier: string;
  storesServiceClasses: boolean;
}

/** An entry of a backup; the members are WSAPROTOCOL_INFOW's. */
export interface NativeBackupEntry {
  id: number;
  name: string;
  provider: string;
  path: string;
  chainLength: number;
  chain: number[];
  serviceFlags1: number;
  serviceFlags2: number;
  serviceFlags3: number;
  serviceFlags4: number;
  providerFlags: number;
  version: number;
  addressFamily: number;
  maxSockAddr: number;
  minSockAddr: number;
  socketType: number;
  protocol: number;
  protocolMaxOffset: number;
  networkByteOrder: number;
  securityScheme: number;
  messageSize: number;
  providerReserved: number;
  lspCategories?: number;
}

export interface NativeBackupNamespace {
  name: string;
  identifier: string;
  provider: string;
  path: string;
  namespace: number;
  version: number;
  active: boolean;
  storesServiceClasses: boolean;
}

export interface NativeBackupCatalog {
  architecture: Architecture;
  entries: NativeBackupEntry[];
  namespaces?: NativeBackupNamespace[];
}

export interface NativeFinding {
  code: string;
  severity: 'error' | 'warning' | 'info';
  message: string;
  remedy: string;
  fix:
    | 'none'
    | 'install'
    | 'install_anew'
    | 'clear_tunnel'
    | 'clear_delegated_tunnel'
    | 'publish_again'
    | 'restore_host_model'
    | 'delete_file';
  /** What the fix is about: a tunnel's name, a path. */
  subject: string;
}

export interface NativeDiagnosis {
  findings: NativeFinding[];
  installed: boolean;
  /** What is registered and good, to repair with. */
  dll: string | null;
  dll32: string | null;
  /** Whether the 32-bit catalog has something of ours, or is to. */
  covers32: boolean;
}

export interface NativeRoute {
  interfaceIndex: number;
  source: string;
  nextHop: string | null;
  prefix: string | null;
  metric: number;
  oracle: 'GetBestRoute2' | 'GetBestRoute';
}

/** What a rule says is to be done. */
export type Verdict = 'keep' | 'source' | 'refuse' | 'through' | 'socks5';

export interface NativeExplanation {
  route: NativeRoute | null;
  routeError: Error | null;
  verdict: Verdict;
  reason: string;
  source: string | null;
  /** With `socks5`. */
  proxy: string | null;
  proxyPort: number;
  /** With `through`: the best route on that interface, or why there is none. */
  way: NativeRoute | null;
  wayError: Error | null;
  /** 0 for none. */
  pinInterface: number;
  otherwise: Otherwise;
  rule: string | null;
  tunnel: string | null;
  block: string | null;
  policyRejected: string | null;
}

export interface NativeIncomingExplanation {
  verdict: 'keep' | 'refuse';
  reason: string;
  rule: string | null;
  tunnel: string | null;
  block: string | null;
  policyRejected: string | null;
}

export interface NativeTunnel {
  name: string;
  interfaceIndex: number;
  address?: string | undefined;
  source?: string | undefined;
  address6?: string | undefined;
  source6?: string | undefined;
  otherwise: Otherwise;
  publisher: 'self' | 'none' | number;
}

export interface NativeStoredTunnel {
  name: string;
  interfaceIndex: number;
  address: string | null;
  address6: string | null;
  source: string | null;
  source6: string | null;
  otherwise: Otherwise;
  /** 0 for nobody. */
  publisher: number;
  delegated: boolean;
  alive: boolean;
  rejected: string | null;
}

export interface NativePolicy {
  lines: string[];
  /** For each rule, in order. */
  missingInterfaces: (string | null)[];
  refusing: boolean[];
  unknown: (string | null)[];
  rejected: string | null;
}

export interface NativeDecision {
  number: number;
  /** Milliseconds since 1970. */
  time: number;
  processId: number;
  image: string;
  protocol: Protocol;
  destination: string;
  port: number;
  incoming: boolean;
  verdict: Verdict;
  reason: string;
  /** -1 for none. */
  ruleNumber: number;
  rule: string | null;
  source: string | null;
  result: string;
  /** 0 for none. */
  error: number;
  proxy: { address: string; port: number; outcome: string; reply: number; milliseconds: number } | null;
}

/** What all processes that use one DLL have counted, by the counters' native names. */
export interface NativeCounters {
  total: Record<string, number>;
  processes: { processId: number; image: string; running: boolean; counters: Record<string, number> }[];
}

/** What a user's programs of one session have recorded. */
export interface NativeDecisionRing {
  name: string;
  next: number;
  decisions: NativeDecision[];
}

/** What the provider told, and what the policy says. */
export interface NativeConnectionDecision {
  time: number;
  certain: boolean;
  verdict: Verdict;
  reason: string;
  /** -1 for none. */
  ruleNumber: number;
  rule: string | null;
  tunnel: string | null;
  source: string | null;
  result: string;
}

export interface NativeConnection {
  protocol: 'tcp' | 'udp';
  state: string | null;
  localAddress: string;
  localPort: number;
  remoteAddress: string | null;
  remotePort: number | null;
  destinationAddress: string | null;
  destinationPort: number | null;
  /** Milliseconds since 1970. */
  created: number | null;
  /** 0 for nobody. */
  processId: number;
  image: string | null;
  path: string | null;
  started: number | null;
  block: string | null;
  /** 0 for none. */
  interfaceIndex: number;
  interfaceName: string | null;
  incoming: boolean;
  decided: NativeConnectionDecision | null;
  says: {
    verdict: Verdict;
    reason: string;
    source: string | null;
    otherwise: Otherwise;
    rule: string | null;
    tunnel: string | null;
  } | null;
  standing: 'unknown' | 'current' | 'stale';
}

export interface NativeConnections {
  connections: NativeConnection[];
  policyKnown: boolean;
  policyRejected: string | null;
}

/** What install and remove share of their plans. */
export interface NativePlan {
  changes: boolean;
  over: string;
  overChanges: boolean;
  deleted: string[];
  /** Ids from here on are of entries that do not exist yet. */
  firstPlannedId: number;
  catalogs: {
    architecture: Architecture;
    /** Empty for none. */
    fault: string;
    removed: NativeCatalogEntry[];
    added: NativeCatalogEntry[];
    after: NativeCatalogEntry[];
  }[];
}

export interface NativeInstallOptions {
  dll: string;
  dll32?: string | undefined;
  name?: string | undefined;
  /** `all`, or a list such as `tcp,1001`. */
  over?: string | undefined;
  /** Make our entries again even where nothing is found wrong with them. */
  anew?: boolean | undefined;
  /** Take the place of a newer version too. */
  downgrade?: boolean | undefined;
}

export interface NativeProxyTrial {
  address: string;
  port: number;
  login?: string | undefined;
  destination?: string | undefined;
  destinationPort?: number | undefined;
  timeout: number;
}

export interface NativeProxyReport {
  steps: { name: 'connect' | 'method' | 'login' | 'request'; milliseconds: number; answer: string }[];
  loginSent: boolean;
  error: Error | null;
  /** 0 for none, or success. */
  reply: number;
}

/** What calls a change of the catalog off (binding/cancellation.hpp). */
export type Cancellation = object;

export interface Native {
  newCancellation(): Cancellation;
  cancel(cancellation: Cancellation): void;
  enumerateCatalog(architecture?: Architecture): NativeCatalogEntry[];
  enumerateNamespaces(architecture?: Architecture): NativeNamespaceProvider[];
  installProvider(
    options: NativeInstallOptions,
    cancellation?: Cancellation,
  ): Promise<{ changed: boolean; path: string; entries: number[]; backup: string | null }>;
  /** `source`: what would be copied to `dll` before. */
  planInstall(
    options: NativeInstallOptions & { source?: string | undefined; source32?: string | undefined },
  ): Promise<NativePlan>;
  planRemove(): Promise<NativePlan>;
  planStaging(source: string): Promise<{ path: string; copies: { from: string; to: string }[] }>;
  removeProvider(
    options: { purge: boolean },
    cancellation?: Cancellation,
  ): Promise<{ changed: boolean; entries: number[]; backup: string | null; rules: number; purged: boolean }>;
  /** Before one of them is copied: whether others can replace them, and whether they are older than what is registered. */
  checkSources(dlls: string[], trustSource: boolean, downgrade: boolean): Promise<void>;
  /** Rejects if this process is elevated and others can replace its program, the addon, or one of these files. */
  checkRunFrom(scripts: string[]): Promise<void>;
  stageProviderDll(source: string, trustSource: boolean): Promise<string>;
  backupText(): Promise<string>;
  restoreCatalogs(
    catalogs: NativeBackupCatalog[],
    options: { exact: boolean; dryRun: boolean },
    cancellation?: Cancellation,
  ): Promise<{ changed: boolean; steps: string[]; notes: string[]; backup: string | null }>;
  orderCatalog(
    architecture: Architecture | undefined,
    ids: number[],
    first: boolean,
    cancellation?: Cancellation,
  ): Promise<{ changed: boolean; before: number[]; after: number[]; backup: string | null }>;
  findAccount(account: string): Promise<{ name: string; sid: string }>;
  allowPublishers(accounts: string[]): Promise<void>;
  forbidPublishers(): Promise<void>;
  listPublishers(): { name: string; sid: string }[];
  openVpnPluginLine(): string;
  diagnose(): Promise<NativeDiagnosis>;
  clearTunnel(tunnel: string, delegated: boolean): Promise<void>;
  publishAgain(tunnel: string): Promise<void>;
  restoreHostModel(): Promise<void>;
  deleteLeftover(path: string): Promise<void>;
  isInstalled(): boolean;
  isElevated(): boolean;
  bestRoute(destination: string): NativeRoute;
  findAddress(address: string): { interfaceIndex: number; address: string; alias: string } | null;
  explain(destination: string, app: string, port: number, protocol: Protocol): NativeExplanation;
  explainIncoming(peer: string, app: string, port: number): NativeIncomingExplanation;
  publishTunnel(tunnel: NativeTunnel): Promise<void>;
  withdrawTunnel(name: string): Promise<void>;
  listTunnels(): NativeStoredTunnel[];
  readPolicy(): NativePolicy;
  policyWarnings(): { kind: 'proxy-loop' | 'login-in-clear'; rule: number; message: string }[];
  policyFault(lines: string[]): { line: number; column: number; message: string } | null;
  writePolicy(lines: string[], expected?: string[]): Promise<void>;
  setCredential(name: string, user: string, password: string): Promise<void>;
  deleteCredential(name: string): Promise<void>;
  /** `changedAt`: milliseconds since 1970. */
  listCredentials(): { name: string; user: string; changedAt: number }[];
  testProxy(trial: NativeProxyTrial, cancellation?: Cancellation): Promise<NativeProxyReport>;
  readTelemetry(dll: string): NativeCounters;
  listConnections(): Promise<NativeConnections>;
  /** The newest records, at most 10 000, as XML. */
  readCatalogLog(most: number): Promise<{ exists: boolean; enabled: boolean | null; records: string[] }>;
  /** The rings that this process may read; of each the decisions from the number on that `from` has under its name. */
  readDecisions(from: Record<string, number>): NativeDecisionRing[];
}

const canLoad = process.platform === 'win32' && (process.arch === 'x64' || process.arch === 'ia32');

/** Whether the package's functions work here: this is Windows for x64 or ia32, or a stand-in (`winsock-lsp/testing`) is in place. */
export let isSupported: boolean = canLoad;

let loaded: Native | undefined;
let standIn: Native | undefined;

/** Has `native` answer all calls instead of the addon; undefined: the addon again. For ts/testing. */
export function replaceNative(native: Native | undefined): void {
  standIn = native === undefined ? undefined : logged(native);
  isSupported = canLoad || native !== undefined;
}

/** Whether a stand-in answers. */
export const isReplaced = () => standIn !== undefined;

function loadAddon(): Native {
  const path = addonPath();
  const module = { exports: {} };
  process.dlopen(module, path);
  log('loaded %s', path);
  return logged(module.exports as Native);
}

function load(): Native {
  if (!canLoad) {
    throw new LspError(
      `This works on Windows for x64 and ia32 only, and this is ${process.platform} for ${process.arch}.`,
      { code: 'ERR_UNSUPPORTED_PLATFORM' },
    );
  }
  try {
    return loadAddon();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    log('the addon was not loaded: %s', reason);
    throw new LspError(`Cannot load the addon of winsock-lsp: ${reason}`, { code: 'ERR_ADDON_NOT_LOADED', cause });
  }
}

/**
 * Calls into the addon, which the first call loads; its errors become LspErrors. `use` may give a promise.
 * Errors: ERR_UNSUPPORTED_PLATFORM, ERR_ADDON_NOT_LOADED, those of the call.
 */
export function callNative<T>(use: (native: Native) => T): T {
  let result: T;
  try {
    result = use(standIn ?? (loaded ??= load()));
  } catch (error) {
    throw toLspError(error);
  }
  if (!(result instanceof Promise)) return result;
  return result.catch((error: unknown) => {
    throw toLspError(error);
  }) as T;
}
