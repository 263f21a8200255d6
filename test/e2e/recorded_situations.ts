/** What reaches the base provider while the tunnel is published: the calls, with their addresses and control data, in order. */

import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readRecording, type RecordedCall } from '../winsock/recording.js';
import { echoPorts } from './native_node.js';
import { addresses } from './network.js';
import { tunnel } from './openvpn.js';
import type { Prober, Request } from './prober.js';
import type { TestBed } from './testbed.js';

interface RecordedSituation {
  name: string;
  request: (virtualAddress: string) => Request;
  calls: (virtualAddress: string) => readonly string[];
}

const { tcp, udp } = echoPorts;
const { target, lan, client } = addresses;

const situations: readonly RecordedSituation[] = [
  {
    name: 'TCP to the target is pinned to the tunnel, bound to the physical address, connected',
    request: () => ({ kind: 'tcp', host: target, port: tcp }),
    calls: () => ['IP_UNICAST_IF tunnel', `bind ${client}:0`, `ConnectEx ${target}:${tcp}`],
  },
  {
    name: 'TCP to the target from a localAddress of its own is left alone',
    request: (virtual) => ({ kind: 'tcp', host: target, port: tcp, localAddress: virtual }),
    calls: (virtual) => [`bind ${virtual}:0`, `ConnectEx ${target}:${tcp}`],
  },
  {
    name: 'TCP to the LAN is bound to the wildcard, as without the LSP',
    request: () => ({ kind: 'tcp', host: lan, port: tcp }),
    calls: () => ['bind 0.0.0.0:0', `ConnectEx ${lan}:${tcp}`],
  },
  {
    name: 'UDP to the target names the physical address and the tunnel in its control data',
    request: () => ({ kind: 'udp', host: target, port: udp }),
    calls: () => ['bind 0.0.0.0:0', `WSASendMsg ${target}:${udp} from ${client} through tunnel`],
  },
  {
    name: 'UDP to the LAN has no control data',
    request: () => ({ kind: 'udp', host: lan, port: udp }),
    calls: () => ['bind 0.0.0.0:0', `sendto ${lan}:${udp}`],
  },
  {
    name: 'UDP bound to an address of its own is left alone',
    request: (virtual) => ({ kind: 'udp', host: target, port: udp, bind: virtual }),
    calls: (virtual) => [`bind ${virtual}:0`, `sendto ${target}:${udp}`],
  },
  {
    name: 'UDP that was connected after it had been receiving stays as it was',
    request: () => ({ kind: 'udp', host: target, port: udp, connect: true }),
    calls: () => ['bind 0.0.0.0:0', `connect ${target}:${udp}`, 'sendto'],
  },
];

type Test = (name: string, body: () => Promise<void>) => void;

/** Defines a test for each situation; `context` is asked when they run, in a stage where the tunnel is published. */
export function defineRecordingTests(
  test: Test,
  node: string,
  context: () => { bed: TestBed; virtualAddress: string },
): void {
  let program: Prober;
  let recording: string;
  test(`recorded, ${node}: starts`, async () => {
    const { bed } = context();
    const host = bed.windows.find(({ name }) => name === node);
    if (host === undefined) throw new Error(`no ${node} on the test bed`);
    recording = join(bed.newDirectory('recording'), 'calls.jsonl');
    program = await bed.startProber(host, { TEST_WINSOCK_RECORD: bed.prefix.toWindowsPath(recording) });
  });
  for (const { name, request, calls } of situations) {
    test(`recorded, ${node}: ${name}`, async () => {
      const { bed, virtualAddress } = context();
      const tunnelIndex = await bed.interfaceIndex(tunnel.interface);
      const before = readRecording(recording).length;
      const exchange = await program.ask(request(virtualAddress));
      assert.ok(exchange.ok, JSON.stringify(exchange));
      const recorded = readRecording(recording).slice(before);
      const described = recorded.flatMap((call) => describe(call, tunnelIndex));
      assert.equal(described.slice(0, calls(virtualAddress).length), calls(virtualAddress));
      assert.equal(recorded.filter(failed), [], 'no call fails that does not without the LSP');
    });
  }
}

const unicastInterface = { level: 0, option: 31 };
const pending = 997;

function failed({ error }: RecordedCall): boolean {
  return error !== undefined && error !== 0 && error !== pending;
}

/** The calls that concern addresses; others are of no interest here. */
function describe(call: RecordedCall, tunnelIndex: number): string[] {
  const to = call.address === undefined ? '' : ` ${call.address}:${call.port}`;
  const through = (index: number) => (index === tunnelIndex ? 'tunnel' : `interface ${index}`);
  switch (call.call) {
    case 'bind':
    case 'connect':
    case 'ConnectEx':
    case 'sendto':
      return [`${call.call}${to}`];
    case 'WSASendMsg': {
      const { pktinfo } = call;
      return [`WSASendMsg${to}${pktinfo ? ` from ${pktinfo.source} through ${through(pktinfo.interface)}` : ''}`];
    }
    case 'setsockopt':
      if (call.level !== unicastInterface.level || call.option !== unicastInterface.option) return [];
      // An index in network byte order.
      return [`IP_UNICAST_IF ${through(Number.parseInt(call.value ?? '', 16))}`];
    default:
      return [];
  }
}
