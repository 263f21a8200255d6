/** Rules that name an interface, and tunnels that the host has to bear out, follow what happens to it while programs run: its address changes, goes, and comes again; it comes only then. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForNetwork } from './e2e/namespaces.js';
import { missingForArchitecture } from './support/artifacts.js';
import { ProviderHost } from './support/provider_host.js';
import { reported } from './support/reported.js';
import type { WineProgram } from './support/wine.js';

const threads = 4;
const systemsChoice = '1.2.3.4'; // the target is this host
const refused = 10013;
const addressNotAvailable = 10049;
const networkUnreachable = 10051;
/** Wine never tells of a change, so that a process looks once a second; and the machine may be busy. */
const patience = 15_000;

let host: ProviderHost;
let program: WineProgram;
let publisher: WineProgram | undefined;

/** Waits until the newest that each thread has printed is this source. */
async function allSeenWith(source: string): Promise<void> {
  const begun = Date.now();
  for (;;) {
    const latest = new Map(sources().map(([thread, seen]) => [thread, seen]));
    if (latest.size === threads && [...latest.values()].every((seen) => seen === source)) return;
    if (Date.now() - begun > patience) throw new Error(`waited for ${source}, but:\n${program.stdout}${program.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function sources(): [string, string][] {
  return [...program.stdout.matchAll(/^(\d+) (.+?)\r?$/gm)].map(([, thread = '', seen = '']) => [thread, seen]);
}

interface Step {
  name: string;
  change: () => void;
  seen: string;
}

const tunnelAddress = ['128.129.0.2/24', 'dev', 'tunnel'];
const tunnelRoute = ['1.2.3.0/24', 'dev', 'tunnel'];

/** `closed`: at no moment may a connection leave with the address that the system chooses. */
const steps: Record<string, { rules: string[]; steps: Step[]; closed?: boolean }> = {
  'a tunnel that somebody else than an administrator has published': {
    rules: [],
    steps: [
      { name: 'its source: the interface has its address', change: () => undefined, seen: '11.22.33.44' },
      {
        name: 'none: the interface has another address',
        change: () => {
          host.ip('address', 'delete', ...tunnelAddress);
          host.ip('address', 'add', '128.129.0.3/24', 'dev', 'tunnel');
          host.ip('route', 'replace', ...tunnelRoute);
        },
        seen: systemsChoice,
      },
      {
        name: 'its source again: the interface has its address, if only in another subnet',
        change: () => {
          host.ip('address', 'delete', '128.129.0.3/24', 'dev', 'tunnel');
          host.ip('address', 'add', '128.129.0.2/16', 'dev', 'tunnel');
          host.ip('route', 'replace', ...tunnelRoute);
        },
        seen: '11.22.33.44',
      },
      { name: 'none: its publisher is dead', change: () => void publisher?.kill(), seen: systemsChoice },
    ],
  },
  'source interface': {
    rules: ['to 1.2.3.4 source interface physical'],
    steps: [
      { name: 'its address', change: () => undefined, seen: '11.22.33.44' },
      {
        name: 'another address',
        change: () => {
          host.ip('address', 'delete', '11.22.33.44/24', 'dev', 'physical');
          host.ip('address', 'add', '11.22.33.55/24', 'dev', 'physical');
        },
        seen: '11.22.33.55',
      },
      {
        name: 'no address: the rule matches nothing',
        change: () => host.ip('address', 'delete', '11.22.33.55/24', 'dev', 'physical'),
        seen: systemsChoice,
      },
      {
        name: 'an address again',
        change: () => host.ip('address', 'add', '11.22.33.44/24', 'dev', 'physical'),
        seen: '11.22.33.44',
      },
    ],
  },
  'source interface … otherwise refuse': {
    rules: ['to 1.2.3.4 source interface fresh otherwise refuse'],
    closed: true,
    steps: [
      { name: 'none: no such interface', change: () => undefined, seen: `error ${refused}` },
      {
        name: 'its address, once it is there',
        change: () => host.addInterface('fresh', '128.131.0.2/24'),
        seen: '128.131.0.2',
      },
      {
        name: 'none: it has no address',
        change: () => host.ip('address', 'delete', '128.131.0.2/24', 'dev', 'fresh'),
        seen: `error ${refused}`,
      },
      {
        name: 'its address again',
        change: () => host.ip('address', 'add', '128.131.0.3/24', 'dev', 'fresh'),
        seen: '128.131.0.3',
      },
    ],
  },
  via: {
    rules: ['to 1.2.3.4 via fresher source 11.22.33.44'],
    steps: [
      { name: 'no such interface: the rule matches nothing', change: () => undefined, seen: systemsChoice },
      {
        name: 'an interface of that name that comes',
        change: () => {
          host.addInterface('fresher', '128.130.0.2/24');
          host.ip('route', 'replace', '1.2.3.0/24', 'dev', 'fresher');
        },
        seen: '11.22.33.44',
      },
    ],
  },
};

function define(): void {
  test.before(reported(async () => {
    host = await ProviderHost.create('addresses');
    await host.install();
  }));
  test.after(reported(() => host?.stop()));
  for (const [title, { rules, steps: followed, closed = false }] of Object.entries(steps)) {
    test(`${title}: begins`, async () => {
      if (rules.length === 0) {
        publisher = host.spawn(['publish', 'delegated']);
        await publisher.waitForOutput(/^published/m, { timeoutMilliseconds: 60_000 });
      }
      await host.mustRun(['rules', ...rules]);
      program = host.spawn(['watch', String(threads)]);
    });
    for (const { name, change, seen } of followed) {
      test(`${title}: a running program's connections take ${name} (${seen})`, async () => {
        change();
        await allSeenWith(seen);
      });
    }
    test(`${title}: no thread ever saw anything else`, async () => {
      const expected = new Set(followed.map(({ seen }) => seen));
      // In the moment between a change and its being noticed the rule's address is gone, which is the rule's `otherwise`.
      expected.add(closed ? `error ${addressNotAvailable}` : systemsChoice);
      expected.add(`error ${networkUnreachable}`); // it was still there when the socket was bound to it
      assert.equal(sources().filter(([, seen]) => !expected.has(seen)), []);
      await program.kill();
    });
  }
}

const missing = missingForNetwork() ?? missingForArchitecture('x64');
if (missing === undefined) define();
else test.skip(`rules that name an interface (${missing})`, () => undefined);
test.run();
