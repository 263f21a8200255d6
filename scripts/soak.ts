/**
 * `npm run test:soak`: the provider's tests that find more the longer they run, for both architectures by turns, over and over for a
 * bounded time; then every situation of the differential test under every policy, once; then what changes the catalog, interrupted at every
 * call, also those that only read. Ends at the first failure, with what the program said.
 * `--minutes N`: how long the first part takes, 10 unless told; each architecture gets one round at least.
 * `--parts suites,differential,crash`: only these.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { missingForNetwork } from '../test/e2e/namespaces.js';
import { missingForArchitecture, type Architecture } from '../test/support/artifacts.js';
import { ProviderHost } from '../test/support/provider_host.js';
import { withFsKept } from '../test/support/wine.js';

const fileMinutes = 90; // at most; a quarter of that where nothing else runs

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, parts: { type: 'string', default: 'suites,differential,crash' } },
});
const minutes = Number(values.minutes);
const parts = values.parts.split(',');
if (!(minutes > 0) || parts.some((part) => !['suites', 'differential', 'crash'].includes(part))) {
  process.stderr.write('usage: npm run test:soak -- [--minutes N] [--parts suites,differential,crash]\n');
  process.exit(2);
}
const missing = missingForNetwork();
if (missing !== undefined) {
  process.stderr.write(`soak: ${missing}\n`);
  process.exit(1);
}

const architectures = (['x64', 'ia32'] as const).filter((architecture) => {
  const why = missingForArchitecture(architecture);
  if (why !== undefined) process.stdout.write(`${architecture}: left out, ${why}\n`);
  return why === undefined;
});

/** What is to be ended when this process is. */
const running = new Set<{ stop(): Promise<unknown> }>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void Promise.all([...running].map((each) => each.stop())).finally(() => process.exit(130)));
}

/** The suites on one host; false as soon as one fails. */
class SuiteSoak {
  readonly #host: ProviderHost;
  readonly #outcomes: Record<string, string>;

  private constructor(host: ProviderHost) {
    this.#host = host;
    this.#outcomes = { TEST_OUTCOMES_WITHOUT: host.windowsPath('outcomes') };
  }

  static async start(architecture: Architecture): Promise<SuiteSoak> {
    const soak = new SuiteSoak(await ProviderHost.create('soak', architecture));
    running.add(soak);
    return soak;
  }

  async prepare(): Promise<boolean> {
    if (!(await this.#run('without', this.#outcomes))) return false;
    await this.#host.install();
    return true;
  }

  async round(secondsOfThreads: number): Promise<boolean> {
    return (
      (await this.#run('threads', { TEST_SOAK_SECONDS: String(secondsOfThreads) })) &&
      (await this.#run('hostile', this.#outcomes)) &&
      (await this.#run('lifecycle', { TEST_STARTUP_ROUNDS: '60' })) &&
      (await this.#run('reload', {})) &&
      (await this.#run('null', { TEST_WINSOCK_BASE: 'null' }))
    );
  }

  async stop(): Promise<void> {
    await this.#host.stop();
    running.delete(this);
  }

  async #run(suite: string, environment: Record<string, string>): Promise<boolean> {
    const { architecture } = this.#host;
    const seconds = Number(environment.TEST_SOAK_SECONDS ?? 0);
    const run = () =>
      this.#host.run([`--test-suite=${suite}`, '--no-version'], { environment, timeoutMilliseconds: (seconds + 900) * 1000 });
    const { code, stdout, stderr } = await withFsKept(run, architecture);
    const messages = [...stdout.matchAll(/MESSAGE: (.*)/g)].map(([, text]) => text);
    process.stdout.write(`${architecture}, ${suite}: ${code === 0 ? 'passed' : `FAILED, code ${code}`} ${messages.join('; ')}\n`);
    if (code !== 0) process.stdout.write(`${stdout}${stderr}\n`);
    return code === 0;
  }
}

async function soakSuites(): Promise<boolean> {
  const soaks: SuiteSoak[] = [];
  try {
    for (const architecture of architectures) {
      const soak = await SuiteSoak.start(architecture);
      soaks.push(soak);
      if (!(await soak.prepare())) return false;
    }
    const end = Date.now() + minutes * 60_000;
    const secondsLeft = () => Math.max(0, Math.floor((end - Date.now()) / 1000));
    for (let rounds = 1; rounds === 1 || secondsLeft() > 0; ++rounds) {
      for (const soak of soaks) {
        if (!(await soak.round(Math.min(120, Math.floor(secondsLeft() / 2))))) return false;
      }
      process.stdout.write(`${rounds} rounds of all suites, ${secondsLeft()} s left\n`);
    }
    return true;
  } finally {
    for (const soak of soaks) await soak.stop();
  }
}

/** Test files have set-ups of their own, and clean up by themselves when they are told to end. */
async function soakFile(name: string, environment: Record<string, string>, what: string): Promise<boolean> {
  const file = fileURLToPath(new URL(`../test/${name}.test.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    env: { ...process.env, ...environment, FORCE_COLOR: '0' },
    stdio: 'inherit',
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const test = { stop: () => (child.kill('SIGTERM'), ended) };
  running.add(test);
  const timer = setTimeout(() => {
    process.stdout.write(`${name}: ended after ${fileMinutes} minutes\n`);
    void test.stop();
  }, fileMinutes * 60_000);
  const code = await ended;
  clearTimeout(timer);
  running.delete(test);
  process.stdout.write(`${what}: ${code === 0 ? 'passed' : 'FAILED'}\n`);
  return code === 0;
}

const soaks: Record<string, () => Promise<boolean>> = {
  suites: soakSuites,
  differential: () => soakFile('differential', { DIFFERENTIAL: 'all' }, 'every situation under every policy'),
  crash: () => soakFile('catalog_crash', { CRASH: 'all' }, 'interrupted at every call'),
};
let passed = true;
for (const part of parts) passed = passed && (await (soaks[part] as () => Promise<boolean>)());
process.exitCode = passed ? 0 : 1;
