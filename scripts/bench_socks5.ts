/**
 * `npm run bench:socks5`: what a connection costs that a rule leads through a proxy, beside one that goes directly and one whose program
 * speaks SOCKS5 itself, both without the DLL; writes docs/bench-socks5.md. The proxy is microsocks, over the differential network. They take
 * turns; each number is the median over the rounds. `--rounds N`: 5 by default; `--megabytes N`: 1024 by default.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { DifferentialNetwork, hosts } from '../test/differential/network.js';
import { missingForNetwork, namespacePrefix } from '../test/e2e/namespaces.js';
import { repository, requireArtifact } from '../test/support/artifacts.js';
import { missingForSocks, startMicrosocks } from '../test/support/socks_servers.js';
import { stageProgram, WinePrefix } from '../test/support/wine.js';
import { median } from './median.js';

interface Measured {
  /** Microseconds. */
  connect: number;
  exchange: number;
  send: number;
  /** MiB a second. */
  rate: number;
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, megabytes: { type: 'string', default: '1024' } } });
const rounds = Number(values.rounds);
const missing = missingForNetwork() ?? missingForSocks('microsocks');
if (missing !== undefined || !(rounds >= 1) || !(Number(values.megabytes) >= 1)) {
  process.stderr.write(missing === undefined ? 'usage: npm run bench:socks5 -- [--rounds N] [--megabytes N]\n' : `bench:socks5: ${missing}\n`);
  process.exit(1);
}

const port = 7500;
const [target] = hosts.target;
const [lan] = hosts.lan;

async function run(prefix: WinePrefix, program: string, ...parameters: string[]): Promise<string> {
  const { code, stdout, stderr } = await prefix.run(program, parameters, { winsock: 'test', cwd: dirname(program), timeoutMilliseconds: 300_000 });
  if (code !== 0) throw new Error(`${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-bench-socks5-'));
const name = namespacePrefix('benchsocks');
const measured = new Map<string, Measured[]>();
const network = await DifferentialNetwork.create(name);
const world = `${name}world`;
const sink = spawn('ip', ['netns', 'exec', world, process.execPath, join(repository, 'bench', 'sink.cjs'), String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
const prefixes: WinePrefix[] = [];
try {
  await once(sink.stdout, 'data');
  const proxy = await startMicrosocks({ networkNamespace: world, address: lan });
  try {
    for (const each of ['without', 'with']) prefixes.push(await WinePrefix.create({ directory: join(folder, each), networkNamespace: network.host }));
    const [without, withUs] = prefixes as [WinePrefix, WinePrefix];
    const tools = stageProgram(requireArtifact('providerTests'), join(folder, 'programs'));
    const bench = stageProgram(requireArtifact('streamBench'), join(folder, 'programs'));
    await run(withUs, tools, 'install', withUs.toWindowsPath(requireArtifact('lspDll')));
    const measure = async (which: string, prefix: WinePrefix, ...through: string[]) => {
      const one = JSON.parse(await run(prefix, bench, target, String(port), values.megabytes, ...through)) as Measured;
      measured.set(which, [...(measured.get(which) ?? []), one]);
    };
    for (let round = 0; round < rounds; round += 1) {
      await measure('direct', without);
      await measure('spoken', without, lan, String(proxy.port));
      await run(withUs, tools, 'rules', `to 1.2.3.0/24 socks5 ${lan}:${proxy.port}`);
      await measure('led', withUs);
      await run(withUs, tools, 'rules', 'to 203.0.113.0/24 keep');
      await measure('kept', withUs);
      process.stderr.write(`• round ${round + 1} of ${rounds}\n`);
    }
  } finally {
    await proxy.stop();
  }
} finally {
  await Promise.all(prefixes.map((prefix) => prefix.stop()));
  sink.kill();
  network.remove();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const cell = (which: string, name: keyof Measured, digits: number) => median((measured.get(which) ?? []).map((each) => each[name])).toFixed(digits);
const row = (title: string, name: keyof Measured, digits: number) =>
  `| ${title} | ${['direct', 'kept', 'spoken', 'led'].map((which) => cell(which, name, digits)).join(' | ')} |`;

const report = `# What a connection through a proxy costs

Written by \`npm run bench:socks5\` on ${new Date().toISOString().slice(0, 10)}: a Windows program (bench/stream_bench.cpp) under Wine on a machine of ${cpus().length} cores
(${cpus()[0]?.model.trim() ?? 'unknown'}), microsocks as the proxy and Node.js as the destination in another network namespace, ${rounds} rounds by turns, medians.

| | no DLL, directly | with the DLL, no rule matches | no DLL, the program speaks SOCKS5 | led by a rule |
|---|---|---|---|---|
${row('connect until it is ready, µs', 'connect', 0)}
${row('`send` of 16 bytes, µs', 'send', 2)}
${row('`send` and `recv` of 16 bytes there and back, µs', 'exchange', 1)}
${row(`${values.megabytes} MiB in one connection, MiB/s`, 'rate', 0)}

*led*: the rule was there before the program began, so its \`send\` and \`recv\` look once whether a handshake is under way on the socket (docs/socks5.md).
All of it are real calls: each crosses Wine and Linux' network, so that differences of less than a tenth are the machine's.
`;
writeFileSync(join(repository, 'docs', 'bench-socks5.md'), report);
process.stdout.write(report);
