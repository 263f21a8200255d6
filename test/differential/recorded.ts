/**
 * What peers cannot show under Wine: the packet information that goes down with each datagram, as the recording base provider has it
 * (TEST_WINSOCK_RECORD). Wine ignores IPv6's altogether.
 */

import { readRecording } from '../winsock/recording.js';
import { hosts } from './network.js';
import type { Interface } from './policies.js';

export interface RecordedSituation {
  policy: string;
  situation: string;
  /** Every datagram that reached the base provider: call, destination, and the packet information or other control data with it. */
  sent: readonly string[];
}

// The tunnel's rule pins the interface, rules that name destinations do not.
export const recordedSituations: readonly RecordedSituation[] = [
  ...['', 'bind any:0; ', 'bind any:P; '].flatMap((bind) => [
    {
      policy: 'tunnel',
      situation: `udp4; ${bind}sendto target; sendto lan; sendto target; sendto near; sendto lan`,
      sent: ['WSASendMsg target from physical at tunnel', 'sendto lan', 'WSASendMsg target from physical at tunnel', 'sendto near', 'sendto lan'],
    },
    {
      policy: 'source',
      situation: `udp4; ${bind}sendto target; sendto lan; sendto near`,
      sent: ['WSASendMsg target from physical', 'WSASendMsg lan from virtual', 'sendto near'],
    },
    {
      policy: 'source',
      situation: `udp6; ${bind}sendto target; sendto lan; sendto near; wsasendto target /port; sendmsg lan /event`,
      sent: [
        'WSASendMsg target from physical',
        'WSASendMsg lan from virtual',
        'sendto near',
        'WSASendMsg target from physical',
        'WSASendMsg lan from virtual',
      ],
    },
    {
      policy: 'through',
      situation: `udp4; ${bind}sendto target; sendto lan; sendto near; sendmsg target other-control`,
      sent: [
        'WSASendMsg target from physical at physical',
        'WSASendMsg lan from virtual at tunnel',
        'sendto near',
        'WSASendMsg target from physical at physical with other data',
      ],
    },
    {
      policy: 'through',
      situation: `udp46; ${bind}sendto m-target; sendto target; wsasendto target /port; sendto m-near`,
      sent: [
        'WSASendMsg m-target from physical at physical',
        'WSASendMsg target from physical at physical',
        'WSASendMsg target from physical at physical',
        'sendto m-near',
      ],
    },
    // To a mapped address goes an IPv4 packet, whose packet information is IPv4's on a dual-stack socket too.
    {
      policy: 'source',
      situation: `udp46; ${bind}sendto m-target; sendto target; sendto m-near`,
      sent: ['WSASendMsg m-target from physical', 'WSASendMsg target from physical', 'sendto m-near'],
    },
  ]),
  { policy: 'tunnel', situation: 'udp4; bind virtual:0; sendto target; sendmsg target', sent: ['sendto target', 'WSASendMsg target'] },
  // A program's own packet information wins; other control data of its own go down with ours.
  ...['', ' /event', ' /port', ' /routine'].map((way) => ({
    policy: 'tunnel',
    situation: `udp4; bind any:0; sendmsg target own-source; sendmsg target; sendmsg target other-control${way}; sendmsg lan other-control`,
    sent: [
      'WSASendMsg target from virtual',
      'WSASendMsg target from physical at tunnel',
      'WSASendMsg target from physical at tunnel with other data',
      'WSASendMsg lan with other data',
    ],
  })),
];

/** The datagrams in a recording, in the words above. */
export function datagramsIn(path: string, interfaces: Record<Interface, number>): string[] {
  const nameOfInterface = (index: number) => Object.entries(interfaces).find(([, each]) => each === index)?.[0] ?? String(index);
  return readRecording(path)
    .filter(({ call, error }) => (call === 'sendto' || call === 'WSASendMsg') && (error === 0 || error === 997))
    .map(({ call, address = '', pktinfo, control }) => {
      const at = pktinfo?.interface ? ` at ${nameOfInterface(pktinfo.interface)}` : '';
      const from = pktinfo === undefined ? '' : ` from ${nameOf(pktinfo.source)}${at}`;
      // Packet information alone has 24 bytes at most, 40 of IPv6; in hexadecimal.
      const alone = pktinfo === undefined ? 0 : pktinfo.source.includes(':') ? 80 : 48;
      const other = (control ?? '').length > alone ? ' with other data' : '';
      return `${call} ${nameOf(address)}${from}${other}`;
    });
}

function nameOf(address: string): string {
  const [, bare = address] = address.match(/^::ffff:(\d.*)$/) ?? [];
  const [name = address] = Object.entries(hosts).find(([, both]) => both.some((each) => each === bare)) ?? [];
  return (bare === address ? '' : 'm-') + name;
}
