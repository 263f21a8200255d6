// The client's physical address changes while OpenVPN is connected, as Wi-Fi roaming and DHCP have it. OpenVPN gives its plugin
// no event for that; the plugin looks itself, and programs that are running take the new address.
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { echoPorts } from './e2e/native_node.js';
import { addresses, interfaces } from './e2e/network.js';
import type { PluginHost } from './e2e/plugin_host.js';
import type { Prober, Request } from './e2e/prober.js';
import { TestBed } from './e2e/testbed.js';
import { nodeExecutables } from './support/artifacts.js';
import { reported } from './support/reported.js';

/** The test iphlpapi tells of a change within a tenth of a second, as Windows does; on a busy machine all takes longer. */
const patience = 40_000;

let bed: TestBed;
let plugin: PluginHost;
let program: Prober;

const ip = (...parameters: string[]) => bed.network.exec('client', ['ip', ...parameters]);
const loseAddress = () => ip('address', 'flush', 'dev', interfaces.physical);

async function gainAddress(address: string): Promise<void> {
  await ip('address', 'add', `${address}/24`, 'dev', interfaces.physical);
  await ip('route', 'replace', 'default', 'via', addresses.server);
}

const exchanges: Record<string, Request> = {
  TCP: { kind: 'tcp', host: addresses.target, port: echoPorts.tcp, timeout: 2_000 },
  'UDP, the same socket all the time': { kind: 'udp', host: addresses.target, port: echoPorts.udp, keep: 'roaming', timeout: 2_000 },
};

/** Asks again and again until the target has seen the source, and tells how long that took. */
async function seenWith(request: Request, source: string): Promise<number> {
  const begun = Date.now();
  for (;;) {
    const { seenSource, ...rest } = await program.ask(request);
    if (seenSource === source) return Date.now() - begun;
    if (Date.now() - begun > patience) {
      throw new Error(`the target saw ${seenSource ?? JSON.stringify(rest)}, not ${source}:\n${plugin.output}${plugin.errorOutput}`);
    }
  }
}

async function logged(pattern: RegExp): Promise<void> {
  const begun = Date.now();
  while (!pattern.test(plugin.errorOutput)) {
    if (Date.now() - begun > patience) throw new Error(`waited for ${pattern}:\n${plugin.output}${plugin.errorOutput}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function defineExchanges(when: string, source: string): void {
  for (const [name, request] of Object.entries(exchanges)) {
    test(`${when}: ${name} comes from ${source}`, async () => {
      await seenWith(request, source);
    });
  }
}

function define(): void {
  test.before(reported(async () => {
    bed = await TestBed.create({ nodeExecutables: nodeExecutables().slice(-1) });
    plugin = await bed.startPluginHost();
    await bed.client.start({ spool: plugin.spool });
    const [node] = bed.windows;
    if (node === undefined) throw new Error('there is no node.exe');
    program = await bed.startProber(node);
  }));
  test.after(reported(() => bed?.destroy()));

  defineExchanges('connected', addresses.client);
  test('the host gets another address, and the plugin publishes anew', async () => {
    await loseAddress();
    await gainAddress(addresses.clientElsewhere);
    await logged(/published anew with the source 11\.22\.33\.66/);
  });
  defineExchanges('elsewhere', addresses.clientElsewhere);
  test('the host has no address for a while, which is told once', async () => {
    await loseAddress();
    await logged(/interfaces changed, and what is published stays/);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.is(plugin.errorOutput.match(/stays as it was/g)?.length, 1, plugin.errorOutput);
    await gainAddress(addresses.client);
    await logged(/published anew with the source 11\.22\.33\.44/);
  });
  defineExchanges('back again', addresses.client);
  test('after DOWN nothing is published any more, whatever the addresses do', async () => {
    await bed.client.stop();
    assert.equal(plugin.answers.at(-1), { event: 'down', result: 0 }, plugin.output);
    const before = plugin.errorOutput;
    await loseAddress();
    await gainAddress(addresses.clientElsewhere);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.is(plugin.errorOutput, before);
    await plugin.quit();
  });
}

const missing = missingForNetwork();
if (missing === undefined) define();
else test.skip(`roaming (${missing})`, () => undefined);
test.run();
