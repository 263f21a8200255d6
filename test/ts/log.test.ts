// NODE_DEBUG=winsock-lsp: what somebody who looks for a fault sees. Over the stand-in; and that of the addon's own file over Wine.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { nodeExecutables, packageFolder } from '../support/artifacts.js';
import { WinePrefix } from '../support/wine.js';
import { esmPath } from './dist.js';

const directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-log-'));
test.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));

const url = (path: string) => pathToFileURL(path).href;

function logOf(body: string, debug: string): string {
  const script = join(directory, 'script.mjs');
  const testing = join(packageFolder, 'dist', 'esm', 'testing', 'index.js');
  writeFileSync(script, `import * as lsp from '${url(esmPath)}';\nimport { useStandIn } from '${url(testing)}';\nconst machine = useStandIn();\n${body}\n`);
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', env: { ...process.env, NODE_DEBUG: debug } });
  assert.is(status, 0, stderr);
  return stderr.replaceAll(/^WINSOCK-LSP \d+: /gm, '');
}

const work = `
  await lsp.policy.set(['app curl.exe keep']);
  lsp.enumerateCatalog();
  machine.elevated = false;
  await lsp.tunnel.withdraw('office').catch(() => {});
  await lsp.installLsp({ stage: false }).catch(() => {});`;

test('what changes something is there with its arguments and its outcome; what reads by name', () => {
  const log = logOf(work, 'winsock-lsp');
  assert.match(log, /^policyFault\(…\)$/m);
  assert.match(log, /^writePolicy\(\[ 'app curl\.exe keep' \]\)$/m);
  assert.match(log, /^writePolicy done$/m);
  assert.match(log, /^enumerateCatalog\(…\)$/m);
  assert.match(log, /^withdrawTunnel\('office'\)\nwithdrawTunnel failed: ERROR_FILE_NOT_FOUND: /m);
  assert.match(log, /^installProvider\(\{ dll: '.*winsock-lsp\.dll'/m);
  assert.match(log, /^installProvider failed: ERROR_ACCESS_DENIED: /m);
});

test('nothing is written if nobody asks', () => {
  assert.is(logOf(work, 'other'), '');
});

const [node] = nodeExecutables();
if (node === undefined) {
  test.skip('the native file that was loaded is there: there is no node.exe (node scripts/run.mjs setup)');
} else {
  test('the native file that was loaded is there', async () => {
    const prefix = await WinePrefix.create({ directory: join(directory, 'prefix') });
    try {
      const script = join(directory, 'load.mjs');
      writeFileSync(script, `import { openVpnPluginLine } from '${url(esmPath).replace('file:///', 'file:///Z:/')}';\nopenVpnPluginLine();\n`);
      const { code, stderr } = await prefix.run(node.path, [prefix.toWindowsPath(script)], { environment: { NODE_DEBUG: 'winsock-lsp' } });
      assert.is(code, 0, stderr);
      assert.match(stderr, /WINSOCK-LSP \d+: loaded Z:\\.*\\prebuilds\\win32-x64\\winsock-lsp\.node\r?\nWINSOCK-LSP \d+: openVpnPluginLine\(\)/);
    } finally {
      await prefix.stop();
    }
  });
}

test.run();
