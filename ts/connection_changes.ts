/** What opens and what closes, by comparing tables of connections. Pure. */

import type { Connection } from './connections.js';

export interface ConnectionChange {
  change: 'opened' | 'closed';
  /** When it was noticed. */
  time: Date;
  /** As it is now, or as it was when it was last seen. */
  connection: Connection;
}

type Known = ReadonlyMap<string, Connection>;

/** Those that Windows only remembers. */
const over = new Set(['closed', 'time_wait', 'delete_tcb']);

/** A socket that others take for the same later: its time, where Windows tells it, or its process tells them apart. */
function keyOf({ protocol, localAddress, localPort, remoteAddress, remotePort, processId, created }: Connection): string {
  // A connection that is being closed has no process any more; one that Windows knows the time of needs none.
  const owner = created === null ? processId : created.getTime();
  return `${protocol} ${localAddress} ${localPort} ${remoteAddress ?? ''} ${remotePort ?? ''} ${owner}`;
}

/** By what tells them apart; without those that are over. */
export function liveConnections(connections: readonly Connection[]): Map<string, Connection> {
  return new Map(connections.filter(({ state }) => state === null || !over.has(state)).map((each) => [keyOf(each), each]));
}

/** What has opened and closed between two tables: closes first, because a port is used again. */
export function compareConnections(before: Known, after: Known, time: Date): ConnectionChange[] {
  const changes: ConnectionChange[] = [];
  for (const [key, connection] of before) if (!after.has(key)) changes.push({ change: 'closed', time, connection });
  for (const [key, connection] of after) if (!before.has(key)) changes.push({ change: 'opened', time, connection });
  return changes;
}
