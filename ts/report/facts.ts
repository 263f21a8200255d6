/** What the report is made of. */

import { hostname, release, userInfo } from 'node:os';

import { enumerateCatalog, type CatalogEntry } from '../catalog.js';
import { connections, type ConnectionTable } from '../connections.js';
import { doctor, type DoctorReport } from '../doctor.js';
import { LspError } from '../errors.js';
import { catalogHistory, type CatalogHistory } from '../history.js';
import type { Architecture } from '../native.js';
import { get as readPolicy, type StoredPolicy } from '../policy.js';
import { readStats, recentDecisions, type Decision, type Stats } from '../stats.js';
import { list as listTunnels, type PublishedTunnel } from '../tunnel.js';

/** What could be found out, or why not. */
export type Fact<T> = { value: T; error: null } | { value: null; error: string };

export interface ReportFacts {
  time: Date;
  version: string;
  windows: string;
  computer: string;
  user: string;
  catalogs: { architecture: Architecture; entries: Fact<CatalogEntry[]> }[];
  doctor: Fact<DoctorReport>;
  policy: Fact<StoredPolicy>;
  tunnels: Fact<PublishedTunnel[]>;
  stats: Fact<Stats>;
  decisions: Fact<Decision[]>;
  connections: Fact<ConnectionTable>;
  history: Fact<CatalogHistory>;
}

async function fact<T>(find: () => T | Promise<T>): Promise<Fact<T>> {
  try {
    return { value: await find(), error: null };
  } catch (error) {
    if (!(error instanceof LspError) || error.code === 'ERR_UNSUPPORTED_PLATFORM' || error.code === 'ERR_ADDON_NOT_LOADED') throw error;
    return { value: null, error: error.message };
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USERNAME ?? '';
  }
}

/** Asks everything once. What cannot be found out is told in its place. Throws ERR_UNSUPPORTED_PLATFORM, ERR_ADDON_NOT_LOADED. */
export async function collectFacts(version: string): Promise<ReportFacts> {
  const entriesOf = (architecture: Architecture) => fact(() => enumerateCatalog({ architecture }));
  return {
    time: new Date(),
    version,
    windows: `${release()}, ${process.arch} process`,
    computer: hostname(),
    user: userName(),
    catalogs: [
      { architecture: 'x64', entries: await entriesOf('x64') },
      { architecture: 'ia32', entries: await entriesOf('ia32') },
    ],
    doctor: await fact(() => doctor()),
    policy: await fact(() => readPolicy()),
    tunnels: await fact(() => listTunnels()),
    stats: await fact(() => readStats()),
    decisions: await fact(() => recentDecisions()),
    connections: await fact(() => connections()),
    history: await fact(() => catalogHistory({ count: 100 })),
  };
}
