/**
 * winsock-lsp: the missing `src` of Windows routes. Importing it works everywhere; a function of Windows' throws an LspError
 * with the code ERR_UNSUPPORTED_PLATFORM elsewhere.
 */

export { LspError } from './errors.js';
export {
  enumerateCatalog,
  installLsp,
  isInstalled,
  removeLsp,
  type Architecture,
  type CatalogEntry,
  type InstallOptions,
  type InstallReport,
  type RemoveReport,
} from './catalog.js';
export {
  backupCatalogs,
  restoreCatalogs,
  type BackupOptions,
  type RestoreOptions,
  type RestoreReport,
} from './backup.js';
export { doctor, type DoctorOptions, type DoctorReport, type FailedFix, type Finding } from './doctor.js';
export { orderCatalog, type OrderOptions, type OrderReport } from './order.js';
export { enumerateNamespaceProviders, type NamespaceProvider } from './namespaces.js';
export {
  explain,
  getBestRoute,
  type BestRoute,
  type Explanation,
  type ExplainOptions,
  type Otherwise,
  type Protocol,
  type Reason,
} from './routes.js';
export * as tunnel from './tunnel.js';
export type { PublishedTunnel, TunnelOptions } from './tunnel.js';
export { readStats, type Stats } from './stats.js';
