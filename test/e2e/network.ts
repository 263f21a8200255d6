/**
 * The network of the scenario, in namespaces of its own:
 *
 *     client 11.22.33.44 ─┐
 *     lan    11.22.33.77 ─┼─ switch (a bridge)
 *     server 11.22.33.1  ─┘
 *     server 1.2.3.1     ─── 1.2.3.4 target
 *
 * The server is everybody's default gateway, but refuses to forward in clear between 11.22.33.0/24 and the target: what
 * passes between client and target has therefore been through the tunnel. No rule anywhere translates an address.
 */

import { execFileSync } from 'node:child_process';
import { onExit } from './cleanup.js';
import { namespacePrefix, removeNamespaces, removeStaleNamespaces } from './namespaces.js';
import { run, RunningProcess, type Completed, type RunOptions } from './processes.js';

export const roles = ['switch', 'client', 'lan', 'server', 'target'] as const;
export type Role = (typeof roles)[number];

/** IPv6 gets a second field beside each of these. */
export const addresses = {
  client: '11.22.33.44',
  /** Where the client roams to, in the tests that have it do so. */
  clientElsewhere: '11.22.33.66',
  lan: '11.22.33.77',
  server: '11.22.33.1',
  serverTowardsTarget: '1.2.3.1',
  target: '1.2.3.4',
  targetNetwork: '1.2.3.0/24',
  physicalNetwork: '11.22.33.0/24',
} as const;

/** The server's link to the target, and everybody's to the switch. */
export const interfaces = { physical: 'eth0', towardsTarget: 'eth1' } as const;

/** Of the server's routing rules: what goes into the tunnel is taken out before the rest is refused. */
export const priorities = { intoTunnel: 10_000, refusal: 20_000 } as const;

export interface NetworkOptions {
  /** Distinguishes several networks of one process. */
  name?: string;
}

export interface InterfaceCounters {
  receivedBytes: number;
  receivedPackets: number;
  sentBytes: number;
  sentPackets: number;
}

