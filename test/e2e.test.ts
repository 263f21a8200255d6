// The whole of it, asserted: unmodified node.exe of each version, 64-bit and 32-bit, through the test Winsock and the test iphlpapi (so on
// the path that our DLLs take on Windows 10), while the real openvpn.exe drives the plugin. One stage after another in one network; in each stage programs that have just been started, and those
// that have been running since an earlier one, meet the same list of situations (e2e/situations.ts).
//
//     stage                   LSP                     tunnel                   a program that ...
//     never installed         absent                  up, without the plugin     ... started before the LSP never sees it
//     first session           installed by plugin     published                ... starts now takes the physical address
//     session over            removed by plugin       down                     ... keeps running loses nothing
//     connected without it    absent                  up, without the plugin     ... keeps running takes the virtual address
//     second session          installed by plugin     published                ... kept running takes the physical one again
//     second session over     removed by plugin       down                     ... keeps running loses nothing
//     OpenVPN killed          left over               up, publisher dead       ... takes the virtual address again
//     left over, no tunnel    left over               down                     ... starts now loses nothing
//     third session           found, and left         published                ... kept running takes the physical address
//     third session over      left over               down                     ... keeps running loses nothing
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { visit } from './e2e/native_node.js';
import { addresses } from './e2e/network.js';
import { tunnel } from './e2e/openvpn.js';
import type { OpenVpnExe } from './e2e/openvpn_exe.js';
import { defineRecordingTests } from './e2e/recorded_situations.js';
import { expected, outcomeOf, situations, type Phase, type Situation } from './e2e/situations.js';
import { servers } from './e2e/server_situations.js';
import { TestBed } from './e2e/testbed.js';
import type { Prober } from './e2e/prober.js';
import { missingForArchitecture, missingForOpenVpn, nodeExecutables } from './support/artifacts.js';
import { reported } from './support/reported.js';

interface Stage {
  name: string;
  phase: Phase;
  /** Brings it about. */
  begin: () => Promise<void>;
}

let bed: TestBed;
let plugin: OpenVpnExe;
let virtualAddress: string = tunnel.server;
/** By stage that they were started in, then by node. */
const probers = new Map<string, Map<string, Prober>>();

const connect = async () => {
  await bed.client.start();
  virtualAddress = (await bed.virtualAddress()) ?? virtualAddress;
};

/** A session of OpenVPN with the plugin, up to where the tunnel is published. */
const connectWithPlugin = async () => {
  await connect();
  plugin = await bed.startOpenVpn();
  assert.equal(plugin.answers, [
    { event: 'up', result: 0 },
    { event: 'route-up', result: 0 },
  ]);
};

const disconnectWithPlugin = async () => {
  await plugin.quit();
  assert.equal(plugin.answers.at(-1), { event: 'down', result: 0 }, plugin.output);
  await bed.client.stop();
};

const stages: readonly Stage[] = [
  { name: 'never installed', phase: 'tunnel without policy', begin: () => connect() },
  {
    name: 'first session',
    phase: 'tunnel with policy',
    begin: async () => {
      await bed.client.stop();
      await connectWithPlugin();
    },
  },
  { name: 'session over', phase: 'no tunnel', begin: disconnectWithPlugin },
  { name: 'connected without it', phase: 'tunnel without policy', begin: () => connect() },
  {
    name: 'second session',
    phase: 'tunnel with policy',
    begin: async () => {
      await bed.client.stop();
      await connectWithPlugin();
    },
  },
  { name: 'second session over', phase: 'no tunnel', begin: disconnectWithPlugin },
  {
    name: 'OpenVPN killed',
    phase: 'tunnel without policy',
    begin: async () => {
      await connectWithPlugin();
      await plugin.kill();
    },
  },
  { name: 'left over, no tunnel', phase: 'no tunnel', begin: () => bed.client.stop() },
  {
    name: 'third session',
    phase: 'tunnel with policy',
    begin: async () => {
      await connectWithPlugin();
      assert.not.match(plugin.output, /installed the provider/);
    },
  },
  {
    name: 'third session over',
    phase: 'no tunnel',
    begin: async () => {
      await disconnectWithPlugin();
      assert.not.match(plugin.output, /removed the provider/);
    },
  },
];

/** Whose programs go on in which later stages. */
const keptRunning: Record<string, readonly string[]> = {
  'never installed': ['first session'],
  'first session': ['session over', 'connected without it', 'second session', 'second session over', 'OpenVPN killed'],
  'left over, no tunnel': ['third session', 'third session over'],
};

/** A running program takes over what is done to the catalog, but a socket that it made without the LSP stays without it. */
function phaseFor(situation: Situation, startedIn: Stage, now: Stage): Phase {
  const without = situation.keepsSocket === true && startedIn.name === 'never installed';
  return without && now.phase === 'tunnel with policy' ? 'tunnel without policy' : now.phase;
}

function prober(stage: Stage, node: string): Prober {
  const found = probers.get(stage.name)?.get(node);
  if (found === undefined) throw new Error(`${node} was not started in stage '${stage.name}': see the test that begins it`);
  return found;
}

