// A program in Go on one host, without our DLL, with it, and after it: what needs IPv6, which the network of e2e.test.ts has not. Go's run
// time loads ws2_32.dll from system32 alone.
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { goProgram } from './e2e/go_program.js';
import { missingForNetwork } from './e2e/namespaces.js';
import { Prober, type Exchange, type Request } from './e2e/prober.js';
import { missingForArchitecture, type Architecture } from './support/artifacts.js';
import { ProviderHost } from './support/provider_host.js';
import { reported } from './support/reported.js';

/** What the host takes by itself for a target that is on it too. */
const target = '1.2.3.4';
const physical = '11.22.33.44';
const port = 7300;
const requests: Record<string, Request> = {
  'its ws2_32.dll is the test Winsock': { kind: 'winsock' },
  'net/http keeps its connection alive': { kind: 'http' },
  'a dual-stack server is reached over IPv4 and IPv6': { kind: 'dual-stack' },
  'TCP to the target': { kind: 'tcp', host: target, port },
  'UDP to the target': { kind: 'udp', host: target, port },
  'UDP to the target, connected': { kind: 'udp', host: target, port, connect: true },
};

/** Whether our DLL is in the catalog and a tunnel published, and the source address that the target then sees. */
const stages = { before: target, during: physical, after: target } as const;

function define(architecture: Architecture): void {
  let host: ProviderHost;
  /** Started before the rest: it goes through all stages. */
  let first: Prober;
  const start = (name: string) => Prober.start(goProgram(host.prefix, architecture), join(host.folder, name));

  test(`Go, ${architecture}: begins`, reported(async () => {
    host = await ProviderHost.create('go', architecture);
    first = await start('first');
    // Its own servers are the target; each answers with whom it saw.
    for (const kind of ['tcp-server', 'udp-server'] as const) assert.ok((await first.ask({ kind, port })).ok);
  }));

  for (const [stage, source] of Object.entries(stages)) {
    let fresh: Prober;
    test(`Go, ${architecture}, ${stage}: begins`, reported(async () => {
      if (stage === 'during') {
        await host.install();
        await host.spawn(['publish']).waitForOutput(/published/, { timeoutMilliseconds: 60_000 });
      } else if (stage === 'after') await host.mustRun(['remove']);
      fresh = await start(stage);
    }));
    for (const [name, request] of Object.entries(requests)) {
      // Wine pins a datagram socket that is bound to an address to that address's interface.
      if (stage === 'during' && name.endsWith('connected')) continue;
      for (const kept of [false, true]) {
        test(`Go, ${architecture}, ${stage}${kept ? ', the program of before' : ''}: ${name}`, async () => {
          let exchange: Exchange = await (kept ? first : fresh).ask(request);
          // Wine's WoW64 says so of a send now and then, without us too (WSA_IO_INCOMPLETE).
          if (architecture === 'ia32' && /Overlapped I\/O incomplete/.test(exchange.error ?? '')) exchange = await (kept ? first : fresh).ask(request);
          assert.ok(exchange.ok, JSON.stringify(exchange));
          // It holds ConnectEx of the base provider, for its life, so its TCP connections go on as they were.
          const seen = kept && stage === 'during' && name === 'TCP to the target' ? target : source;
          if (name.includes('target')) assert.is(exchange.seenSource, seen, JSON.stringify(exchange));
        });
      }
    }
  }

  test(`Go, ${architecture}: ends`, async () => {
    await host.stop();
  });
}

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForNetwork() ?? missingForArchitecture(architecture);
  if (missing !== undefined) test.skip(`Go, ${architecture}: ${missing}`);
  else define(architecture);
}

test.run();