export class Network {
  readonly #prefix: string;
  readonly #forgetExit: () => void;
  #destroyed = false;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#forgetExit = onExit(() => this.destroy());
  }

  /** The namespace's name, as `ip netns` has it. */
  namespace(role: Role): string {
    return `${this.#prefix}${role}`;
  }

  /** Runs a command in a namespace to its end. */
  exec(role: Role, argv: readonly string[], options?: RunOptions): Promise<Completed> {
    return run(this.#inside(role, argv), options);
  }

  /** Starts a command in a namespace; it is ended with the network at the latest. */
  spawn(role: Role, argv: readonly string[], options?: RunOptions): RunningProcess {
    return new RunningProcess(this.#inside(role, argv), options);
  }

  /** What passed an interface since it was made; undefined while there is none of that name. */
  async counters(role: Role, name: string): Promise<InterfaceCounters | undefined> {
    const { code, stdout } = await run(['ip', '-n', this.namespace(role), '-j', '-s', 'link', 'show', 'dev', name], {
      mayFail: true,
    });
    if (code !== 0) return undefined;
    const [link] = JSON.parse(stdout) as { stats64: Record<'rx' | 'tx', { bytes: number; packets: number }> }[];
    if (link === undefined) return undefined;
    const { rx, tx } = link.stats64;
    return { receivedBytes: rx.bytes, receivedPackets: rx.packets, sentBytes: tx.bytes, sentPackets: tx.packets };
  }

  /**
   * Throws if address translation is at work in any namespace. Each kind of it on Linux needs connection tracking, which
   * a namespace does only once a rule asks for it: no tracked connection after traffic means no translation.
   */
  async assertNoTranslation(): Promise<void> {
    for (const role of roles) {
      const { stdout } = await this.exec(role, [
        'sh',
        '-c',
        'cat /proc/sys/net/netfilter/nf_conntrack_count /proc/net/ip_tables_names 2>/dev/null; exit 0',
      ]);
      const found = stdout.split('\n').filter((line) => line !== '' && line !== '0');
      if (found.length > 0) {
        throw new Error(
          `expected no address translation in namespace ${this.namespace(role)}, but found tracked connections ` +
            `or iptables tables there: ${found.join(', ')}`,
        );
      }
    }
  }

  /** Ends everything that runs in the network and removes it. May be called again. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    removeNamespaces(this.#prefix);
    this.#forgetExit();
  }

  #inside(role: Role, argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.namespace(role), ...argv];
  }
}

/** Builds the network. Needs root and network namespaces; see `missingForNetwork`. */
export function createNetwork({ name = '' }: NetworkOptions = {}): Network {
  removeStaleNamespaces();
  const prefix = namespacePrefix(name);
  const network = new Network(prefix);
  try {
    build(network);
  } catch (error) {
    network.destroy();
    throw error;
  }
  return network;
}

/** The host behaves towards addresses as design.md §8 needs it: as a weak one. */
const sysctls: Record<string, string> = {
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  'net.ipv6.conf.all.disable_ipv6': '1',
  'net.ipv6.conf.default.disable_ipv6': '1',
};

function build(network: Network): void {
  for (const role of roles) {
    ip([`netns add ${network.namespace(role)}`]);
    setSysctls(network, role, sysctls);
    ipIn(network, role, ['link set lo up']);
  }
  // Every refusal is told, so that a program without the tunnel learns it at once instead of waiting.
  setSysctls(network, 'server', { 'net.ipv4.ip_forward': '1', 'net.ipv4.icmp_ratelimit': '0' });

  const { physical, towardsTarget } = interfaces;
  ipIn(network, 'switch', ['link add bridge type bridge', 'link set bridge up']);
  for (const role of ['client', 'lan', 'server'] as const) {
    // Both ends are made where they belong, so nothing ever appears in the namespace that we were started in.
    ipIn(network, 'switch', [
      `link add ${role} type veth peer name ${physical} netns ${network.namespace(role)}`,
      `link set ${role} master bridge up`,
    ]);
    ipIn(network, role, [`address add ${addresses[role]}/24 dev ${physical}`, `link set ${physical} up`]);
    if (role !== 'server') ipIn(network, role, [`route add default via ${addresses.server}`]);
  }

  ipIn(network, 'server', [
    `link add ${towardsTarget} type veth peer name ${physical} netns ${network.namespace('target')}`,
    `address add ${addresses.serverTowardsTarget}/24 dev ${towardsTarget}`,
    `link set ${towardsTarget} up`,
    `rule add priority ${priorities.refusal} iif ${physical} to ${addresses.targetNetwork} unreachable`,
    `rule add priority ${priorities.refusal} iif ${towardsTarget} to ${addresses.physicalNetwork} unreachable`,
  ]);
  ipIn(network, 'target', [
    `address add ${addresses.target}/24 dev ${physical}`,
    `link set ${physical} up`,
    `route add default via ${addresses.serverTowardsTarget}`,
  ]);
}

function ipIn(network: Network, role: Role, lines: readonly string[]): void {
  ip(lines, ['-n', network.namespace(role)]);
}

function ip(lines: readonly string[], options: readonly string[] = []): void {
  try {
    execFileSync('ip', [...options, '-batch', '-'], { input: `${lines.join('\n')}\n`, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new Error(
      `cannot configure the test network (ip ${options.join(' ')}): ${stderr?.toString().trim() ?? String(error)}\n` +
        `in:\n${lines.join('\n')}`,
    );
  }
}

function setSysctls(network: Network, role: Role, values: Record<string, string>): void {
  const writes = Object.entries(values).map(([name, value]) => {
    const file = `/proc/sys/${name.replaceAll('.', '/')}`;
    return `if [ -e ${file} ]; then echo ${value} > ${file}; fi`;
  });
  execFileSync('ip', ['netns', 'exec', network.namespace(role), 'sh', '-ec', writes.join('\n')], { stdio: 'pipe' });
}
