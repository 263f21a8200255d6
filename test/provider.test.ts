/** The provider as programs meet it: provider_tests.exe over the test Winsock, with our DLL in the chain. */

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { test } from 'uvu';

import { missingForNetwork, namespacePrefix, removeNamespaces } from './e2e/namespaces.js';
import { missingForArchitecture, requireArtifact, type Architecture } from './support/artifacts.js';
import { addDoctests } from './support/doctest.js';
import { stageProgram, WinePrefix, type ProgramOptions } from './support/wine.js';

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForNetwork() ?? missingForArchitecture(architecture);
  if (missing !== undefined) {
    test.skip(`provider, ${architecture}: ${missing}`);
    continue;
  }
  const namespace = `${namespacePrefix('provider')}${architecture}`;
  const directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-provider-'));
  try {
    await runAll(architecture, namespace, directory);
  } finally {
    removeNamespaces(namespace);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A host with a physical interface, a tunnel interface, and the target on itself (see test/provider/fixture.hpp). */
function makeHost(namespace: string): void {
  const ip = (...parameters: string[]) => execFileSync('ip', parameters, { stdio: 'pipe' });
  ip('netns', 'add', namespace);
  const inside = (...parameters: string[]) => ip('-n', namespace, ...parameters);
  inside('link', 'set', 'lo', 'up');
  for (const [name, address] of [
    ['physical', '11.22.33.44/24'],
    ['tunnel', '128.129.0.2/24'],
  ] as const) {
    inside('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-far`);
    inside('link', 'set', `${name}-far`, 'up');
    inside('link', 'set', name, 'up');
    inside('addr', 'add', address, 'dev', name);
  }
  // What is pinned to the tunnel interface goes out there, although the target is this host, and comes in at the far end.
  for (const [name, value] of [
    ['all.rp_filter', 0],
    ['tunnel-far.rp_filter', 0],
    ['all.accept_local', 1],
  ] as const) {
    ip('netns', 'exec', namespace, 'sysctl', '-qw', `net.ipv4.conf.${name}=${value}`);
  }
  inside('addr', 'add', '1.2.3.4/32', 'dev', 'tunnel-far');
  inside('route', 'add', '1.2.3.0/24', 'dev', 'tunnel');
}

async function runAll(architecture: Architecture, host: string, folder: string): Promise<void> {
  makeHost(host);
  const prefix = await WinePrefix.create({
    directory: join(folder, 'wine'),
    networkNamespace: host,
    programs32: architecture === 'ia32',
  });
  try {
    const program = stageProgram(requireArtifact('providerTests', architecture), join(folder, 'programs'), architecture);
    const dll = prefix.toWindowsPath(requireArtifact('lspDll', architecture));
    const installed = await prefix.run(program, ['install', dll], { winsock: 'test' });
    if (installed.code !== 0) throw new Error(`installing ${dll}: ${installed.stdout}${installed.stderr}`);

    const run = async (title: string, suite: string, environment: ProgramOptions['environment']) => {
      const record = prefix.toWindowsPath(join(folder, `${suite}.jsonl`));
      await addDoctests(test, `${title}, ${architecture}`, (options) =>
        prefix.run(program, [`--test-suite=${suite}`, ...options], {
          winsock: 'test',
          cwd: dirname(program),
          timeoutMilliseconds: 120_000,
          environment: { TEST_WINSOCK_RECORD: record, ...environment },
        }),
      );
    };
    await run('provider', 'tunnel', {});
    await run('provider over NT 5', 'nt5', { TEST_WINSOCK_NO_SENDMSG: '1' });
    if (architecture === 'ia32') {
      const libgcc = 'libgcc_s_dw2-1.dll';
      copyFileSync(join(dirname(requireArtifact('providerTests', architecture)), libgcc), join(dirname(program), libgcc));
      await run('provider', 'out-of-memory', {});
    }
    await run('provider over the null base', 'null', { TEST_WINSOCK_BASE: 'null', TEST_WINSOCK_RECORD: undefined });
  } finally {
    await prefix.stop();
  }
}

test.run();
