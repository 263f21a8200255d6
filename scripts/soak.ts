/**
 * `npm run test:soak`: the provider's tests that find more the longer they run, over and over for a bounded time.
 * `--minutes N`: for so long, 10 unless told. Ends at the first failure, with what the program said.
 */

import { parseArgs } from 'node:util';

import { missingForNetwork } from '../test/e2e/namespaces.js';
import { ProviderHost } from '../test/support/provider_host.js';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  process.stderr.write('usage: npm run test:soak -- [--minutes N]\n');
  process.exit(2);
}
const missing = missingForNetwork();
if (missing !== undefined) {
  process.stderr.write(`soak: ${missing}\n`);
  process.exit(1);
}

const end = Date.now() + minutes * 60_000;
const secondsLeft = () => Math.max(0, Math.floor((end - Date.now()) / 1000));
const host = await ProviderHost.create('soak');
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void host.stop().finally(() => process.exit(130)));
}

/** One suite of provider_tests.exe; false if it failed. */
async function soak(suite: string, environment: Record<string, string> = {}): Promise<boolean> {
  const seconds = Number(environment.TEST_SOAK_SECONDS ?? 0);
  const { code, stdout, stderr } = await host.run([`--test-suite=${suite}`, '--no-version'], {
    environment,
    timeoutMilliseconds: (seconds + 300) * 1000,
  });
  const messages = [...stdout.matchAll(/MESSAGE: (.*)/g)].map(([, text]) => text);
  process.stdout.write(`${suite}: ${code === 0 ? 'passed' : `FAILED, code ${code}`} ${messages.join('; ')}\n`);
  if (code !== 0) process.stdout.write(`${stdout}${stderr}\n`);
  return code === 0;
}

let failed = false;
let rounds = 0;
try {
  const outcomes = { TEST_OUTCOMES_WITHOUT: host.windowsPath('outcomes') };
  failed = !(await soak('without', outcomes));
  await host.install();
  while (!failed && (rounds === 0 || secondsLeft() > 0)) {
    failed =
      !(await soak('threads', { TEST_SOAK_SECONDS: String(Math.min(120, secondsLeft())) })) ||
      !(await soak('hostile', outcomes)) ||
      !(await soak('lifecycle', { TEST_STARTUP_ROUNDS: '60' })) ||
      !(await soak('null', { TEST_WINSOCK_BASE: 'null' }));
    rounds += 1;
    process.stdout.write(`${rounds} rounds of all suites, ${secondsLeft()} s left\n`);
  }
} finally {
  await host.stop();
}
process.exitCode = failed ? 1 : 0;
