// Two tunnels at once: two OpenVPN servers, two clients with a plugin each, two networks behind them, and two physical addresses.
// Programs that run the whole time get, towards each network, the source of its own tunnel; what happens to one tunnel does not touch
// the other.
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { PublishedTunnel } from '../ts/index.js';
import type { Keys } from './e2e/keys.js';
import { missingForNetwork } from './e2e/namespaces.js';
import { echoPorts } from './e2e/native_node.js';
import { addresses, interfaces, priorities } from './e2e/network.js';
import { OpenVpnClient, startServer, tunnel, type TunnelPlan } from './e2e/openvpn.js';
import type { PluginHost } from './e2e/plugin_host.js';
import type { Prober } from './e2e/prober.js';
import { TestBed } from './e2e/testbed.js';
import { nodeExecutables } from './support/artifacts.js';
import { reported } from './support/reported.js';
import { stageProgram } from './support/wine.js';
import { cliPath } from './ts/dist.js';

const office: TunnelPlan = tunnel;
const lab: TunnelPlan = {
  interface: 'tun1',
  port: 1195,
  subnet: '128.130.0.0',
  netmask: '255.255.255.0',
  server: '128.130.0.1',
  virtualAddress: /^128\.130\.0\.\d+$/,
  behind: '5.6.7.0 255.255.255.0',
  wayBack: { table: '101', priority: priorities.intoTunnel - 1 },
};
const labTarget = '5.6.7.8';

const programs = ['browser.exe', 'mail.exe'] as const;
type Program = (typeof programs)[number];
const targets = { 'the office': addresses.target, 'the lab': labTarget, 'the LAN': addresses.lan } as const;
type Target = keyof typeof targets;

/** A process looks for a publisher's end and for changes of the store with each call, but at most every 50 ms. */
const noticeMilliseconds = 100;

let bed: TestBed;
let commandNode: string;
let keys: Keys | undefined;
const clients = new Map<TunnelPlan, OpenVpnClient>();
const plugins = new Map<TunnelPlan, PluginHost>();
const running = new Map<Program, Prober>();

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the test is not set up');
  return value;
}
const of = <Key, Value>(map: Map<Key, Value>, key: Key): Value => there(map.get(key));

