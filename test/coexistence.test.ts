/**
 * Living with other LSPs: an independent pass-through LSP above ours, below ours, and both; ours over a part of the catalog; others that are
 * broken. Each time an unmodified node.exe exchanges over TCP and UDP under a published tunnel, and the peer says which source it saw.
 */

import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { nodeExecutables, requireArtifact, testWinsockFile } from './support/artifacts.js';
import { ProviderHost } from './support/provider_host.js';
import { stageProgram, type WineProgram } from './support/wine.js';

const physical = '11.22.33.44';
// The target is on the same host, so towards it the system chooses the target's own address.
const target = '1.2.3.4';

interface Seen {
  tcp: string;
  udp: string;
}
const ours: Seen = { tcp: physical, udp: physical };
const withoutUs: Seen = { tcp: target, udp: target };

type Step = (machine: Machine) => Promise<void>;

/** A host whose catalog is put together anew for each arrangement. */
class Machine {
  private constructor(
    readonly host: ProviderHost,
    private readonly node: string,
    private readonly catalogProgram: string,
    private readonly tunnel: WineProgram,
  ) {}

  static async create(): Promise<Machine> {
    const host = await ProviderHost.create('coexistence');
    const executable = nodeExecutables().at(-1);
    if (executable === undefined) throw new Error("Windows' node.exe is missing: node scripts/run.mjs setup");
    const folder = join(host.folder, 'programs');
    const tunnel = host.prefix.spawn(host.program, ['publish'], { winsock: 'test' });
    await tunnel.waitForOutput(/published/);
    return new Machine(
      host,
      stageProgram(executable.path, folder),
      stageProgram(testWinsockFile('winsock_catalog.exe'), folder),
      tunnel,
    );
  }

