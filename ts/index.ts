/** winsock-lsp's functions. Importing works on every platform; calling one elsewhere than on Windows throws. */

export { ArgumentError, LspError, type ArgumentErrorCode, type LspErrorDetails } from './errors.js';
export {
  enumerateCatalog,
  installLsp,
  isInstalled,
  removeLsp,
  type Architecture,
  type CatalogEntry,
  type EnumerateOptions,
  type InstallOptions,
  type InstallReport,
  type RemoveReport,
} from './catalog.js';
export {
  explain,
  getBestRoute,
  type BestRoute,
  type DecisionReason,
  type ExplainOptions,
  type Explanation,
  type Protocol,
  type Verdict,
} from './routes.js';
export { tunnel, type Otherwise, type TunnelOptions, type TunnelStatus } from './tunnels.js';
export { readStats, type CounterName, type Stats, type StatsOptions } from './telemetry.js';
