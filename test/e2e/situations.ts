/** The behaviour to prove, as a table: which source address each kind of exchange has in each phase. */

import { echoPorts } from './native_node.js';
import { addresses } from './network.js';
import { tunnel } from './openvpn.js';
import type { Exchange, Request } from './prober.js';

/** Whether the tunnel is up, and whether a policy sends the physical address through it. */
export type Phase = 'tunnel without policy' | 'tunnel with policy' | 'no tunnel';

export type Outcome = 'physical' | 'virtual' | 'loopback' | 'refused' | 'unreachable';

export interface Situation {
  name: string;
  request: (phase: Phase, virtualAddress: string) => Request;
  /** Without policy, with it, and without tunnel. */
  outcomes: readonly [Outcome, Outcome, Outcome];
  /** Its socket lives as long as the program, and stays what it was when it was made. */
  keepsSocket?: boolean;
}

const { tcp, udp, closed } = echoPorts;
const { target, lan, client } = addresses;

/** UDP to nowhere is silent: how long to listen to that. */
const patience = (phase: Phase) => (phase === 'no tunnel' ? 300 : 5_000);

export const situations: readonly Situation[] = [
  {
    name: 'TCP to the target',
    request: () => ({ kind: 'tcp', host: target, port: tcp }),
    outcomes: ['virtual', 'physical', 'unreachable'],
  },
  {
    name: 'TCP to the target with the physical address as its localAddress',
    request: () => ({ kind: 'tcp', host: target, port: tcp, localAddress: client }),
    outcomes: ['physical', 'physical', 'unreachable'],
  },
  {
    name: 'TCP to the target with the virtual address as its localAddress: kept',
    request: (_phase, virtual) => ({ kind: 'tcp', host: target, port: tcp, localAddress: virtual }),
    outcomes: ['virtual', 'virtual', 'unreachable'],
  },
  {
    name: 'TCP to the LAN',
    request: () => ({ kind: 'tcp', host: lan, port: tcp }),
    outcomes: ['physical', 'physical', 'physical'],
  },
  {
    name: 'TCP to a closed port on the LAN',
    request: () => ({ kind: 'tcp', host: lan, port: closed }),
    outcomes: ['refused', 'refused', 'refused'],
  },
  {
    name: 'TCP to a closed port of the target',
    request: () => ({ kind: 'tcp', host: target, port: closed }),
    outcomes: ['refused', 'refused', 'unreachable'],
  },
  {
    name: 'TCP to localhost',
    request: () => ({ kind: 'tcp', host: '127.0.0.1', port: tcp }),
    outcomes: ['loopback', 'loopback', 'loopback'],
  },
  {
    name: "TCP to the tunnel's own subnet",
    request: () => ({ kind: 'tcp', host: tunnel.server, port: tcp }),
    // Without the tunnel the server answers for that address over the LAN.
    outcomes: ['virtual', 'virtual', 'physical'],
  },
  {
    name: 'UDP to the target without bind',
    request: (phase) => ({ kind: 'udp', host: target, port: udp, timeout: patience(phase) }),
    outcomes: ['virtual', 'physical', 'unreachable'],
  },
  {
    name: 'UDP to the target, bound to the wildcard',
    request: (phase) => ({ kind: 'udp', host: target, port: udp, bind: 'any', timeout: patience(phase) }),
    outcomes: ['virtual', 'physical', 'unreachable'],
  },
  {
    name: 'UDP to the target, bound to a fixed port',
    request: (phase) => ({ kind: 'udp', host: target, port: udp, bindPort: 7100, timeout: patience(phase) }),
    outcomes: ['virtual', 'physical', 'unreachable'],
  },
  {
    name: 'UDP to the target, bound to the virtual address: kept',
    request: (phase, virtual) => ({ kind: 'udp', host: target, port: udp, bind: virtual, timeout: patience(phase) }),
    outcomes: ['virtual', 'virtual', 'unreachable'],
  },
  {
    name: 'UDP to the target from a socket that lives through all phases',
    request: (phase) => ({ kind: 'udp', host: target, port: udp, keep: 'target', timeout: patience(phase) }),
    outcomes: ['virtual', 'physical', 'unreachable'],
    keepsSocket: true,
  },
  {
    // Node receives on a socket before it connects it: by then it is bound, and the rule's `otherwise` keeps it so (§5).
    name: 'UDP to the target, connected after receiving',
    request: (phase) => ({ kind: 'udp', host: target, port: udp, connect: true, timeout: patience(phase) }),
    outcomes: ['virtual', 'virtual', 'unreachable'],
  },
  {
    name: 'UDP to the LAN without bind',
    request: () => ({ kind: 'udp', host: lan, port: udp }),
    outcomes: ['physical', 'physical', 'physical'],
  },
  {
    name: 'UDP to the LAN from the socket that also talks to the target',
    request: () => ({ kind: 'udp', host: lan, port: udp, keep: 'target' }),
    outcomes: ['physical', 'physical', 'physical'],
  },
  {
    name: 'UDP to the LAN, bound to the physical address',
    request: () => ({ kind: 'udp', host: lan, port: udp, bind: client }),
    outcomes: ['physical', 'physical', 'physical'],
  },
  {
    name: 'UDP to the LAN, connected',
    request: () => ({ kind: 'udp', host: lan, port: udp, connect: true }),
    outcomes: ['physical', 'physical', 'physical'],
  },
  {
    name: 'UDP to localhost',
    request: () => ({ kind: 'udp', host: '127.0.0.1', port: udp }),
    outcomes: ['loopback', 'loopback', 'loopback'],
  },
  {
    name: "UDP to the tunnel's own subnet",
    request: (phase) => ({ kind: 'udp', host: tunnel.server, port: udp, timeout: patience(phase) }),
    outcomes: ['virtual', 'virtual', 'physical'],
  },
];

const phases: readonly Phase[] = ['tunnel without policy', 'tunnel with policy', 'no tunnel'];

export function expected(situation: Situation, phase: Phase): Outcome {
  const outcome = situation.outcomes[phases.indexOf(phase)];
  if (outcome === undefined) throw new Error(`situation '${situation.name}' has no outcome for phase '${phase}'`);
  return outcome;
}

/** An exchange's result in the words of the table; what is in none of them is told as it is. */
export function outcomeOf({ ok, seenSource = '', error }: Exchange): string {
  if (!ok) {
    if (error === 'ECONNREFUSED') return 'refused';
    const unreachable = ['ENETUNREACH', 'EHOSTUNREACH', 'ETIMEDOUT', 'EADDRNOTAVAIL', 'TIMEOUT'];
    return unreachable.includes(error ?? '') ? 'unreachable' : `error ${error}`;
  }
  if (seenSource === client) return 'physical';
  if (seenSource === '127.0.0.1') return 'loopback';
  return tunnel.virtualAddress.test(seenSource) ? 'virtual' : `source ${seenSource}`;
}
