/** Who reaches a server program of the client, and from which address its answer comes. */

import { addresses } from './network.js';
import type { Phase } from './situations.js';

export interface ServerSituation {
  name: string;
  protocol: 'tcp' | 'udp';
  visitor: 'lan' | 'client' | 'target';
  /** The address that the visitor names. */
  host: string;
  /** When it can be reached at all. */
  phases: readonly Phase[];
  answersFrom: (phase: Phase, virtualAddress: string) => string;
}

const always: readonly Phase[] = ['tunnel without policy', 'tunnel with policy', 'no tunnel'];
const withTunnel: readonly Phase[] = ['tunnel without policy', 'tunnel with policy'];
const { client } = addresses;

export const servers: readonly ServerSituation[] = [
  {
    name: 'a TCP server is reached from the LAN',
    protocol: 'tcp',
    visitor: 'lan',
    host: client,
    phases: always,
    answersFrom: () => client,
  },
  {
    name: 'a TCP server is reached from localhost',
    protocol: 'tcp',
    visitor: 'client',
    host: '127.0.0.1',
    phases: always,
    answersFrom: () => '127.0.0.1',
  },
  {
    name: 'a TCP server is reached from the target through the tunnel',
    protocol: 'tcp',
    visitor: 'target',
    host: client,
    phases: withTunnel,
    answersFrom: () => client,
  },
  {
    name: 'a UDP server is reached from the LAN',
    protocol: 'udp',
    visitor: 'lan',
    host: client,
    phases: always,
    answersFrom: () => client,
  },
  {
    name: 'a UDP server is reached from localhost',
    protocol: 'udp',
    visitor: 'client',
    host: '127.0.0.1',
    phases: always,
    answersFrom: () => '127.0.0.1',
  },
  {
    // This is what makes a UDP server useful over the tunnel: its answer would come from the virtual address without us.
    name: 'a UDP server is reached from the target through the tunnel, and answers from the address that was asked',
    protocol: 'udp',
    visitor: 'target',
    host: client,
    phases: withTunnel,
    answersFrom: (phase, virtualAddress) => (phase === 'tunnel with policy' ? client : virtualAddress),
  },
];
