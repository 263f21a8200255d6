/**
 * The test network: a host, and around it a world whose peers say which address they saw. addresses.hpp names the same addresses.
 *
 *     host   physical 11.22.33.44/24 fd11::44/64 ── 11.22.33.1 ┐
 *            tunnel   128.129.0.2/24 fd80::2/64 ── 128.129.0.1 ┴ world: lan 11.22.33.55, target 1.2.3.4, …
 *
 * The route to the target leaves through the tunnel. The default route leaves through the physical interface, and the world takes in
 * what arrives there for the target too: Wine ties a datagram socket to the interface of the address that it is bound to, and
 * what is asked here is which address it has.
 */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { removeNamespaces } from '../e2e/namespaces.js';

/** By name: IPv4, IPv6. */
export const hosts = {
  loopback: ['127.0.0.1', '::1'],
  physical: ['11.22.33.44', 'fd11::44'],
  virtual: ['128.129.0.2', 'fd80::2'],
  lan: ['11.22.33.55', 'fd11::55'],
  target: ['1.2.3.4', 'fd01::4'],
  near: ['128.129.0.1', 'fd80::1'],
  gateway: ['11.22.33.1', 'fd11::1'],
} as const;

const silent = ['1.2.3.99', 'fd01::99'] as const;

export class DifferentialNetwork {
  readonly host: string;
  readonly #prefix: string;
  readonly #world: string;
  readonly #peers: ChildProcess;

  static async create(prefix: string): Promise<DifferentialNetwork> {
    const network = new DifferentialNetwork(prefix);
    const [ready] = (await once(network.#peers.stdout!, 'data')) as [Buffer];
    if (String(ready).trim() !== 'ready') throw new Error(`the peers did not start: ${String(ready)}`);
    return network;
  }

  private constructor(prefix: string) {
    this.#prefix = prefix;
    this.host = `${prefix}host`;
    this.#world = `${prefix}world`;
    this.#lay();
    this.#peers = spawn('ip', ['netns', 'exec', this.#world, process.execPath, fileURLToPath(new URL('peers.mjs', import.meta.url)),
      ...[hosts.lan, hosts.target, hosts.near, hosts.gateway].flat()], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** As Windows programs number it, which in Wine is as Linux does. */
  interfaceIndex(name: string): number {
    const [link] = JSON.parse(ip('-n', this.host, '-j', 'link', 'show', name)) as { ifindex: number }[];
    if (link === undefined) throw new Error(`no interface ${name}`);
    return link.ifindex;
  }

  remove(): void {
    this.#peers.kill();
    removeNamespaces(this.#prefix);
  }

  #lay(): void {
    const { host } = this;
    const world = this.#world;
    for (const each of [host, world]) {
      ip('netns', 'add', each);
      for (const [name, value] of [
        ['ipv4.conf.all.rp_filter', '0'],
        ['ipv4.conf.default.rp_filter', '0'],
        // Ports below are the situations' own, so that no system-chosen one gets into their way.
        ['ipv4.ip_local_port_range', '50000 65000'],
      ] as const) {
        ip('netns', 'exec', each, 'sysctl', '-qw', `net.${name}=${value}`);
      }
      ip('-n', each, 'link', 'set', 'lo', 'up');
    }
    // One closed port's refusals come at once, however many situations ask for them.
    ip('netns', 'exec', world, 'sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0');
    for (const [name, own, far] of [
      ['physical', hosts.physical, hosts.gateway],
      ['tunnel', hosts.virtual, hosts.near],
    ] as const) {
      ip('-n', host, 'link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', world);
      for (const [namespace, addresses] of [
        [host, own],
        [world, far],
      ] as const) {
        ip('-n', namespace, 'link', 'set', name, 'up');
        ip('-n', namespace, 'addr', 'add', `${addresses[0]}/24`, 'dev', name);
        ip('-n', namespace, 'addr', 'add', `${addresses[1]}/64`, 'dev', name, 'nodad');
      }
    }
    ip('-n', world, 'addr', 'add', `${hosts.lan[0]}/24`, 'dev', 'physical');
    ip('-n', world, 'addr', 'add', `${hosts.lan[1]}/64`, 'dev', 'physical', 'nodad');
    ip('-n', world, 'addr', 'add', `${hosts.target[0]}/32`, 'dev', 'lo');
    ip('-n', world, 'addr', 'add', `${hosts.target[1]}/128`, 'dev', 'lo');
    // What answers nothing: the world takes the packets and drops them.
    ip('-n', world, 'route', 'add', 'blackhole', silent[0]);
    ip('-n', world, '-6', 'route', 'add', 'blackhole', silent[1]);
    ip('netns', 'exec', world, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');

    ip('-n', host, 'route', 'add', '1.2.3.0/24', 'dev', 'tunnel', 'via', hosts.near[0]);
    ip('-n', host, '-6', 'route', 'add', 'fd01::/64', 'dev', 'tunnel', 'via', hosts.near[1]);
    ip('-n', host, 'route', 'add', 'default', 'via', hosts.gateway[0]);
    ip('-n', host, '-6', 'route', 'add', 'default', 'via', hosts.gateway[1]);
    ip('-n', host, 'route', 'add', 'unreachable', '203.0.113.0/24');
    ip('-n', host, '-6', 'route', 'add', 'unreachable', 'fd99::/64');
  }
}

function ip(...parameters: string[]): string {
  return execFileSync('ip', parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