  async catalog(...parameters: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.host.prefix.run(this.catalogProgram, parameters, { winsock: 'test' });
    assert.is(code, 0, `winsock_catalog ${parameters.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** The file of another LSP, which a test may delete. */
  otherDll(name: string): string {
    return join(this.host.folder, `${name}.dll`);
  }

  async installOther(name: string): Promise<void> {
    copyFileSync(testWinsockFile('test_passthrough_lsp.dll'), this.otherDll(name));
    const path = this.host.prefix.toWindowsPath(this.otherDll(name));
    await this.catalog('install', path, path, name);
  }

  /** What the peer saw of node.exe, or its errors. */
  async exchange(environment: Record<string, string> = {}): Promise<Seen> {
    const script = fileURLToPath(new URL('coexistence/exchanges.cjs', import.meta.url));
    const { stdout, stderr } = await this.host.prefix.run(this.node, [this.host.prefix.toWindowsPath(script)], {
      winsock: 'test',
      environment,
    });
    assert.match(stdout, /^\{.*\}\s*$/, `node.exe printed: ${stdout}${stderr}`);
    return JSON.parse(stdout) as Seen;
  }

  async stop(): Promise<void> {
    await this.tunnel.kill();
    await this.host.stop();
  }
}

const installOurs: Step = ({ host }) => host.install();
const removeOurs: Step = ({ host }) => host.mustRun(['remove']);
const installOther =
  (name: string): Step =>
  (machine) =>
    machine.installOther(name);
const removeOther =
  (name: string): Step =>
  async (machine) =>
    void (await machine.catalog('remove', name));
const deleteDll =
  (name: string): Step =>
  async (machine) =>
    rmSync(machine.otherDll(name));
const installOverTcp: Step = ({ host }) =>
  host.mustRun(['install-tcp', host.prefix.toWindowsPath(requireArtifact('lspDll'))]);
/** Our remover refuses, because another's chains stand on ours; nothing is changed. */
const refusedToRemoveOurs: Step = async (machine) => {
  const before = await machine.catalog('list');
  const { code, stdout } = await machine.host.run(['remove']);
  assert.is(code, 1);
  assert.match(stdout, /^ERR_OTHERS_DEPEND\b/);
  assert.is(await machine.catalog('list'), before);
};

interface Arrangement {
  name: string;
  steps: Step[];
  seen: Seen;
}

const arrangements: Arrangement[] = [
  { name: 'nobody in the chain', steps: [], seen: withoutUs },
  { name: 'another alone', steps: [installOther('other')], seen: withoutUs },
  { name: 'ours alone', steps: [installOurs], seen: ours },
  { name: 'another above ours', steps: [installOurs, installOther('above')], seen: ours },
  { name: 'another below ours', steps: [installOther('below'), installOurs], seen: ours },
  { name: 'another above and one below ours', steps: [installOther('below'), installOurs, installOther('above')], seen: ours },
  {
    name: 'two above and one below ours',
    steps: [installOther('below'), installOurs, installOther('above'), installOther('top')],
    seen: ours,
  },
  { name: 'ours over TCP only', steps: [installOverTcp], seen: { tcp: physical, udp: target } },
  {
    name: 'ours over TCP only, another above',
    steps: [installOverTcp, installOther('above')],
    seen: { tcp: physical, udp: target },
  },
  {
    name: "the DLL of another below ours is missing: ours goes to the base provider",
    steps: [installOther('below'), installOurs, deleteDll('below')],
    seen: ours,
  },
  {
    // Ours name its chains, not itself, so its remover leaves them; they are led to the base provider.
    name: 'another below ours is removed, and ours goes on',
    steps: [installOther('below'), installOurs, removeOther('below')],
    seen: ours,
  },
  {
    name: 'another below ours is removed, and ours installed again',
    steps: [installOther('below'), installOurs, removeOther('below'), installOurs],
    seen: ours,
  },
  { name: 'another above ours is removed', steps: [installOurs, installOther('above'), removeOther('above')], seen: ours },
  {
    name: 'ours is removed from above another',
    steps: [installOther('below'), installOurs, removeOurs],
    seen: withoutUs,
  },
  { name: 'ours cannot be removed from below another', steps: [installOurs, installOther('above'), refusedToRemoveOurs], seen: ours },
  {
    name: 'both are removed, ours last',
    steps: [installOurs, installOther('above'), removeOther('above'), removeOurs],
    seen: withoutUs,
  },
  {
    name: 'both are removed, ours first',
    steps: [installOther('below'), installOurs, removeOurs, removeOther('below')],
    seen: withoutUs,
  },
];

const missing = missingForNetwork();
if (missing === undefined) {
  let machine: Machine;
  test('a machine with a published tunnel', async () => {
    machine = await Machine.create();
  });

  for (const { name, steps, seen } of arrangements) {
    test(name, async () => {
      await machine.catalog('reset');
      for (const step of steps) await step(machine);
      assert.equal(await machine.exchange(), seen);
    });
  }

  test("another's incomplete procedure table gives what it gives without us, above ours and below", async () => {
    const incomplete = { TEST_PASSTHROUGH_INCOMPLETE: '1' };
    await machine.catalog('reset');
    await machine.installOther('other');
    const alone = await machine.exchange(incomplete);
    assert.not.equal(alone, withoutUs);
    for (const steps of [
      [installOurs, installOther('above')],
      [installOther('below'), installOurs],
    ]) {
      await machine.catalog('reset');
      for (const step of steps) await step(machine);
      assert.equal(await machine.exchange(incomplete), alone);
    }
  });

  test("the other chain's ConnectEx over an LSP that keeps a table for each chain", async () => {
    await machine.catalog('reset');
    await machine.installOther('below');
    await installOurs(machine);
    const { code, stdout } = await machine.host.run(['--test-suite=chains', '--no-version']);
    assert.is(code, 0, stdout);
    assert.match(stdout, /test cases: +1 \|/);
  });

  test.after(async () => machine?.stop());
} else {
  test.skip(`coexistence: ${missing}`);
}

test.run();
