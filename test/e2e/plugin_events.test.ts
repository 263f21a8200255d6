// The plugin DLL under Wine, given events by plugin_host.exe in OpenVPN's place: what no real OpenVPN would send, and events
// out of order. The host is the client of the network, with the tunnel's interface and address, but without a VPN.
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { missingForArchitecture, requireArtifact, testWinsockFile, type Architecture } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import { stageProgram, WinePrefix } from '../support/wine.js';
import { missingForNetwork, ownedTemporaryDirectory } from './namespaces.js';
import { addresses, createNetwork, interfaces, type Network } from './network.js';
import { tunnel } from './openvpn.js';
import type { PluginEvent } from './plugin_host.js';

type Environment = Record<string, string | undefined>;

/** What matters of a Windows client's environment. */
const good: Environment = {
  dev: tunnel.interface,
  dev_type: 'tun',
  ifconfig_local: '128.129.0.2',
  ifconfig_netmask: tunnel.netmask,
  route_vpn_gateway: tunnel.server,
  trusted_ip: addresses.server,
  trusted_port: '1194',
  OPENVPN_clientip: addresses.client,
};

interface Row {
  name: string;
  /** Changes to the good environment; undefined takes a variable away. */
  change?: Environment;
  events: readonly (PluginEvent | 'hold-tunnels')[];
  results: readonly number[];
  /** More changes for the events after the second. */
  later?: Environment;
  /** In OpenVPN's log, in this order. */
  log: readonly RegExp[];
  /** It takes long, and the API and the architecture make no difference. */
  slow?: boolean;
  /** The plugin's DLL lies alone in its folder. */
  withoutSetupDll?: boolean;
  /** Behind the DLL's path on the plugin line. */
  arguments?: readonly string[];
  /** Another tunnel is published all the time. */
  besideAnother?: boolean;
}

/** An address that two interfaces have, of which the second has this number. */
const twice = '128.129.0.9';
const secondIndex = 4711;
/** An address of that second interface, which does not lead to the server. */
const elsewhere = '10.77.0.1';
const up: readonly PluginEvent[] = ['up', 'route-up'];
const published = (source: string) => new RegExp(`NOTE winsock-lsp: published: .* ${source.replaceAll('.', '\\.')}$`, 'm');
const rejected = (variable: string) => new RegExp(`ERR winsock-lsp: .*nothing is published.*${variable}`);

/** An environment that is not understood publishes nothing and says why. OpenVPN ends at a failing UP, and warns of a failing ROUTE_UP. */
const malformed = (name: string, variable: string, value: string | undefined): Row => ({
  name,
  change: { [variable]: value },
  events: up,
  results: [0, 1],
  log: [rejected(variable), rejected(variable)],
});

