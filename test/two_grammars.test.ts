/** Two builds of the provider side by side, an old one and a new one, under the same policies. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { missingForArchitecture, requireArtifact, type Architecture, type Artifact } from './support/artifacts.js';
import { ProviderHost } from './support/provider_host.js';

const physical = '11.22.33.44';
const virtual = '128.129.0.2';
const refused = '10013'; // WSAEACCES

// The old build knows `keep` and `refuse` alone; the new one does not know `teleport` either.
const policy = [
  'to 1.2.3.4 source 11.22.33.44',
  'app other.exe to 1.2.3.5 source 11.22.33.44',
  'to 1.2.3.6 refuse',
  'to 1.2.3.7 keep',
];
const newer = [...policy, 'app provider_tests.exe to 1.2.3.8 teleport Mars otherwise keep', 'in from 0.0.0.0/0 port 9 refuse'];
const addresses = ['1.2.3.4', '1.2.3.5', '1.2.3.6', '1.2.3.7', '1.2.3.8', '1.2.3.9'];

async function use(host: ProviderHost, dll: Artifact): Promise<void> {
  await host.mustRun(['install', host.prefix.toWindowsPath(requireArtifact(dll, host.architecture))]);
}

/** What a new process with the registered DLL gets: for each address its own, or the error. */
async function reached(host: ProviderHost): Promise<string[]> {
  const { code, stdout, stderr } = await host.run(['reach', ...addresses]);
  assert.is(code, 0, stderr);
  return stdout.trim().split(/\r?\n/).map((line) => line.split(' ')[1] ?? '');
}

async function addTests(architecture: Architecture): Promise<void> {
  const host = await ProviderHost.create('grammars', architecture);
  try {
    await use(host, 'lspDll');
    await host.mustRun(['rules', ...policy]);
    const seenByNew = await reached(host);
    test(`the new version does what the policy says, ${architecture}`, () => {
      assert.equal(seenByNew, [physical, virtual, refused, virtual, virtual, virtual]);
    });

    await use(host, 'oldLspDll');
    const seenByOld = await reached(host);
    test(`the old version refuses what it does not understand, for the programs that it is for, and does the rest, ${architecture}`, () => {
      assert.equal(seenByOld, [refused, virtual, refused, virtual, virtual, virtual]);
    });

    const set = await host.run(['rules', ...policy, 'to 1.2.3.9 source 11.22.33.44']);
    const stillSeen = await reached(host);
    test(`while the old version is registered, no such policy can be set, ${architecture}`, () => {
      assert.is(set.code, 1);
      assert.is(set.stdout.trim(), 'ERR_DLL_TOO_OLD');
      assert.match(set.stderr, /line 1 needs a DLL of grammar 1, and .*winsock-lsp-old\.dll, which is registered, is of grammar 0/);
      assert.equal(stillSeen, seenByOld);
    });

    await host.mustRun(['raw-rules', ...newer]);
    const newerByOld = await reached(host);
    await use(host, 'lspDll');
    const newerByNew = await reached(host);
    test(`a policy that is newer than both keeps its other rules in both, ${architecture}`, () => {
      assert.equal(newerByOld, [refused, virtual, refused, virtual, refused, virtual]);
      assert.equal(newerByNew, [physical, virtual, refused, virtual, refused, virtual]);
    });

    await host.mustRun(['raw-rules', ...policy, 'to nowhere teleport']);
    const rejected = await reached(host);
    test(`what no version would write is rejected as a whole, ${architecture}`, () => {
      // The first is an address of this host, so that is what Windows chooses.
      assert.equal(rejected, ['1.2.3.4', ...Array<string>(5).fill(virtual)]);
    });
  } finally {
    await host.stop();
  }
}

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForNetwork() ?? missingForArchitecture(architecture);
  if (missing === undefined) await addTests(architecture);
  else test.skip(`two grammars, ${architecture}: ${missing}`, () => undefined);
}

test.run();
