/**
 * The policies that the situations run under, and what each asks for in words of the test network: the expectation, which knows
 * nothing of the DLL.
 */

import { hosts } from './network.js';

export type Family = 'ipv4' | 'ipv6';
export type Protocol = 'tcp' | 'udp' | 'raw';

/**
 * What the policy asks for a destination; nothing where it asks for nothing. `enforced`: the source or nothing. `tried`: the error is
 * that of a source that was tried, rather than the rule's own. `through`: and by that interface.
 */
export type Wish = { source: string; enforced?: boolean; through?: Interface } | { error: number; tried?: boolean } | undefined;

export type Interface = 'physical' | 'tunnel';

export interface TestPolicy {
  name: string;
  /** The lines of the value Policy; none: no value. */
  rules: readonly string[];
  /** The Definition of a published tunnel. */
  tunnel?: string;
  /** One situation in so many runs under it, unless all do. */
  oneIn: number;
  wish(destination: string, family: Family, protocol: Protocol): Wish;
}

export const WSAEACCES = 10013;
const WSAEADDRNOTAVAIL = 10049;

/** An address of the physical network that the host does not have. */
const gone = ['11.22.33.99', 'fd11::99'] as const;
const beyondTunnel = '1.2.3.0/24,fd01::/64';
const isBeyondTunnel = (destination: string) => destination === 'target' || destination === 'silent';

export function policies({ physical: physicalInterface, tunnel: tunnelInterface }: Record<Interface, number>): TestPolicy[] {
  const nothing = () => undefined;
  const definition = (source: string, otherwise: string) =>
    `interface=${tunnelInterface} address=${hosts.virtual[0]}/24,${hosts.virtual[1]}/64 source=${source} otherwise=${otherwise}`;
  // A tunnel's rule asks the system for the route, and Wine tells none of IPv6.
  const viaTunnel = (wish: Wish) => (destination: string, family: Family) =>
    family === 'ipv4' && isBeyondTunnel(destination) ? wish : undefined;
  const through = (otherwise: string) => [
    `to ${beyondTunnel} through ${physicalInterface} otherwise ${otherwise}`,
    `to ${hosts.lan.join()} through ${tunnelInterface} otherwise ${otherwise}`,
  ];
  const wayOf = (enforced: boolean) => (destination: string): Wish =>
    isBeyondTunnel(destination)
      ? { source: 'physical', through: 'physical', enforced }
      : destination === 'lan'
        ? { source: 'virtual', through: 'tunnel', enforced }
        : undefined;
  return [
    { name: 'no policy', oneIn: 8, rules: [], wish: nothing },
    {
      name: 'rules that match nothing', oneIn: 6,
      rules: [
        'to 198.51.100.0/24,fd0a::/64 source 11.22.33.44',
        'to 1.2.3.0/24 port 1-2 refuse',
        'app another.exe refuse',
        `via ${tunnelInterface + 100} source 11.22.33.44`,
      ],
      wish: nothing,
    },
    { name: 'tunnel', oneIn: 1, rules: [], tunnel: definition(hosts.physical.join(), 'keep'), wish: viaTunnel({ source: 'physical' }) },
    {
      name: 'source', oneIn: 3,
      rules: [
        `to ${beyondTunnel} source ${hosts.physical[0]}`,
        `to ${beyondTunnel} source ${hosts.physical[1]}`,
        `to ${hosts.lan.join()} source ${hosts.virtual[0]}`,
        `to ${hosts.lan.join()} source ${hosts.virtual[1]}`,
      ],
      wish: (destination) =>
        isBeyondTunnel(destination) ? { source: 'physical' } : destination === 'lan' ? { source: 'virtual' } : undefined,
    },
    { name: 'through', oneIn: 2, rules: through('refuse'), wish: wayOf(true) },
    { name: 'through, otherwise keep', oneIn: 6, rules: through('keep'), wish: wayOf(false) },
    {
      name: 'through an interface that is not there', oneIn: 8,
      rules: [`to ${beyondTunnel} through ${tunnelInterface + 100}`, `to ${hosts.lan.join()} through ${tunnelInterface + 100} otherwise keep`],
      wish: (destination) => (isBeyondTunnel(destination) ? { error: WSAEACCES } : undefined),
    },
    {
      name: 'refuse', oneIn: 4,
      rules: [`to ${beyondTunnel} refuse`],
      wish: (destination) => (isBeyondTunnel(destination) ? { error: WSAEACCES } : undefined),
    },
    {
      // A kill switch.
      name: 'source, otherwise refuse', oneIn: 4,
      rules: hosts.physical.map((source) => `to ${beyondTunnel} source ${source} otherwise refuse`),
      wish: (destination) => (isBeyondTunnel(destination) ? { source: 'physical', enforced: true } : undefined),
    },
    {
      name: 'keep before source', oneIn: 10,
      rules: [`to ${beyondTunnel} keep`, `to ${beyondTunnel} source 11.22.33.44`, `to ${beyondTunnel} refuse`],
      wish: nothing,
    },
    {
      name: 'source gone, otherwise keep', oneIn: 8,
      rules: gone.map((source) => `to ${beyondTunnel} source ${source} otherwise keep`),
      wish: nothing,
    },
    {
      name: 'source gone, otherwise refuse', oneIn: 6,
      rules: gone.map((source) => `to ${beyondTunnel} source ${source} otherwise refuse`),
      wish: (destination) => (isBeyondTunnel(destination) ? { error: WSAEADDRNOTAVAIL, tried: true } : undefined),
    },
  ];
}
