// The real openvpn.exe and the plugin: the documented `plugin` line, what OpenVPN says to others, a connection that is made again, and what
// becomes of the host model. On the path of Windows 10, by the test iphlpapi; that for Windows before Vista has plugin_events.test.ts and
// split_tunnelling.test.ts.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { echoPorts } from './e2e/native_node.js';
import { addresses, interfaces } from './e2e/network.js';
import { exeAddress, tunnel } from './e2e/openvpn.js';
import { OpenVpnExe, pluginLine, type OpenVpnExeOptions } from './e2e/openvpn_exe.js';
import { TestBed } from './e2e/testbed.js';
import { missingForOpenVpn, nodeExecutables, requireArtifact } from './support/artifacts.js';
import { reported } from './support/reported.js';

/** A line of the file that the test iphlpapi appends to (test/iphlpapi/README.md). */
interface IpHelperCall {
  call: string;
  process: number;
  error: number;
  interface?: number;
  destination?: string;
  source?: string;
  weakHostSend?: boolean;
  weakHostReceive?: boolean;
}

let bed: TestBed;
let recording: string;
const index = { tunnel: 0, physical: 0 };

const record = () => ({ TEST_IPHLPAPI_RECORD: bed.prefix.toWindowsPath(recording) });
const calls = (): IpHelperCall[] =>
  existsSync(recording)
    ? readFileSync(recording, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as IpHelperCall)
    : [];

/** What was set of the host model, in order: `eth0 send on`. */
function switches(): string[] {
  const name = new Map([[index.tunnel, tunnel.interface], [index.physical, interfaces.physical]]);
  return calls()
    .filter(({ call, error }) => call === 'SetIpInterfaceEntry' && error === 0)
    .map((row) => `${name.get(row.interface ?? 0)} send ${row.weakHostSend ? 'on' : 'off'}, receive ${row.weakHostReceive ? 'on' : 'off'}`);
}

const turnedOn = [`${interfaces.physical} send on, receive off`, `${tunnel.interface} send off, receive on`];
const turnedOff = [`${interfaces.physical} send off, receive off`, `${tunnel.interface} send off, receive off`];

/** Starts it, waits until it has ended by itself, and gives its log. */
async function logOfEnd(options: Partial<OpenVpnExeOptions>): Promise<string> {
  const openvpn = await OpenVpnExe.begin(bed.openVpnOptions(options));
  const code = await openvpn.ended();
  assert.is(code, 1, openvpn.output);
  return openvpn.output;
}

interface Refusal {
  name: string;
  plugin: string;
  /** The DLL is put there first. */
  copyTo?: string;
  /** OpenVPN is started in this folder. */
  cwd?: string;
  /** What OpenVPN says before it ends. */
  message: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    name: 'the bare name is looked for in the current folder, which is not a trusted one',
    plugin: 'plugin winsock-lsp.dll',
    message: /PLUGIN_INIT: could not load plugin DLL: .*winsock-lsp\.dll\. The DLL is not in a trusted directory\.\s+.*Exiting due to fatal error/,
  },
  {
    name: 'so it is with the DLL in the current folder',
    plugin: 'plugin winsock-lsp.dll',
    cwd: 'started-in',
    copyTo: 'started-in',
    message: /The DLL is not in a trusted directory\.\s+.*Exiting due to fatal error/,
  },
  {
    name: 'and with the full path of another folder',
    plugin: 'plugin "C:\\\\elsewhere\\\\winsock-lsp.dll"',
    copyTo: 'elsewhere',
    message: /C:\\elsewhere\\winsock-lsp\.dll\. The DLL is not in a trusted directory\.\s+.*Exiting due to fatal error/,
  },
  {
    name: 'a path in the installation folder that has no such DLL',
    plugin: 'plugin "C:\\\\Program Files\\\\OpenVPN\\\\plugins\\\\none.dll"',
    message: /PLUGIN_INIT: could not load plugin DLL: C:\\Program Files\\OpenVPN\\plugins\\none\.dll.*\s+.*Exiting due to fatal error/,
  },
  {
    name: 'a DLL that is no plugin',
    plugin: 'plugin "C:\\\\Program Files\\\\OpenVPN\\\\plugins\\\\winsock-lsp-setup.dll"',
    message: /PLUGIN: could not find required symbol 'openvpn_plugin_close_v1' in plugin DLL .*\s+.*Exiting due to fatal error/,
  },
];