const rows: readonly Row[] = [
  {
    name: 'a good environment publishes and withdraws',
    events: [...up, 'down'],
    results: [0, 0, 0],
    log: [published(addresses.client), /NOTE winsock-lsp: .*weak host model by nature/, /installed the provider/, /withdrawn/, /removed the provider/],
  },
  {
    name: 'what it installed stays for another tunnel that is published',
    besideAnother: true,
    events: [...up, 'down'],
    results: [0, 0, 0],
    log: [published(addresses.client), /installed the provider/, /withdrawn/, /left the provider .* to another tunnel/],
  },
  {
    name: 'without the setup DLL beside it nothing is published, the log says what to do, and OpenVPN goes on',
    withoutSetupDll: true,
    events: [...up, 'down'],
    results: [0, 1, 0],
    log: [/ERR winsock-lsp: Cannot load .*winsock-lsp-setup\.dll \(Windows error \d+\)\. Nothing is published.* Copy winsock-lsp\.dll and/],
  },
  malformed('no ifconfig_local', 'ifconfig_local', undefined),
  malformed('an empty ifconfig_local', 'ifconfig_local', ''),
  malformed('an ifconfig_local that is no address', 'ifconfig_local', 'tun0'),
  malformed('an ifconfig_local with something behind it', 'ifconfig_local', '128.129.0.2 '),
  malformed('an ifconfig_local of four numbers too large', 'ifconfig_local', '128.129.0.256'),
  malformed('an over-long ifconfig_local', 'ifconfig_local', '1'.repeat(100_000)),
  malformed('IPv6 in ifconfig_local', 'ifconfig_local', '2001:db8::1'),
  malformed('a netmask with holes', 'ifconfig_netmask', '255.0.255.0'),
  malformed('a clientip that is no address', 'OPENVPN_clientip', 'client.example'),
  malformed('an over-long clientip', 'OPENVPN_clientip', '11.22.33.44'.repeat(1000)),
  malformed('IPv6 in clientip over an IPv4 tunnel', 'OPENVPN_clientip', '2001:db8::2'),
  malformed('a clientip with a format directive', 'OPENVPN_clientip', '%s%s%s%n'),
  {
    name: 'a clientip that the host does not have falls back to the address towards the server',
    change: { OPENVPN_clientip: '11.22.33.99' },
    events: up,
    results: [0, 0],
    log: [/WARN winsock-lsp: .*11\.22\.33\.99/, published(addresses.client)],
  },
  {
    name: "a clientip of another interface than the server's falls back to the address towards the server",
    change: { OPENVPN_clientip: elsewhere },
    events: up,
    results: [0, 0],
    log: [/WARN winsock-lsp: .*10\.77\.0\.1 .*another interface than that towards the server.*any-clientip/, published(addresses.client)],
  },
  {
    name: "a clientip of another interface counts where the client's configuration says so",
    change: { OPENVPN_clientip: elsewhere },
    arguments: ['any-clientip'],
    events: up,
    results: [0, 0],
    log: [published(elsewhere)],
  },
  {
    name: 'a clientip counts for nothing while the way to the server is not known, and any-clientip changes that',
    change: { trusted_ip: undefined },
    events: up,
    results: [0, 1],
    log: [/WARN winsock-lsp: .*any-clientip/, /ERR winsock-lsp: .*physical address is unknown/],
  },
  {
    name: 'any-clientip is not any address: one that the host does not have falls back all the same',
    change: { OPENVPN_clientip: '11.22.33.99' },
    arguments: ['any-clientip'],
    events: up,
    results: [0, 0],
    log: [/WARN winsock-lsp: .*11\.22\.33\.99/, published(addresses.client)],
  },
  {
    name: 'an argument that is misspelled is told, and changes nothing',
    change: { OPENVPN_clientip: elsewhere },
    arguments: ['any-client-ip'],
    events: up,
    results: [0, 0],
    log: [/WARN winsock-lsp: .*"any-client-ip".*expected any-clientip/, published(addresses.client)],
  },
  {
    name: 'no clientip falls back to the address towards the server',
    change: { OPENVPN_clientip: undefined },
    events: up,
    results: [0, 0],
    log: [published(addresses.client)],
  },
  {
    name: "an empty clientip, a server's script without an address to push, is none",
    change: { OPENVPN_clientip: '' },
    events: up,
    results: [0, 0],
    log: [published(addresses.client)],
  },
  {
    name: 'neither clientip nor trusted_ip publishes nothing',
    change: { OPENVPN_clientip: undefined, trusted_ip: undefined },
    events: up,
    results: [0, 1],
    log: [/ERR winsock-lsp: .*physical address is unknown.*setenv-safe/],
  },
  {
    name: 'a tunnel whose address no interface has publishes nothing',
    change: { ifconfig_local: '128.129.0.77' },
    events: up,
    results: [0, 1],
    log: [/ERR winsock-lsp: .*128\.129\.0\.77/],
  },
  { name: 'DOWN before UP is harmless', events: ['down'], results: [0], log: [] },
  {
    name: 'DOWN before UP does not disturb what follows',
    events: ['down', ...up],
    results: [0, 0, 0],
    log: [published(addresses.client)],
  },
  {
    name: 'ROUTE_UP without UP publishes',
    events: ['route-up'],
    results: [0],
    log: [published(addresses.client)],
  },
  {
    name: 'ROUTE_UP twice is harmless',
    events: [...up, 'route-up', 'down'],
    results: [0, 0, 0, 0],
    log: [published(addresses.client), published(addresses.client), /withdrawn/],
  },
  {
    name: 'a tunnel that comes back with another address, and another physical one, is published with them',
    later: { ifconfig_local: '128.129.0.3', OPENVPN_clientip: '11.22.33.45' },
    events: [...up, 'route-up', 'down'],
    results: [0, 0, 0, 0],
    log: [published(addresses.client), published('11.22.33.45'), /withdrawn/],
  },
  {
    name: 'UP of a restart publishes: with persist-tun ROUTE_UP does not come',
    later: { script_context: 'restart' },
    events: [...up, 'down', 'up', 'down'],
    results: [0, 0, 0, 0, 0],
    log: [published(addresses.client), /withdrawn/, published(addresses.client), /withdrawn/],
  },
  {
    name: 'of two interfaces with the same address the one counts that OpenVPN names',
    change: { ifconfig_local: twice, dev_idx: String(secondIndex) },
    events: up,
    results: [0, 0],
    log: [new RegExp(`NOTE winsock-lsp: published: .*interface ${secondIndex} gets`)],
  },
  {
    name: 'an interface that OpenVPN names and that does not have the address does not count',
    change: { dev_idx: String(secondIndex) },
    events: up,
    results: [0, 0],
    log: [new RegExp(`NOTE winsock-lsp: published: .*interface (?!${secondIndex})\\d+ gets`)],
  },
  {
    name: "an index of -1 is OpenVPN's none: the interface is found by its address",
    change: { dev_idx: '-1' },
    events: [...up, 'down'],
    results: [0, 0, 0],
    log: [published(addresses.client), /withdrawn/],
  },
  {
    name: 'of two interfaces with the same address and no index the first counts',
    change: { ifconfig_local: twice, dev_idx: '-1' },
    events: up,
    results: [0, 0],
    log: [new RegExp(`NOTE winsock-lsp: published: .*interface (?!${secondIndex})\\d+ gets`)],
  },
  {
    name: 'DOWN twice is harmless',
    events: [...up, 'down', 'down'],
    results: [0, 0, 0, 0],
    log: [published(addresses.client), /withdrawn/],
  },
  {
    name: 'DOWN that cannot withdraw says so, and OpenVPN goes on',
    slow: true,
    events: [...up, 'hold-tunnels', 'down'],
    results: [0, 0, 0, 0],
    log: [published(addresses.client), /ERR winsock-lsp: Cannot change the tunnels: another process/],
  },
  {
    name: 'UP again without DOWN withdraws what was published',
    events: [...up, 'up', 'route-up'],
    results: [0, 0, 0, 0],
    log: [published(addresses.client), /withdrawn/, published(addresses.client)],
  },
];

