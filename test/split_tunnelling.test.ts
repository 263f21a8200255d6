// Rules by program, destination and port while the real OpenVPN's tunnel is published: copies of Windows' node.exe under three names, one of
// them 32-bit, keep running while an administrator changes the rules with the command line.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { WatchedDecision } from '../ts/index.js';
import { missingForNetwork } from './e2e/namespaces.js';
import { echoPorts } from './e2e/native_node.js';
import { addresses } from './e2e/network.js';
import { tunnel } from './e2e/openvpn.js';
import type { PluginHost } from './e2e/plugin_host.js';
import type { Prober, Request } from './e2e/prober.js';
import { outcomeOf } from './e2e/situations.js';
import { TestBed } from './e2e/testbed.js';
import { missingForArchitecture, nodeExecutables } from './support/artifacts.js';
import { reported } from './support/reported.js';
import { stageProgram } from './support/wine.js';
import { cliPath } from './ts/dist.js';

const { target, lan } = addresses;

const exchanges = {
  'TCP': { kind: 'tcp', host: target, port: echoPorts.tcp },
  'UDP': { kind: 'udp', host: target, port: echoPorts.udp, timeout: 10_000 },
  'UDP, one socket': { kind: 'udp', host: target, port: echoPorts.udp, keep: 'target', timeout: 10_000 },
  'TCP to the LAN': { kind: 'tcp', host: lan, port: echoPorts.tcp },
} as const satisfies Record<string, Request>;
type ExchangeName = keyof typeof exchanges;
const exchangeNames = Object.keys(exchanges) as ExchangeName[];

const programs = ['browser.exe', 'mail.exe', 'game.exe'] as const;
type Program = (typeof programs)[number];

/** Of each exchange, in the order above: the source that the peer saw, or that the call was refused. */
type Outcomes = readonly ['physical' | 'tunnel' | 'refused', ...('physical' | 'tunnel' | 'refused')[]];
const everywhere = (outcome: 'physical' | 'refused'): Outcomes => [outcome, outcome, outcome, outcome];
const towardsTarget = (outcome: 'tunnel' | 'refused'): Outcomes => [outcome, outcome, outcome, 'physical'];

interface Stage {
  name: string;
  rules: readonly string[];
  outcomes: Readonly<Record<Program, Outcomes>>;
}

const stages: readonly Stage[] = [
  {
    name: 'no rules but the tunnel’s',
    rules: [],
    outcomes: { 'browser.exe': everywhere('physical'), 'mail.exe': everywhere('physical'), 'game.exe': everywhere('physical') },
  },
  {
    name: 'one on the tunnel, one refused',
    rules: ['app browser.exe keep', `app game.exe to ${addresses.targetNetwork} refuse`],
    outcomes: {
      'browser.exe': towardsTarget('tunnel'),
      'mail.exe': everywhere('physical'),
      'game.exe': towardsTarget('refused'),
    },
  },
  {
    name: 'the other way round',
    rules: [
      'app BROWSER.EXE refuse',
      `app mail.exe to ${addresses.targetNetwork} source interface ${tunnel.interface} otherwise refuse`,
    ],
    outcomes: {
      'browser.exe': everywhere('refused'),
      'mail.exe': towardsTarget('tunnel'),
      'game.exe': everywhere('physical'),
    },
  },
  {
    name: 'by destination and port',
    rules: [
      '# the browser’s TCP through the tunnel, its UDP not; nobody else to the LAN',
      `app browser.exe to ${target} port ${echoPorts.tcp} proto tcp keep`,
      'app browser.exe via 4294967295 refuse',
      `app "*m*.exe" to ${lan} refuse`,
    ],
    outcomes: {
      'browser.exe': ['tunnel', 'physical', 'physical', 'physical'],
      'mail.exe': ['physical', 'physical', 'physical', 'refused'],
      'game.exe': ['physical', 'physical', 'physical', 'refused'],
    },
  },
  {
    name: 'the rules taken away',
    rules: [],
    outcomes: { 'browser.exe': everywhere('physical'), 'mail.exe': everywhere('physical'), 'game.exe': everywhere('physical') },
  },
];