function define(): void {
  const [newest] = nodeExecutables().slice(-1);
  if (newest === undefined) throw new Error("Windows' node.exe is missing: node scripts/run.mjs setup");

  test.before(reported(async () => {
    bed = await TestBed.create({ nodeExecutables: [newest] });
    recording = join(bed.newDirectory('recording'), 'iphlpapi.jsonl');
    await bed.client.start();
    index.tunnel = await bed.interfaceIndex(tunnel.interface);
    index.physical = await bed.interfaceIndex(interfaces.physical);
  }));
  test.after(reported(() => bed?.destroy()));

  for (const { name, plugin, cwd, copyTo, message } of refusals) {
    test(`OpenVPN ends: ${name}`, async () => {
      const drive = join(bed.prefix.directory, 'drive_c');
      if (copyTo !== undefined) {
        mkdirSync(join(drive, copyTo), { recursive: true });
        copyFileSync(requireArtifact('lspDll'), join(drive, copyTo, 'winsock-lsp.dll'));
      }
      assert.match(await logOfEnd({ plugin, cwd: cwd === undefined ? undefined : join(drive, cwd) }), message);
    });
  }

  test('with the documented line, on the path of Windows 10: published, the switches of the host model set; routes by GetBestRoute2', async () => {
    assert.is(pluginLine, 'plugin "C:\\\\Program Files\\\\OpenVPN\\\\plugins\\\\winsock-lsp.dll"');
    const openvpn = await bed.startOpenVpn({ environment: record() });
    assert.equal(openvpn.answers, [{ event: 'up', result: 0 }, { event: 'route-up', result: 0 }], openvpn.output);
    assert.match(openvpn.output, new RegExp(`published: what leaves through interface ${index.tunnel} gets the source 11\\.22\\.33\\.44`));
    assert.equal(switches(), turnedOn);

    const [host] = bed.windows;
    if (host === undefined) throw new Error('there is no node.exe');
    const program = await bed.startProber(host, record());
    const exchange = await program.ask({ kind: 'tcp', host: addresses.target, port: echoPorts.tcp });
    assert.is(exchange.seenSource, addresses.client, JSON.stringify(exchange));
    const route = calls().filter(({ call, destination }) => call === 'GetBestRoute2' && destination === addresses.target).at(-1);
    assert.is(route?.interface, index.tunnel);
    assert.is(route?.error, 0);
    const watched = calls().filter(({ call, process }) => call.startsWith('Notify') && process === route?.process);
    assert.equal(new Set(watched.map(({ call }) => call)), new Set(['NotifyRouteChange2', 'NotifyUnicastIpAddressChange']));
    program.quit();

    await openvpn.quit();
    assert.equal(openvpn.answers.slice(2), [{ event: 'down', result: 0 }], openvpn.output);
    assert.match(openvpn.output, /PLUGIN winsock-lsp: withdrawn/);
    assert.equal(switches(), [...turnedOn, ...turnedOff]);
  });

  test('a connection that is made again: withdrawn, and published once more', async () => {
    const openvpn = await bed.startOpenVpn();
    await openvpn.signal('SIGUSR1');
    await openvpn.connectedTimes(2);
    await openvpn.quit();
    const answers = openvpn.answers.map(({ event, result }) => `${event} ${result}`);
    assert.equal(answers, ['up 0', 'route-up 0', 'down 0', 'up 0', 'route-up 0', 'down 0'], openvpn.output);
    assert.is(openvpn.output.match(/winsock-lsp: published/g)?.length, 2, openvpn.output);
    assert.is(openvpn.output.match(/winsock-lsp: withdrawn/g)?.length, 2, openvpn.output);
  });

  test('with persist-tun the adapter stays, and what is published with it', async () => {
    const openvpn = await bed.startOpenVpn({ directives: 'persist-tun\nup-restart' });
    await openvpn.signal('SIGUSR1');
    await openvpn.connectedTimes(2);
    assert.match(openvpn.pluginLog, /winsock-lsp: published[^]*winsock-lsp: published/);
    const published = openvpn.pluginLog.lastIndexOf('winsock-lsp: published');
    assert.ok(published > openvpn.pluginLog.lastIndexOf('winsock-lsp: withdrawn'), openvpn.pluginLog);
    await openvpn.quit();
    assert.ok(openvpn.answers.every(({ result }) => result === 0), openvpn.output);
  });

  test('OpenVPN is killed: the switches stay as they were set, and whoever withdraws next puts them back', async () => {
    writeFileSync(recording, '');
    const killed = await bed.startOpenVpn({ environment: record() });
    await killed.kill();
    assert.equal(switches(), turnedOn);
    const next = await bed.startOpenVpn({ environment: record() });
    await next.quit();
    assert.equal(switches(), [...turnedOn, ...turnedOff]);
  });

  test('an address that the host does not have: nothing is published, OpenVPN warns and goes on', async () => {
    const openvpn = await OpenVpnExe.begin(bed.openVpnOptions());
    await bed.network.exec('client', ['ip', 'address', 'del', `${exeAddress(tunnel)}/32`, 'dev', tunnel.interface]);
    await openvpn.connectedTimes(1);
    assert.match(openvpn.output, /no interface of this host has the tunnel's address 128\.129\.0\.200/);
    assert.match(openvpn.output, /PLUGIN_CALL: plugin function PLUGIN_ROUTE_UP failed with status 1/);
    await openvpn.quit();
  });
}

const missing = missingForNetwork() ?? missingForOpenVpn();
if (missing === undefined) define();
else test.skip(`the real openvpn.exe (${missing})`, () => undefined);
test.run();