function define(): void {
  const missing32 = missingForArchitecture('ia32');
  if (missing32 !== undefined) test.skip(`the network scenario with 32-bit programs (${missing32})`, () => undefined);
  const architectures = missing32 === undefined ? (['x64', 'ia32'] as const) : (['x64'] as const);
  const nodes = architectures.flatMap((architecture) => nodeExecutables(architecture));
  const programs = nodes.map(({ name }) => name);
  test.before(reported(async () => {
    bed = await TestBed.create({ nodeExecutables: nodes });
  }));
  test.after(reported(() => bed?.destroy()));

  test('a Linux program that binds the physical address itself is seen with it, and without with the virtual one', async () => {
    await connect();
    const program = await bed.startProber(bed.linux);
    const request = { kind: 'tcp', host: addresses.target, port: 7001 } as const;
    assert.is((await program.ask(request)).seenSource, virtualAddress);
    assert.is((await program.ask({ ...request, localAddress: addresses.client })).seenSource, addresses.client);
    program.quit();
    await bed.client.stop();
  });

  for (const stage of stages) {
    test(`${stage.name}: begins`, async () => {
      await stage.begin();
      const started = bed.windows.map(async (host) => [host.name, await bed.startProber(host)] as const);
      probers.set(stage.name, new Map(await Promise.all(started)));
    });
    for (const program of programs) {
      defineExchanges(stage, stage, program);
      for (const earlier of stages.filter(({ name }) => keptRunning[name]?.includes(stage.name))) {
        defineExchanges(earlier, stage, program);
      }
      defineServers(stage, program);
    }
    if (stage.name === 'first session') {
      definePluginChecks();
      for (const { name: node } of nodes) defineRecordingTests(test, node, () => ({ bed, virtualAddress }));
    }
  }

  test('no address translation was at work anywhere', () => bed.network.assertNoTranslation());
}

/** Only by that it shows that it asks us for ConnectEx, and does not hold that of the base provider (provider/hooks/bind). */
function defineFirstConnection(now: Stage, node: string, since: string): void {
  test(`${now.name}, ${node}${since}: its first TCP connection goes on as before → virtual`, async () => {
    const earlier = stages.find(({ name }) => name === 'never installed') as Stage;
    const exchange = await prober(earlier, node).ask({ kind: 'tcp', host: addresses.target, port: 7001 });
    assert.is(outcomeOf(exchange), 'virtual', JSON.stringify(exchange));
  });
}

function defineExchanges(startedIn: Stage, now: Stage, node: string): void {
  const since = startedIn === now ? '' : ` running since '${startedIn.name}'`;
  if (startedIn.name === 'never installed' && now.phase === 'tunnel with policy') defineFirstConnection(now, node, since);
  for (const situation of situations) {
    const phase = phaseFor(situation, startedIn, now);
    const outcome = expected(situation, phase);
    test(`${now.name}, ${node}${since}: ${situation.name} → ${outcome}`, async () => {
      const exchange = await prober(startedIn, node).ask(situation.request(phase, virtualAddress));
      assert.is(outcomeOf(exchange), outcome, JSON.stringify(exchange));
    });
  }
}

function defineServers(stage: Stage, node: string): void {
  servers.forEach(({ name, protocol, visitor, host, phases, answersFrom }, index) => {
    if (!phases.includes(stage.phase)) return;
    test(`${stage.name}, ${node}: ${name}`, async () => {
      const program = prober(stage, node);
      const listening = await program.ask({ kind: `${protocol}-server`, port: 7200 + index });
      assert.ok(listening.ok, JSON.stringify(listening));
      const came = program.visits.length;
      const before = await bed.network.counters('client', tunnel.interface);
      const result = await visit(bed.network, visitor, protocol, host, 7200 + index);
      const after = await bed.network.counters('client', tunnel.interface);
      await program.close(7200 + index);
      assert.is(program.visits.at(came)?.peer, host === '127.0.0.1' ? host : addresses[visitor]);
      assert.is(result.peer, answersFrom(stage.phase, virtualAddress), JSON.stringify(result));
      if (visitor === 'target') {
        assert.ok((after?.receivedPackets ?? 0) > (before?.receivedPackets ?? 0), 'it came out of the tunnel');
      }
    });
  });
}

function definePluginChecks(): void {
  test('the server tells the client its physical address, openvpn.exe hands it to the plugin, and the tunnel’s interface gets it', async () => {
    assert.match(plugin.output, /PUSH_REPLY.*setenv-safe clientip 11\.22\.33\.44/);
    const index = await bed.interfaceIndex(tunnel.interface);
    assert.match(plugin.output, new RegExp(`PLUGIN winsock-lsp: published: what leaves through interface ${index} gets the source 11\\.22\\.33\\.44`));
    assert.not.match(plugin.output, /weak host model by nature/);
  });
}

const missing = missingForNetwork() ?? missingForOpenVpn();
if (missing === undefined) define();
else test.skip(`the network scenario (${missing})`, () => undefined);
test.run();
