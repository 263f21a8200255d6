/** How runtimes poll that cannot run under Wine: the same with our layer as without, by the same path. */

import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { missingForArchitecture, nodeExecutables, requireArtifact, type Architecture, type NodeExecutable } from './support/artifacts.js';
import { ProviderHost } from './support/provider_host.js';
import { reported } from './support/reported.js';
import { stageProgram } from './support/wine.js';

// Both addresses are those of test/support/provider_host.ts.
const target = '1.2.3.4';
const physical = '11.22.33.44';

/** Of the process with these words on its command line; under Wine a program's threads are Linux' tasks. */
function threadsOf(words: string): number {
  const counts = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((id) => {
      try {
        return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(words) ? readdirSync(`/proc/${id}/task`).length : 0;
      } catch {
        return 0; // it has just ended
      }
    });
  return Math.max(...counts);
}

/** How many threads node.exe has while dns.resolve4 waits for its answer. */
async function threadsOfResolve(host: ProviderHost, node: NodeExecutable): Promise<number> {
  const script = join(host.folder, 'resolve.cjs');
  copyFileSync(fileURLToPath(new URL('runtimes/resolve.cjs', import.meta.url)), script);
  const program = stageProgram(node.path, join(host.folder, node.name.replaceAll(' ', '-')));
  const running = host.prefix.spawn(program, [host.prefix.toWindowsPath(script)], { winsock: 'test' });
  await running.waitForOutput(/asking/, { timeoutMilliseconds: 60_000 });
  const threads = threadsOf(host.prefix.toWindowsPath(script));
  await running.waitForOutput(/answer 10\.20\.30\.40/, { timeoutMilliseconds: 60_000 });
  assert.is(await running.exited, 0);
  return threads;
}

function define(architecture: Architecture): void {
  let host: ProviderHost;
  let polls = '';
  /** What it printed, by step; `source` is what its server is to see. */
  const poll = async (source: string): Promise<Record<string, string>> => {
    const { code, stdout, stderr } = await host.prefix.run(polls, [target, source], { winsock: 'test', timeoutMilliseconds: 120_000 });
    assert.is(code, 0, stdout + stderr);
    return Object.fromEntries(stdout.trim().split(/\r?\n/).map((line) => line.split(': ') as [string, string]));
  };
  const nodes = nodeExecutables(architecture);
  const threads = new Map<string, number>();
  const all = '200 of 200';
  const expected = {
    connects: all,
    polls: all,
    'by the fast path': all,
    'has a base handle of its own': '0 of 200',
    writable: all,
    'readable before anything came': '0 of 200',
    readable: all,
    'readable after a pause': all,
    'half-closed by the peer': all,
    'sends after that': all,
    'received by the peer': all,
    'reset by the peer': all,
    'with the source': all,
  };

  test(`200 sockets polled as libuv does, ${architecture}: without us`, reported(async () => {
    host = await ProviderHost.create('runtimes', architecture);
    polls = stageProgram(requireArtifact('afdPoll', architecture), join(host.folder, 'polls'));
    assert.equal(await poll(target), expected);
    for (const node of nodes) threads.set(node.name, await threadsOfResolve(host, node));
  }));

  test(`200 sockets polled as libuv does, ${architecture}: with a tunnel's rule, the same but for the source`, reported(async () => {
    await host.install();
    await host.spawn(['publish']).waitForOutput(/published/, { timeoutMilliseconds: 60_000 });
    assert.equal(await poll(physical), expected);
  }));

  for (const node of nodes) {
    test(`dns.resolve4 waits in no thread that it does not wait in without us, ${node.name}`, async () => {
      const without = threads.get(node.name) ?? 0;
      assert.ok(without > 1, `${without} threads`);
      assert.is(await threadsOfResolve(host, node), without);
    });
  }

  test(`polling, ${architecture}: ends`, async () => {
    await host?.stop();
  });
}

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForNetwork() ?? missingForArchitecture(architecture);
  if (missing !== undefined) test.skip(`200 sockets polled as libuv does, ${architecture}: ${missing}`);
  else define(architecture);
}

test.run();
