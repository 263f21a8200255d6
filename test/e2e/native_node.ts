/** Linux's own node in a namespace: the peers of the Windows programs, and what they are compared with. */

import type { Network, Role } from './network.js';
import { programPath, type Exchange, type NodeHost } from './prober.js';
import type { RunningProcess } from './processes.js';

export function nativeNode(network: Network, role: Role): NodeHost {
  const argv = (script: string, parameters: readonly string[]) => [process.execPath, script, ...parameters];
  return {
    name: `Linux node ${process.versions.node}`,
    run: async (script, parameters) => (await network.exec(role, argv(script, parameters))).stdout,
    spawn: (script, parameters, environment) =>
      network.spawn(role, argv(script, parameters), { environment: { ...process.env, ...environment } }),
    path: (path) => path,
  };
}

/** Where the echo servers of `startEchoServers` listen. */
export const echoPorts = { tcp: 7001, udp: 7002, closed: 7009 } as const;

/** Servers that tell each peer which source address they see of it. */
export async function startEchoServers(network: Network, roles: readonly Role[]): Promise<void> {
  const servers = roles.map((role): RunningProcess => {
    const ports = [echoPorts.tcp, echoPorts.udp].map(String);
    return network.spawn(role, [process.execPath, programPath('server.cjs'), ...ports]);
  });
  await Promise.all(servers.map((server) => server.waitForOutput(/^listening$/m)));
}

/** Opens a connection, or sends a datagram, from a Linux host of the network. */
export async function visit(
  network: Network,
  role: Role,
  protocol: 'tcp' | 'udp',
  host: string,
  port: number,
): Promise<Exchange> {
  const stdout = await nativeNode(network, role).run(programPath(`${protocol}_client.cjs`), [host, String(port)]);
  return JSON.parse(stdout) as Exchange;
}
