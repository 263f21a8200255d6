/**
 * winsock-lsp: the missing `src` of Windows routes. Importing it works everywhere; a function of Windows' throws an LspError
 * with the code ERR_UNSUPPORTED_PLATFORM elsewhere (`isSupported` tells before).
 *
 * A function answers at once if what it asks is at hand: the catalogs, the registry, a route, the counters. What changes the machine, and
 * what has to look through it or to wait (planInstall, planRemove, doctor), gives a Promise and works off the main thread.
 *
 * @module winsock-lsp
 */

export type { Abortable } from './abort.js';
export { AbortError, isLspError, LspError } from './errors.js';
export type { LspErrorCode } from './error_codes.js';
export { isSupported } from './native.js';
export type { Publication } from './tunnel.js';
export { enumerateCatalog, type Architecture, type CatalogEntry, type ChainPart } from './catalog.js';
export { mapCatalog, type CatalogMap, type LayeredProvider, type ProviderTree } from './catalog_map.js';
export type {
  AddressFamilyName,
  Flags,
  ProtocolName,
  ProviderFlag,
  ServiceFlag,
  SocketTypeName,
} from './protocol_info.js';
export {
  installLsp,
  isInstalled,
  openVpnPluginLine,
  planInstall,
  planRemove,
  removeLsp,
  type CatalogPlan,
  type InstallOptions,
  type InstallPlan,
  type InstallReport,
  type Over,
  type Plan,
  type PlannedEntry,
  type RemoveOptions,
  type RemoveReport,
} from './install.js';
export { enumerateNamespaceProviders, type NamespaceName, type NamespaceProvider } from './namespaces.js';
export {
  backupCatalogs,
  restoreCatalogs,
  type BackupOptions,
  type RestoreOptions,
  type RestoreReport,
} from './backup.js';
export { doctor, type DoctorOptions, type DoctorReport, type FailedFix, type Finding } from './doctor.js';
export { orderCatalog, type OrderOptions, type OrderReport } from './order.js';
export {
  explain,
  explainIncoming,
  getBestRoute,
  type BestRoute,
  type Block,
  type Explanation,
  type ExplainIncomingOptions,
  type ExplainOptions,
  type IncomingExplanation,
  type Otherwise,
  type Protocol,
  type Reason,
  type Verdict,
} from './routes.js';
export * as apps from './apps.js';
export type { AppGoal, AppRules } from './apps.js';
export * as policy from './policy.js';
export { PolicyError, type PolicyFault, type PolicyRule, type StoredPolicy } from './policy.js';
export * as proxy from './proxy.js';
export type { ProxyCredential, ProxyLogin, ProxyStep, ProxyTestOptions, ProxyTestReport } from './proxy.js';
export * as tunnel from './tunnel.js';
export type { PublishedTunnel, TunnelOptions } from './tunnel.js';
export { catalogHistory, type CatalogHistory, type HistoryOptions } from './history.js';
export type { CatalogChange, CatalogEvent } from './catalog_events.js';
export type { ConnectionChange } from './connection_changes.js';
export {
  connections,
  watchConnections,
  type Connection,
  type ConnectionDecision,
  type ConnectionPolicy,
  type ConnectionTable,
  type TcpState,
  type WatchConnectionsOptions,
} from './connections.js';
export {
  readStats,
  readStatsByProcess,
  recentDecisions,
  watchDecisions,
  type Decision,
  type DecisionResult,
  type LedThrough,
  type ProxyOutcome,
  type ProcessStats,
  type Stats,
  type StatsOptions,
  type WatchedDecision,
  type WatchOptions,
} from './stats.js';