let directory: string;
let network: Network;
let prefix: WinePrefix;
const hosts = new Map<Architecture, string>();

function define(): void {
  const missing32 = missingForArchitecture('ia32');
  if (missing32 !== undefined) test.skip(`the events of a 32-bit OpenVPN (${missing32})`, () => undefined);
  const architectures: readonly Architecture[] = missing32 === undefined ? ['x64', 'ia32'] : ['x64'];
  test.before(reported(async () => {
    directory = ownedTemporaryDirectory();
    network = createNetwork();
    const device = ['dev', tunnel.interface];
    await network.exec('client', ['ip', 'tuntap', 'add', ...device, 'mode', 'tun']);
    for (const address of ['128.129.0.2/24', '128.129.0.3/24', `${twice}/24`]) {
      await network.exec('client', ['ip', 'address', 'add', address, ...device]);
    }
    await network.exec('client', ['ip', 'address', 'add', '11.22.33.45/24', 'dev', interfaces.physical]);
    await network.exec('client', ['ip', 'link', 'set', ...device, 'up']);
    await network.exec('client', ['ip', 'link', 'add', 'second', 'index', String(secondIndex), 'type', 'veth', 'peer', 'name', 'second-far']);
    for (const end of ['second', 'second-far']) await network.exec('client', ['ip', 'link', 'set', end, 'up']);
    for (const address of [twice, elsewhere]) await network.exec('client', ['ip', 'address', 'add', `${address}/32`, 'dev', 'second']);
    prefix = await WinePrefix.create({
      directory: join(directory, 'wine'),
      networkNamespace: network.namespace('client'),
      programs32: missing32 === undefined,
    });
    for (const architecture of architectures) {
      const built = requireArtifact('pluginHost', architecture);
      hosts.set(architecture, stageProgram(built, join(directory, `host-${architecture}`)));
    }
  }));
  test.after(reported(async () => {
    await prefix?.stop();
    network?.destroy();
    rmSync(directory, { recursive: true, force: true });
  }));

  for (const architecture of architectures) {
    for (const api of ['1', '3'] as const) {
      for (const row of rows) {
        if (row.slow && (api !== '3' || architecture !== 'x64')) continue;
        test(`v${api}, ${architecture}: ${row.name}`, () => check(row, api, architecture));
      }
    }
  }
}

