// docs/openvpn.md, run: its configurations and scripts, word for word, by the real OpenVPN in the test network. Linux' client, for the packets,
// does without the `plugin` line: its events reach the DLL under Wine by the plugin host. openvpn.exe takes the whole.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { Keys } from './e2e/keys.js';
import { missingForNetwork } from './e2e/namespaces.js';
import { echoPorts, visit } from './e2e/native_node.js';
import { addresses } from './e2e/network.js';
import { tunnel, type ServerOptions } from './e2e/openvpn.js';
import { pluginLine } from './e2e/openvpn_exe.js';
import type { PluginHost } from './e2e/plugin_host.js';
import type { Prober } from './e2e/prober.js';
import { TestBed } from './e2e/testbed.js';
import { missingForOpenVpn, nodeExecutables, openVpnFolder, repository } from './support/artifacts.js';
import { reported } from './support/reported.js';

const document = readFileSync(join(repository, 'docs', 'openvpn.md'), 'utf8');

/** What stands between ```LANGUAGE NAME and ```. */
const blocks = new Map(
  [...document.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, language = '', name = language, text = '']) => [name, text]),
);

function block(name: string): string {
  const text = blocks.get(name);
  if (text === undefined) throw new Error(`docs/openvpn.md has no block named ${name}`);
  return text;
}

let bed: TestBed;
let plugin: PluginHost;
let prober: Prober;
let keys: Keys;
/** As on a server that is run from it: the documented files, and the keys under their documented names. */
let serverFolder: string;

/** The keys, under the names that the configurations have for them. */
function putKeys(folder: string, side: 'server' | 'client'): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(keys.authority, join(folder, 'ca.crt'));
  copyFileSync(keys[side].certificate, join(folder, `${side}.crt`));
  copyFileSync(keys[side].key, join(folder, `${side}.key`));
}

async function serve(options: ServerOptions): Promise<void> {
  const { network, directory } = options;
  keys = options.keys;
  serverFolder = directory;
  putKeys(directory, 'server');
  putKeys(join(dirname(directory), 'client'), 'client');
  for (const name of ['connect.sh', 'disconnect.sh', 'way-back.sh']) {
    writeFileSync(join(directory, name), block(name));
    chmodSync(join(directory, name), 0o755);
  }
  writeFileSync(join(directory, 'server.conf'), block('server.conf'));
  // As Debian has it: packets that do not come in where the way back leads are dropped. The document has to do with that.
  await network.exec('server', ['sh', '-c', 'for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $file; done']);
  await network.exec('server', ['sh', '-e', join(directory, 'way-back.sh')]);
  const server = network.spawn('server', ['openvpn', '--cd', directory, '--config', 'server.conf', '--disable-dco']);
  await server.waitForOutput(/Initialization Sequence Completed/);
}

const routesToClients = async () => (await bed.network.exec('server', ['ip', 'route', 'show', 'table', '100'], { mayFail: true })).stdout;

