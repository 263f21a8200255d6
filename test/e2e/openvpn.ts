/** The real OpenVPN, server and client, in the network's namespaces. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Keys } from './keys.js';
import { addresses, interfaces, priorities, type Network } from './network.js';
import type { RunningProcess } from './processes.js';

/** One server and what it leads to; both ends call the interface the same. */
export interface TunnelPlan {
  interface: string;
  port: number;
  subnet: string;
  netmask: string;
  server: string;
  /** What a client's virtual address looks like. */
  virtualAddress: RegExp;
  /** The network behind the server, which the client's route leads to. */
  behind: string;
  /** The server's routing table of what goes back to the client's physical address, and the rule for it. */
  wayBack: { table: string; priority: number };
}

export const tunnel = {
  interface: 'tun0',
  port: 1194,
  subnet: '128.129.0.0',
  netmask: '255.255.255.0',
  server: '128.129.0.1',
  virtualAddress: /^128\.129\.0\.\d+$/,
  behind: '1.2.3.0 255.255.255.0',
  wayBack: { table: '100', priority: priorities.intoTunnel },
} as const satisfies TunnelPlan;

/** What openvpn.exe gets as its virtual address (openvpn_exe.ts); the pool begins at .2. */
export const exeAddress = (plan: TunnelPlan) => plan.subnet.replace(/\.\d+$/, '.200');

const connected = /Initialization Sequence Completed/;

const adapter = (plan: TunnelPlan) => `
dev ${plan.interface}
dev-type tun
script-security 2
disable-dco
verb 3
`;
const common = (plan: TunnelPlan) => `${adapter(plan)}
proto udp4
topology subnet
`;

export interface ServerOptions {
  network: Network;
  /** Where its configuration goes. */
  directory: string;
  keys: Keys;
  /** What it tells the client that its address is; the client's real one unless told. */
  clientAddress?: string;
  /** `tunnel` unless told. */
  plan?: TunnelPlan;
  /** Whose packets take the way back; all that the client may have, unless told. */
  physical?: readonly string[];
}

/** Starts the server, and waits until it serves. */
export async function startServer(options: ServerOptions): Promise<RunningProcess> {
  const { network, directory, keys, clientAddress = '$trusted_ip', plan = tunnel } = options;
  const { physical = [addresses.client, addresses.clientElsewhere] } = options;
  mkdirSync(directory, { recursive: true });
  const onConnect = join(directory, 'client-connect.sh');
  // OpenVPN names the file for the client's own directives as the last argument.
  writeFileSync(
    onConnect,
    `#!/bin/sh
set -e
{
  echo "push \\"setenv-safe clientip ${clientAddress}\\""
  # No packet comes out of its session: the physical addresses are behind the other one.
  if [ "$common_name" = openvpn.exe ]; then
    echo "ifconfig-push ${exeAddress(plan)} ${plan.netmask}"
  else
${physical.map((address) => `    echo "iroute ${address} 255.255.255.255"\n`).join('')}  fi
} > "$1"
`,
  );
  const configuration = join(directory, 'server.conf');
  writeFileSync(
    configuration,
    `${common(plan)}
port ${plan.port}
local ${addresses.server}
server ${plan.subnet} ${plan.netmask}
push "route ${plan.behind}"
client-connect ${quote(`/bin/sh ${quote(onConnect)}`)}
ca ${quote(keys.authority)}
cert ${quote(keys.server.certificate)}
key ${quote(keys.server.key)}
dh none
keepalive 2 20
`,
  );
  const server = network.spawn('server', ['openvpn', '--config', configuration]);
  await server.waitForOutput(connected);

  // What is forwarded to the client's physical addresses goes into the tunnel. OpenVPN's own packets to them are not
  // forwarded but sent by this host, so the rule does not see them, and they do not loop.
  for (const address of physical) {
    const { table, priority } = plan.wayBack;
    const toClient = [address, 'dev', plan.interface, 'table', table];
    await network.exec('server', ['ip', 'route', 'replace', ...toClient]);
    const rule = ['iif', interfaces.towardsTarget, 'to', address, 'lookup', table];
    await network.exec('server', ['ip', 'rule', 'add', 'priority', String(priority), ...rule]);
  }
  return server;
}

