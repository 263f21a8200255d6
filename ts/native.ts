/** What binding/ exports: the addon's surface, kept apart from its implementation. Absent values are null. */

import type { InstallReport, RemoveReport } from './catalog.js';
import type { BestRoute, DecisionReason, Protocol, Verdict } from './routes.js';
import type { Otherwise, TunnelStatus } from './tunnels.js';

export type Architecture = 'x64' | 'ia32';

/** WSAPROTOCOL_INFOW's numbers as they are; catalog.ts gives them their names. */
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
  ours: boolean;
}

export interface NativeInterfaceAddress {
  interfaceIndex: number;
  address: string;
  alias: string;
}

export interface NativeExplanation {
  route: BestRoute | null;
  routeError: Error | null;
  verdict: Verdict;
  reason: DecisionReason;
  source: string | null;
  /** 0: not pinned. */
  pinInterface: number;
  otherwise: Otherwise;
  rule: string | null;
  tunnel: string | null;
  policyRejected: string | null;
}

export interface NativeTunnel {
  name: string;
  interfaceIndex: number;
  address?: string;
  address6?: string;
  source?: string;
  source6?: string;
  otherwise: Otherwise;
  publisher: 'self' | 'none' | number;
}

export interface NativeTunnelStatus extends Omit<TunnelStatus, 'publisher'> {
  /** A process id; 0: nobody. */
  publisher: number;
}

export interface Native {
  enumerateCatalog(architecture?: Architecture): NativeCatalogEntry[];
  installProvider(options: { dll: string; dll32?: string; name?: string }): Promise<InstallReport>;
  removeProvider(): Promise<RemoveReport>;
  stageProviderDll(source: string): Promise<string>;
  isInstalled(): boolean;
  isElevated(): boolean;

  bestRoute(destination: string): BestRoute;
  findAddress(address: string): NativeInterfaceAddress | null;
  explain(destination: string, app: string, port: number, protocol: Protocol): NativeExplanation;

  publishTunnel(tunnel: NativeTunnel): Promise<void>;
  withdrawTunnel(name: string): Promise<void>;
  listTunnels(): NativeTunnelStatus[];

  /** By the names of lsp-dll/core/telemetry_layout. */
  readCounters(dll: string): Record<string, number>;
}
