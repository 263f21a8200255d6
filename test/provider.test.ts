/** The provider as programs meet it: provider_tests.exe over the test Winsock, with our DLL in the chain. */

import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { missingForArchitecture, requireArtifact } from './support/artifacts.js';
import { addDoctests } from './support/doctest.js';
import { ProviderHost } from './support/provider_host.js';
import { withFsKept, type ProgramOptions } from './support/wine.js';
import { readRecording } from './winsock/recording.js';

/** What sockets come to in a process with a whole environment, with one without SystemRoot, and with none. */
async function tryEnvironments(host: ProviderHost): Promise<string[]> {
  const told: string[] = [];
  for (const without of ['nothing', 'SystemRoot', 'anything']) {
    const run = () => host.run(['sockets', without]);
    told.push((await withFsKept(run, host.architecture)).stdout.replaceAll('\r', ''));
  }
  return told;
}

async function runAll(host: ProviderHost): Promise<void> {
  // Without our DLL in the chain: what bad calls give then is what they are to give with it.
  const outcomes = host.windowsPath('outcomes');
  const withOutcomes = { TEST_OUTCOMES_WITHOUT: outcomes, TEST_WINSOCK_RECORD: undefined };
  const run = async (title: string, suite: string, environment: ProgramOptions['environment'], ipHelper?: ProgramOptions['ipHelper']) => {
    await addDoctests(test, `${title}, ${host.architecture}`, (options) =>
      withFsKept(
        () =>
          host.run([`--test-suite=${suite}`, ...options], {
            timeoutMilliseconds: 600_000, // for a busy machine; what hangs, the programs say themselves
            ipHelper,
            environment: { TEST_WINSOCK_RECORD: host.windowsPath(`${suite}.jsonl`), ...environment },
          }),
        host.architecture,
      ),
    );
  };
  await run('without the provider', 'without', withOutcomes);
  const withoutUs = await tryEnvironments(host);
  await host.install();
  const withUs = await tryEnvironments(host);
  test(`provider, ${host.architecture}: without SystemRoot, and without any environment, a program gets what it gets without us`, () => {
    assert.equal(withUs, withoutUs);
    assert.match(withoutUs[0] ?? '', /WSAStartup 0\nsocket 2 1: 0\n/);
    // Windows does not find its own base provider then either.
    for (const each of withoutUs.slice(1)) assert.match(each, /WSAStartup 0\nsocket 2 1: 10106\n/);
  });
  await run('provider', 'tunnel', {});
  await run('provider and the administrator', 'rules', {});
  await run('provider, lives of a process', 'lifecycle', { TEST_WINSOCK_RECORD: undefined });
  await run('provider, reload', 'reload', { TEST_WINSOCK_RECORD: undefined });
  await run('provider, bad calls', 'hostile', withOutcomes);
  await run('provider, threads', 'threads', { TEST_WINSOCK_RECORD: undefined });
  await run('provider, control data', 'control', { TEST_WINSOCK_CHECK_CONTROL: '1' });
  const watched = readRecording(join(host.folder, 'control.jsonl')).filter(({ call }) => /^control-/.test(call));
  test(`provider, control data, ${host.architecture}: all of it was there and unchanged at the last WSPCleanup`, () => {
    assert.equal(watched.map(({ call }) => call), ['control-checked']);
    const sources = 3 + 100; // of the tests: control_data_test.cpp
    assert.ok((watched[0]?.count ?? 0) >= sources, `${watched[0]?.count} places`);
  });
  await run('provider and sockets of other kinds', 'kinds', { TEST_WINSOCK_RECORD: undefined });
  const catalogs = { TEST_WINSOCK_RECORD: undefined, TEST_LSP_DLL: host.prefix.toWindowsPath(requireArtifact('lspDll', host.architecture)) };
  await run('provider and the other chain', 'chains', { TEST_WINSOCK_RECORD: undefined });
  await run('provider, hidden entries', 'hidden', catalogs);
  await run('provider under changes of the catalog', 'catalog', catalogs);
  // Which calls are hooked is decided as a process starts: see CheckedHook in provider/procedures.cpp.
  await host.mustRun(['rules', 'to 203.0.113.0/24 socks5 192.0.2.1:9']);
  await run('provider and a proxy', 'socks5', { TEST_WINSOCK_RECORD: undefined });
  await run('provider and whose the proxy is', 'socks5-owner', { TEST_WINSOCK_RECORD: undefined }, 'test');
  await host.mustRun(['rules']);
  await run('provider over NT 5', 'nt5', { TEST_WINSOCK_NO_SENDMSG: '1' });
  await run('provider', 'out-of-memory', { TEST_WINSOCK_RECORD: undefined });
  await run('provider over the null base', 'null', { TEST_WINSOCK_BASE: 'null', TEST_WINSOCK_RECORD: undefined });
}

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForNetwork() ?? missingForArchitecture(architecture);
  if (missing !== undefined) {
    test.skip(`provider, ${architecture}: ${missing}`);
    continue;
  }
  const host = await ProviderHost.create('provider', architecture);
  try {
    await runAll(host);
  } finally {
    await host.stop();
  }
}

test.run();