async function check(row: Row, api: '1' | '3', architecture: Architecture): Promise<void> {
  const { change = {}, later = {}, events, results, log, withoutSetupDll = false, besideAnother = false, arguments: words = [] } = row;
  if (besideAnother) await registry('add', '/v', 'Definition', '/d', otherTunnel, '/f');
  const files = ['environment', 'later-environment'].map((name) => join(directory, name)) as [string, string];
  writeFileSync(files[0], serialize({ ...good, ...change }));
  writeFileSync(files[1], serialize({ ...good, ...change, ...later }));
  const once = events.flatMap((event, i) => ['--once', `${event}=${prefix.toWindowsPath(files[i < 2 ? 0 : 1])}`]);
  const built = requireArtifact('lspDll', architecture);
  const dll = prefix.toWindowsPath(withoutSetupDll ? aloneInAFolder(built, architecture) : built);
  const { code, stdout, stderr } = await prefix.run(hosts.get(architecture) ?? '', ['--api', api, ...once, dll, ...words], { winsock: 'test' });
  if (besideAnother) {
    await registry('delete', '/f');
    const tool = stageProgram(testWinsockFile('winsock_catalog.exe'), join(directory, 'tool'));
    assert.is((await prefix.run(tool, ['reset'], { winsock: 'test' })).code, 0);
  }
  const output = stdout.replaceAll('\r', '');
  assert.is(code, 0, `${output}${stderr}`);
  const answers = [...output.matchAll(/^EVENT (\S+) -> (\d+)$/gm)].map(([, event, result]) => `${event} ${result}`);
  assert.equal(answers, events.map((event, index) => `${event} ${results[index]}`), output);
  // OpenVPN lends only v3 plugins its log.
  if (api === '3') assertInOrder(output, log);
  if (!log.some((pattern) => pattern.source.startsWith('NOTE'))) assert.not.match(output, /NOTE winsock-lsp: published/);
}

const otherTunnel = `interface=${secondIndex} address=10.9.0.2/24 source=${addresses.client}`;

/** reg.exe on the key of another tunnel in the store. */
async function registry(verb: string, ...parameters: string[]): Promise<void> {
  const key = 'HKLM\\SOFTWARE\\winsock-lsp\\Tunnels\\another';
  const { code, stderr } = await prefix.run('reg', [verb, key, ...parameters]);
  assert.is(code, 0, `reg ${verb}: ${stderr}`);
}

function aloneInAFolder(dll: string, architecture: Architecture): string {
  const folder = join(directory, `alone-${architecture}`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(dll, join(folder, basename(dll)));
  return join(folder, basename(dll));
}

function assertInOrder(output: string, patterns: readonly RegExp[]): void {
  let rest = output;
  for (const pattern of patterns) {
    const found = rest.match(pattern);
    assert.ok(found, `${pattern} is not in what is left of the log:\n${output}`);
    rest = rest.slice((found?.index ?? 0) + (found?.[0].length ?? 0));
  }
}

function serialize(environment: Environment): string {
  return Object.entries(environment)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}\0`]))
    .join('');
}

const missing = missingForNetwork();
if (missing === undefined) define();
else test.skip(`the plugin's events (${missing})`, () => undefined);
test.run();