/** What begins this long after a change of the policy goes by it: test/provider/reload_test.cpp. */
const reloadMilliseconds = 100;

let bed: TestBed;
let plugin: PluginHost;
let commandNode: string;
const running = new Map<Program, Prober>();
const seen = new Map<string, string[]>();

async function cli(...parameters: string[]): Promise<string> {
  const { code, stdout, stderr } = await bed.prefix.run(commandNode, [bed.prefix.toWindowsPath(cliPath), ...parameters], {
    winsock: 'test',
  });
  assert.is(code, 0, `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

async function setRules(rules: readonly string[]): Promise<void> {
  const file = join(bed.newDirectory('rules'), 'rules.txt');
  writeFileSync(file, `${rules.join('\n')}\n`);
  await cli('policy', 'set', bed.prefix.toWindowsPath(file));
  await delay(reloadMilliseconds);
}

/** A program that a rule refuses gets WSAEACCES. */
function wordOf(exchange: Parameters<typeof outcomeOf>[0]): string {
  if (!exchange.ok && exchange.error === 'EACCES') return 'refused';
  const outcome = outcomeOf(exchange);
  return outcome === 'virtual' ? 'tunnel' : outcome === 'refused' ? 'error ECONNREFUSED' : outcome;
}

function printTable(): void {
  const rows = [...seen].map(([row, outcomes]) => [row, ...outcomes]);
  const header = ['', ...stages.map(({ name }) => name)];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of [header, ...rows]) console.log(row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd());
}

function define(): void {
  const [newest] = nodeExecutables().slice(-1);
  const [node32] = missingForArchitecture('ia32') === undefined ? nodeExecutables('ia32').slice(-1) : [];
  if (newest === undefined) throw new Error("Windows' node.exe is missing: node scripts/run.mjs setup");
  if (node32 === undefined) test.skip('split tunnelling: a 32-bit program (there is no 32-bit Wine)', () => undefined);

  test.before(reported(async () => {
    // Wine's own iphlpapi: the path for Windows before Vista. The other tests of the whole take that of Windows 10.
    bed = await TestBed.create({ nodeExecutables: node32 === undefined ? [newest] : [newest, node32], ipHelper: 'wine' });
    commandNode = stageProgram(newest.path, bed.newDirectory('command-line'));
    plugin = await bed.startPluginHost();
    await bed.client.start({ spool: plugin.spool });
    assert.match(plugin.output, /published/);
    for (const name of programs) {
      const host = bed.windowsNode(name === 'game.exe' ? (node32 ?? newest) : newest, name);
      running.set(name, await bed.startProber(host));
    }
  }));
  test.after(reported(async () => {
    printTable();
    await bed?.destroy();
  }));

  stages.forEach(({ name, rules, outcomes }, index) => {
    if (index > 0) test(`split tunnelling: ${name}: the rules are changed while the programs run`, () => setRules(rules));
    for (const program of programs) {
      exchangeNames.forEach((exchange, place) => {
        const expected = outcomes[program][place];
        test(`split tunnelling: ${name}: ${program}, ${exchange} → ${expected}`, async () => {
          const result = await running.get(program)?.ask(exchanges[exchange]);
          const found = result === undefined ? 'not running' : wordOf(result);
          const row = `${program}, ${exchange}`;
          seen.set(row, [...(seen.get(row) ?? []), found]);
          assert.is(found, expected, JSON.stringify(result));
        });
      });
    }
    if (name === 'one on the tunnel, one refused') defineWindow(node32 !== undefined);
  });

  test('split tunnelling: no address translation was at work anywhere', () => bed.network.assertNoTranslation());
}

/** What a 64-bit command line shows of all of them, the 32-bit one included. */
function defineWindow(with32: boolean): void {
  test('split tunnelling: explain says which rule wins, the route, the source and why', async () => {
    const text = await cli('policy', 'explain', '--app', 'C:\\game.exe', '--to', target, '--port', '443');
    console.log(text);
    assert.match(text, new RegExp(`app game\\.exe to ${addresses.targetNetwork.replaceAll('.', '\\.')} refuse`));
  });

  test(`split tunnelling: watch shows each program's decisions${with32 ? ', the 32-bit one’s to the 64-bit command line' : ''}`, async () => {
    console.log(await cli('watch', '--recent', '--seconds', '1', '--to', addresses.targetNetwork));
    const lines = (await cli('watch', '--recent', '--seconds', '1', '--to', addresses.targetNetwork, '--json')).trim().split(/\r?\n/);
    const decisions = lines.map((line) => JSON.parse(line) as WatchedDecision);
    const of = (image: Program, rule: RegExp) =>
      decisions.filter((decision) => decision.image === image && rule.test(decision.rule ?? ''));
    for (const decision of of('browser.exe', /^app browser\.exe keep$/)) assert.is(decision.verdict, 'keep');
    for (const decision of of('mail.exe', /^except .* via \d+ source/)) {
      assert.equal([decision.verdict, decision.source, decision.result], ['source', addresses.client, 'carried_out']);
    }
    for (const decision of of('game.exe', /^app game\.exe .* refuse$/)) assert.is(decision.verdict, 'refuse');
    assert.ok(of('browser.exe', /keep/).length > 0 && of('mail.exe', /source/).length > 0 && of('game.exe', /refuse/).length > 0, lines.join('\n'));
    for (const { time, processId, destination, port, protocol } of decisions) {
      assert.ok(Math.abs(Date.now() - Date.parse(String(time))) < 600_000 && processId > 0);
      assert.is(destination, target);
      assert.is(protocol, port === echoPorts.tcp ? 'tcp' : 'udp');
    }
    const one = await cli('watch', '--recent', '--seconds', '1', '--app', 'game*', '--to', target, '--json');
    for (const line of one.trim().split(/\r?\n/)) assert.is((JSON.parse(line) as WatchedDecision).image, 'game.exe');
  });

  test('split tunnelling: stats --watch shows what is added', async () => {
    const watching = cli('stats', '--watch', '--seconds', '8');
    let over = false;
    void watching.finally(() => (over = true));
    const refused = async () => assert.is((await running.get('game.exe')?.ask(exchanges.TCP))?.error, 'EACCES');
    while (!over) await refused();
    const text = await watching;
    assert.match(text, /^refused +\d+ +\+[1-9]\d* /m, text);
  });

  if (!with32) return;
  test('split tunnelling: what the 32-bit program counts is in the 64-bit command line’s sum', async () => {
    const counters = async (...dll: string[]) => JSON.parse(await cli('stats', '--json', ...dll)) as Record<string, number>;
    const list = JSON.parse(await cli('list', '--layered', '--arch', 'ia32', '--json')) as { path: string }[];
    const path = list[0]?.path.replace(/%ProgramFiles%/i, 'C:\\Program Files') ?? '';
    assert.match(path, /winsock-lsp-ia32\.dll$/);
    const before = [await counters(), await counters('--dll', path)] as const;
    const result = await running.get('game.exe')?.ask(exchanges.TCP);
    assert.is(result?.error, 'EACCES');
    const after = [await counters(), await counters('--dll', path)] as const;
    for (const i of [0, 1] as const) {
      assert.ok((after[i].refused ?? 0) > (before[i].refused ?? 0), JSON.stringify([before[i], after[i]]));
    }
  });
}

const missing = missingForNetwork();
if (missing === undefined) define();
else test.skip(`split tunnelling (${missing})`, () => undefined);
test.run();
