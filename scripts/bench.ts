/**
 * `npm run bench`: what the provider costs a call, side by side with no LSP in the same run; writes docs/bench.md and docs/bench.svg.
 * Processes with and without the DLL in their chain alternate; each number is the median over the rounds. `--rounds N`: 5 unless told.
 */

import { copyFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { missingForNetwork } from '../test/e2e/namespaces.js';
import { repository, requireArtifact, testWinsockFile } from '../test/support/artifacts.js';
import { ProviderHost } from '../test/support/provider_host.js';
import { stageProgram } from '../test/support/wine.js';
import { median } from './median.js';

type Measured = Record<string, number>;

interface Load {
  sockets: number;
  rules: number;
}

interface Row extends Load {
  call: string;
  without: number;
  with: number;
}

const loads: Load[] = [
  ...[1, 100, 10_000, 100_000].map((sockets) => ({ sockets, rules: 1 })),
  ...[10, 1000].map((rules) => ({ sockets: 1, rules })),
];

/** Rules in force in an idle process. */
const idleRules = [0, 1];
const idleKey = (withUs: boolean, rules: number) => `idle ${withUs} ${rules}`;

const calls = [
  'send',
  'recv',
  'sendto, settled',
  'sendto, wildcard, kept',
  'sendto, wildcard, source',
  'socket+close',
  'socket+bind+close',
  'socket+connect+close, kept',
  'socket+connect+close, source',
];

/** Datagrams of so many threads, each with a socket of its own, to so many destinations by turns, in so many processes at once. */
interface Crowd {
  processes: number;
  threads: number;
  destinations: number;
}

const crowds: Crowd[] = [
  ...[1, 2, 4].flatMap((threads) => [1, 64, 4096].map((destinations) => ({ processes: 1, threads, destinations }))),
  { processes: 2, threads: 1, destinations: 1 },
];
const crowdKey = (withUs: boolean, crowd: Crowd) => `crowd ${withUs} ${JSON.stringify(crowd)}`;

/** Rules in force while a new process opens its first socket of each kind. */
const loadRules = [0, 1000];
const loadKey = (which: string, rules: number) => `load ${which} ${rules}`;
/** Milliseconds over a pass-through LSP, by rules. */
const loadBudgets = [1, 3];

/** Nanoseconds that the provider may add. */
const budgets: Record<string, number> = {
  send: 0,
  recv: 0,
  'sendto, settled': 3,
  'sendto, wildcard, kept': 15,
  'sendto, wildcard, source': 30,
};
/** Of a first connect over socket+close, which has costs of its own. */
const connectBudgets = { kept: 70, source: 110 };
/** 64 destinations by turns. */
const destinationsBudget = 30;
const idleBudget = 64 * 1024;
const idleSamples = 9;

const nanoseconds = (value: number): string => value.toFixed(Math.abs(value) < 100 ? 1 : 0);

/** A pass-through LSP, which does what an LSP must and nothing else, over the same six chains. */
async function installOther(host: ProviderHost): Promise<void> {
  const dll = join(host.folder, 'other.dll');
  copyFileSync(testWinsockFile('test_passthrough_lsp.dll'), dll);
  const path = host.prefix.toWindowsPath(dll);
  const catalog = stageProgram(testWinsockFile('winsock_catalog.exe'), join(host.folder, 'catalog'));
  const { code, stdout, stderr } = await host.prefix.run(catalog, ['install', path, path, 'other'], { winsock: 'test' });
  if (code !== 0) throw new Error(`the pass-through LSP could not be installed: ${stdout}${stderr}`);
}

async function run(host: ProviderHost, program: string, parameters: string[], base: string | undefined): Promise<Measured> {
  const { code, stdout, stderr } = await host.prefix.run(program, parameters, {
    winsock: 'test',
    cwd: dirname(program),
    environment: { TEST_WINSOCK_BASE: base },
    timeoutMilliseconds: 120_000,
  });
  if (code !== 0) throw new Error(`provider_bench ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Measured;
}

const measure = (host: ProviderHost, program: string, { sockets, rules }: Load) =>
  run(host, program, [String(sockets), String(rules)], 'null');

/** Over real sockets: the handles that the null base provider makes up are higher than any process's. */
const measureIdle = (host: ProviderHost, program: string, rules: number) => run(host, program, ['idle', String(rules)], undefined);

/** Processes that begin together; the mean of what they measured. */
async function measureCrowd(host: ProviderHost, program: string, { processes, threads, destinations }: Crowd): Promise<Measured> {
  const start = processes === 1 ? 0 : Date.now() + 1500;
  const parameters = ['threads', String(threads), String(destinations), String(start)];
  const each = await Promise.all(Array.from({ length: processes }, () => run(host, program, parameters, 'null')));
  const mean = (name: string) => each.reduce((sum, one) => sum + (one[name] ?? Number.NaN), 0) / processes;
  return { kept: mean('kept'), source: mean('source') };
}

function table(rows: Row[], by: 'sockets' | 'rules', title: string): string {
  const values = [...new Set(rows.map((row) => row[by]))];
  const cell = (row: Row | undefined) =>
    row === undefined
      ? ''
      : `${nanoseconds(row.without)} → ${nanoseconds(row.with)} (${nanoseconds(row.with - row.without)}; ×${(row.with / row.without).toFixed(2)})`;
  return [
    `| ${title} | ${values.join(' | ')} |`,
    `|---|${values.map(() => '---|').join('')}`,
    ...calls.map(
      (call) => `| ${call} | ${values.map((value) => cell(rows.find((row) => row.call === call && row[by] === value))).join(' | ')} |`,
    ),
  ].join('\n');
}

/** What the provider adds to each call, over the number of open sockets. */
function plot(rows: Row[]): string {
  const [width, height, left, bottom, top] = [760, 420, 60, 50, 30];
  const counts = [...new Set(rows.map(({ sockets }) => sockets))];
  const added = (row: Row) => row.with - row.without;
  const highest = Math.max(50, ...rows.map(added)) * 1.1;
  const lowest = Math.min(0, ...rows.map(added));
  const x = (sockets: number) => left + (Math.log10(sockets) / 5) * (width - left - 250);
  const y = (value: number) => height - bottom - ((value - lowest) / (highest - lowest)) * (height - bottom - top);
  const step = 10 ** Math.floor(Math.log10(highest));
  const ticks = Array.from({ length: Math.floor(highest / step) + 1 }, (_, i) => i * step);
  const colours = ['#1b9e77', '#d95f02', '#7570b3', '#e7298a', '#66a61e', '#e6ab02', '#a6761d', '#666666', '#1f78b4'];
  const lines = calls.flatMap((call, i) => {
    const mine = rows.filter((row) => row.call === call);
    const points = mine.map((row) => `${x(row.sockets).toFixed(1)},${y(added(row)).toFixed(1)}`);
    return [
      `<polyline fill="none" stroke="${colours[i]}" stroke-width="2" points="${points.join(' ')}"/>`,
      `<line x1="${width - 225}" x2="${width - 205}" y1="${top + 20 * i}" y2="${top + 20 * i}" stroke="${colours[i]}" stroke-width="3"/>`,
      `<text x="${width - 200}" y="${top + 4 + 20 * i}">${call}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${left}" y="18">nanoseconds that the provider adds to a call, by the number of other sockets open</text>`,
    ...ticks.map(
      (tick) =>
        `<line x1="${left}" x2="${width - 240}" y1="${y(tick)}" y2="${y(tick)}" stroke="#ddd"/>` +
        `<text x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
    ),
    ...counts.map((count) => `<text x="${x(count)}" y="${height - bottom + 20}" text-anchor="middle">${count}</text>`),
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
const missing = missingForNetwork();
if (missing !== undefined || !(rounds >= 1)) {
  process.stderr.write(missing === undefined ? 'usage: npm run bench -- [--rounds N]\n' : `bench: ${missing}\n`);
  process.exit(1);
}

const hosts: ProviderHost[] = [];
const measured = new Map<string, Measured[]>();
try {
  for (const name of ['bench-without', 'bench-with', 'bench-other']) hosts.push(await ProviderHost.create(name));
  const [without, withUs, withOther] = hosts as [ProviderHost, ProviderHost, ProviderHost];
  await withUs.install();
  await installOther(withOther);
  const program = (host: ProviderHost) => stageProgram(requireArtifact('providerBench'), join(host.folder, 'programs'));
  const add = (key: string, each: Measured) => measured.set(key, [...(measured.get(key) ?? []), each]);
  // Before any rule is written, then with one.
  for (const rules of idleRules) {
    for (let sample = 0; sample < idleSamples; sample += 1) {
      for (const host of [without, withUs]) add(idleKey(host === withUs, rules), await measureIdle(host, program(host), rules));
    }
  }
  for (const rules of loadRules) {
    for (let sample = 0; sample < idleSamples; sample += 1) {
      for (const [which, host] of [['none', without], ['ours', withUs], ['other', withOther]] as const) {
        add(loadKey(which, rules), await run(host, program(host), ['load', String(rules)], undefined));
      }
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const crowd of crowds) {
      for (const host of round % 2 === 0 ? [without, withUs] : [withUs, without]) {
        add(crowdKey(host === withUs, crowd), await measureCrowd(host, program(host), crowd));
      }
    }
    for (const load of loads) {
      // By turns, so that what else the machine does meets both.
      for (const host of round % 2 === 0 ? [without, withUs] : [withUs, without]) {
        add(JSON.stringify([host === withUs, load]), await measure(host, program(host), load));
      }
    }
    process.stderr.write(`• round ${round + 1} of ${rounds}\n`);
  }
} finally {
  await Promise.all(hosts.map((host) => host.stop()));
}

const value = (withUs: boolean, load: Load, name: string) =>
  median((measured.get(JSON.stringify([withUs, load])) ?? []).map((each) => each[name] ?? Number.NaN));
const rows: Row[] = loads.flatMap((load) =>
  calls.map((call) => ({ ...load, call, without: value(false, load, call), with: value(true, load, call) })),
);
const bySockets = rows.filter(({ rules }) => rules === 1);
const byRules = rows.filter(({ sockets }) => sockets === 1);
const added = (row: Row | undefined) => (row === undefined ? Number.NaN : row.with - row.without);
const worst = (call: string, baseline?: string) =>
  Math.max(
    ...bySockets
      .filter((row) => row.call === call)
      .map((row) => added(row) - (baseline === undefined ? 0 : added(bySockets.find((each) => each.call === baseline && each.sockets === row.sockets)))),
  );
const idleOf = (withUs: boolean, rules: number, name: string) =>
  median((measured.get(idleKey(withUs, rules)) ?? []).map((each) => each[name] ?? Number.NaN));
const idle = (rules: number, name: string) => idleOf(true, rules, name) - idleOf(false, rules, name);
const crowdOf = (withUs: boolean, crowd: Crowd, name: string) =>
  median((measured.get(crowdKey(withUs, crowd)) ?? []).map((each) => each[name] ?? Number.NaN));
const crowd = (name: string, wanted: Partial<Crowd>) => {
  const whole = { processes: 1, threads: 1, destinations: 1, ...wanted };
  return { without: crowdOf(false, whole, name), with: crowdOf(true, whole, name) };
};
const loadOf = (which: string, rules: number) => median((measured.get(loadKey(which, rules)) ?? []).map(({ load }) => load ?? Number.NaN));
const ratio = (is: number, budget: number) => `×${is.toFixed(2)} | ×${budget} | ${is <= budget ? 'met' : 'not met'}`;
const crowdTable = [
  '| processes, threads each, destinations | kept | source |',
  '|---|---|---|',
  ...crowds.map((each) => {
    const cells = ['kept', 'source'].map((name) => {
      const { without, with: withUs } = crowd(name, each);
      return `${nanoseconds(without)} → ${nanoseconds(withUs)} (${nanoseconds(withUs - without)})`;
    });
    return `| ${each.processes}, ${each.threads}, ${each.destinations} | ${cells.join(' | ')} |`;
  }),
].join('\n');
const over = ({ without, with: withUs }: { without: number; with: number }) => withUs - without;
const verdict = (is: number, budget: number, unit: string) =>
  `${unit === 'ns' ? nanoseconds(is) : (is / 1024).toFixed(1)} ${unit} | ${unit === 'ns' ? budget : budget / 1024} ${unit} | ${is <= budget ? 'met' : 'not met'}`;

const report = `# What the provider costs

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: Wine on a machine of ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), the test Winsock's null
base provider, ${rounds} rounds of processes with and without the DLL by turns, medians. Nanoseconds a call: without → with (difference; ratio).

${table(bySockets, 'sockets', 'other sockets open, 1 rule')}

![What the provider adds, by open sockets](bench.svg)

${table(byRules, 'rules', 'rules, 1 other socket')}

${crowdTable}

Loading the DLL, WSPStartup and the first socket of each of the six kinds, in a new process, milliseconds:

| | no LSP | a pass-through LSP | winsock-lsp |
|---|---|---|---|
${loadRules.map((rules) => `| ${rules} rules | ${['none', 'other', 'ours'].map((which) => loadOf(which, rules).toFixed(2)).join(' | ')} |`).join('\n')}

Above: of each thread, with a socket of its own; 4096 destinations are more than are remembered (1024), and the rule is one by prefix there.

*kept*: no rule names the destination. *source*: the last rule does (a route through the tunnel interface), and the socket is bound, or the datagram
sent, from its source. *settled*: bound to an address. A wildcard socket's datagrams are decided one by one.

| budget | worst of 1 to 100 000 sockets | allowed | |
|---|---|---|---|
${Object.entries(budgets)
  .map(([call, budget]) =>
    // Nothing to measure: a test asserts that the pointers are the lower provider's own. What shows is noise.
    budget === 0 ? `| ${call} (the same pointer; noise) | ${nanoseconds(worst(call))} ns | 0 ns | met |` : `| ${call} | ${verdict(worst(call), budget, 'ns')} |`,
  )
  .join('\n')}
| sendto, wildcard, kept, 64 destinations by turns | ${verdict(over(crowd('kept', { destinations: 64 })), destinationsBudget, 'ns')} |
| two threads, a socket each, over one thread, kept | ${ratio(crowd('kept', { threads: 2 }).with / crowd('kept', {}).with, 1.3)} |
| two processes at once, over one process, kept | ${ratio(crowd('kept', { processes: 2 }).with / crowd('kept', {}).with, 1.1)} |
| connect, kept, over socket+close | ${verdict(worst('socket+connect+close, kept', 'socket+close'), connectBudgets.kept, 'ns')} |
| connect, source (with the lower bind and options), over socket+close | ${verdict(worst('socket+connect+close, source', 'socket+close'), connectBudgets.source, 'ns')} |
${loadRules
  .map((rules, i) => {
    const is = loadOf('ours', rules) - loadOf('other', rules);
    return `| load and first sockets of six chains, ${rules} rules, over a pass-through LSP | ${is.toFixed(2)} ms | ${loadBudgets[i]} ms | ${is <= (loadBudgets[i] ?? 0) ? 'met' : 'not met'} |`;
  })
  .join('\n')}
${idleRules
  .flatMap((rules) =>
    ['touched', 'committed'].map(
      (name) => `| private memory of an idle process, ${rules} rules, ${name} | ${verdict(idle(rules, name), idleBudget, 'KB')} |`,
    ),
  )
  .join('\n')}

Private memory: of a process that has opened and closed two sockets, medians of ${idleSamples} processes with and without the DLL, over real sockets. *Committed*:
private pages and writable image pages of all DLLs (VirtualQuery), touched or not; also those that the DLL's sections and heaps are rounded up to, and the
shared section, which all processes have once. *Touched*: those of them that are in memory and belong to this process alone (QueryWorkingSetEx). Committed memory moves in the
steps in which Wine's heap grows, 64 KB and more, so that what is less can show as nothing.
`;
writeFileSync(join(repository, 'docs', 'bench.md'), report);
writeFileSync(join(repository, 'docs', 'bench.svg'), plot(bySockets));
process.stdout.write(report);