export interface ClientOptions {
  network: Network;
  /** Where its configuration goes. */
  directory: string;
  keys: Keys;
  /** Instead of the one that goes with `startServer`; what the test network needs is added to it. */
  configuration?: string | undefined;
  /** `tunnel` unless told. */
  plan?: TunnelPlan;
}

export interface StartOptions {
  /** The directory through which its events reach a plugin host (`plugin_host.ts`); without it they reach nobody. */
  spool?: string;
}

const handOver = fileURLToPath(new URL('hand_over_event.sh', import.meta.url));

/** A client that can be started and stopped again and again. */
export class OpenVpnClient {
  readonly #options: ClientOptions;
  readonly #plan: TunnelPlan;
  #process: RunningProcess | undefined;
  #log = '';

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#plan = options.plan ?? tunnel;
    mkdirSync(options.directory, { recursive: true });
  }

  /** What all its runs have logged. */
  get log(): string {
    return this.#log + (this.#process?.stdout ?? '');
  }

  /** Starts it and waits until the tunnel is up: addresses, routes, and the events' answers. */
  async start(options: StartOptions = {}): Promise<void> {
    if (this.#process !== undefined) throw new Error('cannot start the OpenVPN client: it runs already; stop it first');
    const { network, directory } = this.#options;
    const configuration = join(directory, 'client.conf');
    writeFileSync(configuration, this.#configuration(options));
    await this.#requireAdapter();
    this.#process = network.spawn('client', ['openvpn', '--cd', directory, '--config', configuration]);
    await this.waitForState('connected');
  }

  /** Waits until the tunnel is up, or the process has ended (by itself, as after a failing event). */
  async waitForState(state: 'connected' | 'ended', timeoutMilliseconds = 30_000): Promise<void> {
    const client = this.#process;
    if (client === undefined) throw new Error('the OpenVPN client is not running; start it first');
    if (state === 'connected') {
      await client.waitForOutput(connected, { timeoutMilliseconds });
    } else {
      await client.waitFor(() => (client.code === undefined ? undefined : true), 'to end', timeoutMilliseconds);
    }
  }

  /** Takes the tunnel down in order, the down event included. Without effect if it is not running. */
  async stop(): Promise<void> {
    const client = this.#process;
    if (client === undefined) return;
    await client.stop(15_000);
    this.#log += client.stdout;
    this.#process = undefined;
  }

  /**
   * The tunnel's interface exists before and after a session, as adapters on Windows do. Wine also would take a new one of
   * the same name for the old one, and use an index that is gone.
   */
  async #requireAdapter(): Promise<void> {
    const { network } = this.#options;
    const device = this.#plan.interface;
    if ((await network.counters('client', device)) !== undefined) return;
    await network.exec('client', ['ip', 'tuntap', 'add', 'dev', device, 'mode', 'tun']);
  }

  #configuration({ spool }: StartOptions): string {
    const { keys, configuration } = this.#options;
    const event = (name: string, directory: string) =>
      `${name} ${quote(`/bin/sh ${quote(handOver)} ${quote(directory)} ${name}`)}\n`;
    const events = spool === undefined ? '' : ['up', 'route-up', 'down'].map((name) => event(name, spool)).join('');
    if (configuration !== undefined) return `${configuration}\n${adapter(this.#plan)}${events}`;
    return `${common(this.#plan)}
client
nobind
remote ${addresses.server} ${this.#plan.port}
remote-cert-tls server
ca ${quote(keys.authority)}
cert ${quote(keys.client.certificate)}
key ${quote(keys.client.key)}
explicit-exit-notify 1
connect-retry 1 2
${events}`;
  }
}

/** One word of an OpenVPN configuration, or of a command line in it. openvpn(8), "Notes on scripts and quoting". */
export function quote(word: string): string {
  return `"${word.replaceAll(/["\\]/g, '\\$&')}"`;
}
