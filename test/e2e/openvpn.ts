/** The real OpenVPN, server and client, in the network's namespaces. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Keys } from './keys.js';
import { addresses, interfaces, priorities, type Network } from './network.js';
import type { RunningProcess } from './processes.js';

export const tunnel = {
  interface: 'tun0',
  subnet: '128.129.0.0',
  netmask: '255.255.255.0',
  server: '128.129.0.1',
  /** What a client's virtual address looks like. */
  virtualAddress: /^128\.129\.0\.\d+$/,
} as const;

const connected = /Initialization Sequence Completed/;
const port = 1194;
/** The routing table of what goes back to the client's physical address. */
const wayBackTable = '100';

const adapter = `
dev ${tunnel.interface}
dev-type tun
script-security 2
disable-dco
verb 3
`;
const common = `${adapter}
proto udp4
port ${port}
topology subnet
`;

export interface ServerOptions {
  network: Network;
  /** Where its configuration goes. */
  directory: string;
  keys: Keys;
  /** What it tells the client that its address is; the client's real one unless told. */
  clientAddress?: string;
}

/** Starts the server, and waits until it serves. */
export async function startServer(options: ServerOptions): Promise<RunningProcess> {
  const { network, directory, keys, clientAddress = '$trusted_ip' } = options;
  mkdirSync(directory, { recursive: true });
  const physical = [addresses.client, addresses.clientElsewhere];
  const onConnect = join(directory, 'client-connect.sh');
  // OpenVPN names the file for the client's own directives as the last argument.
  writeFileSync(
    onConnect,
    `#!/bin/sh\nset -e\n{\n  echo "push \\"setenv-safe clientip ${clientAddress}\\""\n` +
      `${physical.map((address) => `  echo "iroute ${address} 255.255.255.255"\n`).join('')}} > "$1"\n`,
  );
  const configuration = join(directory, 'server.conf');
  writeFileSync(
    configuration,
    `${common}
local ${addresses.server}
server ${tunnel.subnet} ${tunnel.netmask}
push "route 1.2.3.0 255.255.255.0"
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
    const toClient = [address, 'dev', tunnel.interface, 'table', wayBackTable];
    await network.exec('server', ['ip', 'route', 'replace', ...toClient]);
    const rule = ['iif', interfaces.towardsTarget, 'to', address, 'lookup', wayBackTable];
    await network.exec('server', ['ip', 'rule', 'add', 'priority', String(priorities.intoTunnel), ...rule]);
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
}

export interface StartOptions {
  /** The directory through which its events reach a plugin host (`plugin_host.ts`); without it they reach nobody. */
  spool?: string;
}

const handOver = fileURLToPath(new URL('hand_over_event.sh', import.meta.url));

/** A client that can be started and stopped again and again. */
export class OpenVpnClient {
  readonly #options: ClientOptions;
  #process: RunningProcess | undefined;
  #log = '';

  constructor(options: ClientOptions) {
    this.#options = options;
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
    if ((await network.counters('client', tunnel.interface)) !== undefined) return;
    await network.exec('client', ['ip', 'tuntap', 'add', 'dev', tunnel.interface, 'mode', 'tun']);
  }

  #configuration({ spool }: StartOptions): string {
    const { keys, configuration } = this.#options;
    const event = (name: string, directory: string) =>
      `${name} ${quote(`/bin/sh ${quote(handOver)} ${quote(directory)} ${name}`)}\n`;
    const events = spool === undefined ? '' : ['up', 'route-up', 'down'].map((name) => event(name, spool)).join('');
    if (configuration !== undefined) return `${configuration}\n${adapter}${events}`;
    return `${common}
client
nobind
remote ${addresses.server}
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
function quote(word: string): string {
  return `"${word.replaceAll(/["\\]/g, '\\$&')}"`;
}
