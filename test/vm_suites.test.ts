/** What runs on a Windows machine (npm run test:windows, lsp-selftest.exe), run here under Wine over the test Winsock. */

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { missingForArchitecture, nodeExecutables, packageFolder, repository, requireArtifact } from './support/artifacts.js';
import { ProviderHost } from './support/provider_host.js';
import { stageProgram } from './support/wine.js';
import { readTap, type TapReport } from './vm/tap.js';

const addresses = ['--target', '1.2.3.4', '--source', '11.22.33.44'];
const missing = missingForNetwork();

for (const architecture of ['x64', 'ia32'] as const) {
  const reason = missing ?? missingForArchitecture(architecture);
  const native = suite(architecture);
  if (reason !== undefined) {
    console.log(`skipped: ${reason}`);
    native.skip(`${architecture}: ${reason}`);
    native.run();
    continue;
  }
  let host: ProviderHost;
  native.before(async () => {
    host = await ProviderHost.create('suites', architecture);
  });
  native.after(() => host.stop());

  native(`lsp-selftest.exe passes, ${architecture}`, async () => {
    const folder = join(host.folder, 'selftest');
    const program = stageProgram(requireArtifact('selftest', architecture), folder);
    for (const name of ['winsock-lsp.dll', 'winsock-lsp-setup.dll', ...(architecture === 'x64' ? ['winsock-lsp-ia32.dll'] : [])]) {
      copyFileSync(join(packageFolder, 'prebuilds', `win32-${architecture}`, name), join(folder, name));
    }
    const { code, stdout, stderr } = await host.prefix.run(program, addresses, {
      winsock: 'test',
      cwd: folder,
      timeoutMilliseconds: 300_000,
    });
    const report = readTap(stdout);
    console.log(`lsp-selftest ${architecture}: ${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
    assert.equal(report.failures, [], `${stdout}${stderr}`);
    assert.ok(code === 0 && report.complete, `code ${code}: ${stdout}${stderr}`);
    assert.ok(report.passed > 50, stdout);
  });

  native(`lsp-selftest.exe without addresses is wrong usage, ${architecture}`, async () => {
    const { code, stderr } = await host.prefix.run(requireArtifact('selftest', architecture), ['--target', 'x']);
    assert.is(code, 2);
    assert.match(stderr, /^usage: lsp-selftest /);
  });

  const node = nodeExecutables(architecture).at(-1);
  async function runWindowsSuite(parameters: readonly string[]): Promise<TapReport & { stdout: string }> {
    const folder = join(host.folder, 'node');
    mkdirSync(folder, { recursive: true });
    const program = stageProgram(node?.path ?? '', folder);
    const script = host.prefix.toWindowsPath(join(repository, 'test', 'vm', 'windows_suite.mjs'));
    const all = [script, '--package', host.prefix.toWindowsPath(packageFolder), ...parameters];
    const { code, stdout, stderr } = await host.prefix.run(program, all, { winsock: 'test', cwd: folder, timeoutMilliseconds: 300_000 });
    const report = readTap(stdout);
    console.log(`test:windows ${architecture}: ${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
    assert.equal(report.failures, [], `${stdout}${stderr}`);
    assert.ok(code === 0 && report.complete, `code ${code}: ${stdout}${stderr}`);
    return { ...report, stdout };
  }

  (node === undefined ? native.skip : native)(`npm run test:windows passes, in ${node?.name}`, async () => {
    const report = await runWindowsSuite(addresses);
    assert.is(report.skipped, 2, 'lsp-selftest.exe, which was not given, and OpenVPN');
    assert.ok(report.passed > 20, report.stdout);
  });

  // As in the virtual machine (docs/vm.md): one network card, and two addresses on the loopback interface. Wine's netsh answers success and
  // does nothing, so they are there already.
  (node === undefined ? native.skip : native)(`npm run test:windows passes on a machine with one network card, in ${node?.name}`, async () => {
    host.ip('link', 'delete', 'tunnel');
    for (const address of ['192.0.2.77', '192.0.2.78']) host.ip('addr', 'add', `${address}/32`, 'dev', 'lo');
    const selftest = host.prefix.toWindowsPath(join(host.folder, 'selftest', 'lsp-selftest.exe'));
    const report = await runWindowsSuite(['--selftest', selftest]);
    for (const behaviour of ['the addresses of this host are what they were', 'native: a tunnel is published']) {
      assert.match(report.stdout, new RegExp(`^ok \\d+ - ${behaviour}$`, 'm'));
    }
    assert.ok(report.passed > 70, report.stdout);
  });

  native.run();
}