function define(): void {
  const [node] = nodeExecutables().slice(-1);
  if (node === undefined) throw new Error("Windows' node.exe is missing: node scripts/run.mjs setup");

  test.before(reported(async () => {
    const clientConfiguration = block('client.ovpn').replace(`${pluginLine}\n`, '');
    bed = await TestBed.create({ nodeExecutables: [node], serve, clientConfiguration });
    plugin = await bed.startPluginHost();
    await bed.client.start({ spool: plugin.spool });
    for (const host of bed.windows) prober = await bed.startProber(host);
  }));
  test.after(reported(() => bed?.destroy()));

  test('docs/openvpn.md: server and client connect, the server tells the physical address, the plugin publishes', () => {
    assert.is(plugin.environment('route-up').get('OPENVPN_clientip'), addresses.client);
    assert.match(plugin.environment('route-up').get('ifconfig_local') ?? '', /^10\.8\.0\.\d+$/);
    assert.equal(plugin.answers.map(({ event, result }) => `${event} ${result}`), ['up 0', 'route-up 0']);
  });

  for (const kind of ['tcp', 'udp'] as const) {
    test(`docs/openvpn.md: a Windows program reaches the target by ${kind.toUpperCase()} with the physical address`, async () => {
      const exchange = await prober.ask({ kind, host: addresses.target, port: echoPorts[kind] });
      assert.is(exchange.seenSource, addresses.client, JSON.stringify(exchange));
    });
  }

  test('docs/openvpn.md: the way back: the target opens a connection to the physical address, through the tunnel', async () => {
    assert.ok((await prober.ask({ kind: 'tcp-server', port: 7300 })).ok);
    const before = await bed.network.counters('client', tunnel.interface);
    const answer = await visit(bed.network, 'target', 'tcp', addresses.client, 7300);
    const after = await bed.network.counters('client', tunnel.interface);
    assert.is(answer.peer, addresses.client, JSON.stringify(answer));
    assert.is(prober.visits.at(-1)?.peer, addresses.target);
    assert.ok((after?.receivedPackets ?? 0) > (before?.receivedPackets ?? 0), 'it came out of the tunnel');
    await bed.network.assertNoTranslation();
  });

  test("docs/openvpn.md: the way back goes with the client", async () => {
    assert.match(await routesToClients(), new RegExp(`^${addresses.client} dev tun0`, 'm'));
    await bed.client.stop();
    assert.equal(plugin.answers.at(-1), { event: 'down', result: 0 });
    // The client's exit notification is a datagram; the server acts on it when it has it.
    for (let look = 0; look < 100 && (await routesToClients()).includes(addresses.client); ++look) {
      await new Promise((later) => setTimeout(later, 100));
    }
    assert.not.match(await routesToClients(), new RegExp(addresses.client));
  });

  test("docs/openvpn.md: a client's own file: its directives are OpenVPN's", async () => {
    mkdirSync(join(serverFolder, 'ccd'));
    writeFileSync(join(serverFolder, 'ccd', 'client'), block('ccd/client'));
    // In its own place, as the document says: no script is there to say the same.
    const configuration = block('server.conf').replace(/^(script-security|client-connect|client-disconnect).*\n/gm, '');
    const beside = { 'dev tun0': 'dev tun1', 'port 1194': 'port 1195', '10.8.0.0': '10.9.0.0' };
    writeFileSync(
      join(serverFolder, 'nat.conf'),
      Object.entries(beside).reduce((text, [from, to]) => text.replace(from, to), configuration),
    );
    const folder = join(dirname(serverFolder), 'client');
    writeFileSync(join(folder, 'nat.ovpn'), block('client.ovpn').replace(`${pluginLine}\n`, '').replace(' 1194', ' 1195'));
    const server = bed.network.spawn('server', ['openvpn', '--cd', serverFolder, '--config', 'nat.conf', '--client-config-dir', 'ccd', '--disable-dco', '--verb', '4']);
    await server.waitForOutput(/Initialization Sequence Completed/);
    const client = bed.network.spawn('client', ['openvpn', '--cd', folder, '--config', 'nat.ovpn', '--disable-dco', '--verb', '3']);
    await client.waitForOutput(/Initialization Sequence Completed/, { timeoutMilliseconds: 30_000 });
    assert.match(client.stdout, /PUSH_REPLY.*setenv-safe clientip 11\.22\.33\.44/);
    await server.waitForOutput(/internal route 11\.22\.33\.44/);
    await client.stop();
    await server.stop();
  });

  const noOpenVpn = missingForOpenVpn();
  if (noOpenVpn !== undefined) test.skip(`docs/openvpn.md: the client’s configuration (${noOpenVpn})`, () => undefined);
  else test('docs/openvpn.md: the client’s configuration, the plugin’s line included, is run by openvpn.exe to the letter', async () => {
    const folder = join(bed.prefix.directory, 'drive_c', 'Program Files', 'OpenVPN', 'config');
    putKeys(folder, 'client');
    assert.ok(block('client.ovpn').split('\n').includes(pluginLine));
    const address = '10.8.0.2';
    const openvpn = await bed.startOpenVpn({ configuration: block('client.ovpn'), address, cwd: folder });
    assert.match(openvpn.output, new RegExp(`ifconfig ${address} `));
    assert.match(openvpn.output, /PLUGIN winsock-lsp: published: .* gets the source 11\.22\.33\.44/);
    await openvpn.quit();
    const answers = openvpn.answers.map(({ event, result }) => `${event} ${result}`);
    assert.equal(answers, ['up 0', 'route-up 0', 'down 0'], openvpn.output);
  });
}

/** The messages of OpenVPN's own source about plugins, up to what they insert. */
function messagesAboutPlugins(): string[] {
  const source = ['plugin.c', 'win32.c'].map((name) => readFileSync(join(openVpnFolder, name), 'utf8')).join('\n');
  return [...source.matchAll(/msg\((?:M_\w+[\s|]*)+,\s*((?:"(?:[^"\\]|\\.)*"\s*)+)/g)]
    .map(([, literals = '']) => [...literals.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text).join(''))
    .filter((text) => /plug-?in|Installation path|system directory/i.test(text))
    // Of other systems.
    .filter((text) => !/shared object|dlclose/.test(text));
}

if (missingForOpenVpn() === undefined) {
  test('docs/openvpn.md: each message with which OpenVPN refuses a plugin, or says that one failed, has a row', () => {
    const rows = document.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split('|')[1]?.trim() ?? '');
    const messages = messagesAboutPlugins();
    assert.ok(messages.length >= 15, messages.join('\n'));
    // A row has … for what is inserted, and may end before the message does.
    const told = (message: string) =>
      rows.some((row) => {
        const pieces = row.split(/'?…'?/).map((piece) => piece.trim()).filter(Boolean);
        return pieces.length > 0 && row.length > 20 && pieces.every((piece) => message.includes(piece));
      });
    assert.equal(messages.filter((message) => !told(message)), []);
  });
}

test('docs/openvpn.md: every block is one that is run here, or for Windows’ command prompt alone', () => {
  assert.equal(
    [...blocks.keys()].sort(),
    ['ccd/client', 'client.ovpn', 'cmd', 'connect.sh', 'disconnect.sh', 'server.conf', 'way-back.sh'],
  );
});

const missing = missingForNetwork();
if (missing === undefined) define();
else test.skip(`docs/openvpn.md (${missing})`, () => undefined);
test.run();