async function cli<T>(...parameters: string[]): Promise<T> {
  const line = [bed.prefix.toWindowsPath(cliPath), ...parameters, '--json'];
  const { code, stdout, stderr } = await bed.prefix.run(commandNode, line, { winsock: 'test' });
  assert.is(code, 0, `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

/** The second address of the client, and what is behind the second server; nothing of it passes in clear. */
async function addLab(): Promise<void> {
  const { network } = bed;
  const ip = (role: 'client' | 'server' | 'target', ...words: string[]) => network.exec(role, ['ip', ...words]);
  await ip('client', 'address', 'add', `${addresses.clientElsewhere}/24`, 'dev', interfaces.physical);
  await ip('server', 'address', 'add', '5.6.7.1/24', 'dev', interfaces.towardsTarget);
  await ip('target', 'address', 'add', `${labTarget}/24`, 'dev', interfaces.physical);
  const refusal = ['priority', String(priorities.refusal), 'iif', interfaces.physical, 'to', '5.6.7.0/24', 'unreachable'];
  await ip('server', 'rule', 'add', ...refusal);
}

async function connect(plan: TunnelPlan): Promise<void> {
  const plugin = await bed.startPluginHost();
  plugins.set(plan, plugin);
  await of(clients, plan).start({ spool: plugin.spool });
  assert.match(plugin.output, /published/);
}

/** What the target saw of a new connection, or the error. */
async function seenBy(target: Target, program: Program): Promise<string> {
  const { ok, seenSource, error } = await of(running, program).ask({
    kind: 'tcp',
    host: targets[target],
    port: echoPorts.tcp,
    timeout: 5_000,
  });
  return ok ? (seenSource ?? '') : `error ${error}`;
}

function defineConnections(when: string, expected: Record<Program, Record<Target, RegExp>>): void {
  for (const program of programs) {
    for (const [target, source] of Object.entries(expected[program]) as [Target, RegExp][]) {
      test(`two tunnels: ${when}: ${program} towards ${target} is seen as ${source.source.replaceAll(/[\\^$]/g, '')}`, async () => {
        assert.match(await seenBy(target, program), source);
      });
    }
  }
}

const exactly = (address: string) => new RegExp(`^${address.replaceAll('.', '\\.')}$`);
const first = exactly(addresses.client);
const second = exactly(addresses.clientElsewhere);
const noWay = /^error E(NET|HOST)UNREACH$/;

function define(): void {
  test.before(reported(async () => {
    const [newest] = nodeExecutables().slice(-1);
    if (newest === undefined) throw new Error("Windows' node.exe is missing: node scripts/run.mjs setup");
    bed = await TestBed.create({
      nodeExecutables: [newest],
      serve: async (options) => {
        keys = options.keys;
        await startServer({ ...options, physical: [addresses.client] });
        const directory = join(options.directory, '..', 'lab-server');
        await startServer({ ...options, directory, plan: lab, clientAddress: addresses.clientElsewhere, physical: [addresses.clientElsewhere] });
      },
    });
    await addLab();
    const { network } = bed;
    clients.set(office, bed.client);
    clients.set(lab, new OpenVpnClient({ network, directory: bed.newDirectory('lab-client'), keys: there(keys), plan: lab }));
    commandNode = stageProgram(newest.path, bed.newDirectory('command-line'));
    // Else the session that installed it would take it away from the other.
    await cli('install');
    await Promise.all([connect(office), connect(lab)]);
    for (const name of programs) running.set(name, await bed.startProber(bed.windowsNode(newest, name)));
  }));
  test.after(reported(async () => {
    await clients.get(lab)?.stop();
    await bed?.destroy();
  }));

  test('two tunnels: both are published, each with its own source', async () => {
    const tunnels = await cli<PublishedTunnel[]>('tunnel', 'show');
    const sources = tunnels.map(({ source, alive, rejected }) => [source, alive, rejected]);
    assert.equal(sources.sort(), [[addresses.client, true, null], [addresses.clientElsewhere, true, null]]);
    const indices = await Promise.all([office, lab].map((plan) => bed.interfaceIndex(plan.interface)));
    assert.equal(new Set(tunnels.map(({ interfaceIndex }) => interfaceIndex)), new Set(indices));
  });
  const all = { 'the office': first, 'the lab': second, 'the LAN': first };
  defineConnections('both up', { 'browser.exe': all, 'mail.exe': all });

  test('two tunnels: an administrator’s rule takes one program off the source of one of them', async () => {
    await cli('policy', 'add', `app mail.exe via ${lab.interface} keep`);
    await new Promise((resolve) => setTimeout(resolve, noticeMilliseconds));
  });
  const mail = { 'the office': first, 'the lab': lab.virtualAddress, 'the LAN': first };
  defineConnections('with the rule', { 'browser.exe': all, 'mail.exe': mail });

  test('two tunnels: one goes down, in order', async () => {
    await of(clients, office).stop();
    const plugin = of(plugins, office);
    assert.equal(plugin.answers.at(-1), { event: 'down', result: 0 }, plugin.output);
    const tunnels = await cli<PublishedTunnel[]>('tunnel', 'show');
    assert.equal(tunnels.map(({ source }) => source), [addresses.clientElsewhere]);
  });
  defineConnections('the office’s down', {
    'browser.exe': { ...all, 'the office': noWay },
    'mail.exe': { ...mail, 'the office': noWay },
  });

  test('two tunnels: it comes again', async () => {
    await of(plugins, office).quit();
    await connect(office);
    // A route that a program has asked for is a second old at most.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
  });
  defineConnections('both up again', { 'browser.exe': all, 'mail.exe': mail });

  test('two tunnels: one whose publisher is killed is ignored at once', async () => {
    await of(plugins, lab).kill();
    await new Promise((resolve) => setTimeout(resolve, noticeMilliseconds));
    assert.match(await seenBy('the lab', 'browser.exe'), lab.virtualAddress);
  });
  defineConnections('the lab’s publisher dead', {
    'browser.exe': { ...all, 'the lab': lab.virtualAddress },
    'mail.exe': mail,
  });
  test('two tunnels: which the command line tells too', async () => {
    const tunnels = await cli<PublishedTunnel[]>('tunnel', 'show');
    const alive = tunnels.map(({ source, alive: lives }) => [source, lives]).sort();
    assert.equal(alive, [[addresses.client, true], [addresses.clientElsewhere, false]]);
  });
  test('two tunnels: no address translation was at work anywhere', () => bed.network.assertNoTranslation());
}

const missing = missingForNetwork();
if (missing === undefined) define();
else test.skip(`two tunnels (${missing})`, () => undefined);
test.run();
