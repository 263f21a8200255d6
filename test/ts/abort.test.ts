// AbortSignals: what changes the catalog can be called off at any step, in Windows' node.exe over the test Winsock, and then
// leaves it as it was. (That it can be at every step of every change, test/catalog_crash.test.ts shows.)
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { nodeExecutables } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import { stageProgram, WinePrefix } from '../support/wine.js';
import { esmPath } from './dist.js';

interface Outcome {
  is: boolean;
  code: string;
  message: string;
  cause: string;
  unchanged: boolean;
}

let directory = '';
let prefix: WinePrefix;
let program = '';

test.before(reported(async () => {
  directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-abort-'));
  prefix = await WinePrefix.create({ directory: join(directory, 'wine') });
  const node = nodeExecutables().at(-1);
  if (node === undefined) throw new Error('no node.exe: fetch it first (node scripts/run.mjs setup)');
  program = stageProgram(node.path, join(directory, 'node'));
}));

test.after(reported(async () => {
  await prefix.stop();
  rmSync(directory, { recursive: true, force: true });
}));

/** Runs the body of an async function, which has the package as `lsp`; gives what it returns. */
async function evaluate(body: string, environment: Record<string, string> = {}): Promise<unknown> {
  const script = join(directory, 'script.mjs');
  const url = pathToFileURL(esmPath).href.replace('file:///', 'file:///Z:/');
  writeFileSync(
    script,
    `import * as lsp from ${JSON.stringify(url)};
     const backup = ${JSON.stringify(prefix.toWindowsPath(join(directory, 'catalogs.json')))};
     (async () => { ${body} })().then((result) => process.stdout.write(JSON.stringify(result)));`,
  );
  const { code, stdout, stderr } = await prefix.run(program, [prefix.toWindowsPath(script)], {
    winsock: 'test',
    environment,
    timeoutMilliseconds: 180_000,
  });
  assert.is(code, 0, `${stdout}${stderr}`);
  return JSON.parse(stdout);
}

/** Calls it off after so many milliseconds, by default from the start; tells how it ended. */
const calledOff = (call: string, milliseconds?: number) => `
  const before = JSON.stringify(lsp.enumerateCatalog());
  const controller = new AbortController();
  const abort = () => controller.abort('no more');
  ${milliseconds === undefined ? 'abort();' : `setTimeout(abort, ${milliseconds});`}
  const { signal } = controller;
  try { await ${call}; } catch (error) {
    const { code, message, cause } = error;
    const unchanged = JSON.stringify(lsp.enumerateCatalog()) === before;
    return { is: error instanceof lsp.LspError, code, message, cause, unchanged };
  }`;

const install = 'lsp.installLsp({ signal, dll32: null })';

/** The number of the call, in a program that enumerates the catalog and then installs, whose name fits; 0: the first. */
async function numberOf(name: RegExp, which: 0 | -1): Promise<number> {
  if (calls.length === 0) {
    const file = join(directory, 'calls');
    await evaluate('lsp.enumerateCatalog(); await lsp.installLsp({ dll32: null }); return null;', {
      TEST_WINSOCK_COUNT: prefix.toWindowsPath(file),
    });
    await evaluate('await lsp.removeLsp(); return null;');
    calls = readFileSync(file, 'utf8').split(/\r?\n/);
  }
  const found = calls.flatMap((call, index) => (name.test(call) ? [index + 1] : []));
  const number = found.at(which);
  if (number === undefined) throw new Error(`install did not call ${name}: ${calls.join(' ')}`);
  return number;
}
let calls: string[] = [];

const situations: readonly (readonly [string, RegExp | undefined, 0 | -1])[] = [
  ['install, called off before it starts', undefined, 0],
  ['install, while it puts the layered entry in', /^WSCInstallProvider/, 0],
  ['install, while it puts the last chain in', /^WSCInstallProvider/, -1],
];

for (const [name, pausing, which] of situations) {
  test(`${name}: ABORT_ERR, and the catalog is as it was`, async () => {
    const pause = pausing === undefined ? '' : `${await numberOf(pausing, which)}:3000`;
    const outcome = (await evaluate(calledOff(install, pausing === undefined ? undefined : 1000), {
      TEST_WINSOCK_PAUSE: pause,
    })) as Outcome;
    assert.equal([outcome.is, outcome.code, outcome.cause, outcome.unchanged], [true, 'ABORT_ERR', 'no more', true]);
    assert.match(outcome.message, /called off/);
  });
}

test('a signal that stays quiet changes nothing, and one that comes too late neither', async () => {
  const result = await evaluate(`
    const controller = new AbortController();
    const report = await lsp.installLsp({ signal: controller.signal, dll32: null });
    controller.abort();
    return [report.changed, lsp.isInstalled()];`);
  assert.equal(result, [true, true]);
});

for (const [name, milliseconds, pause] of [
  ['before it starts', undefined, ''],
  ['before its first step', 700, '30:3000'],
] as const) {
  test(`remove, called off ${name}: ABORT_ERR, and it is still installed`, async () => {
    const outcome = (await evaluate(calledOff('lsp.removeLsp({ signal })', milliseconds), {
      TEST_WINSOCK_PAUSE: pause,
    })) as Outcome;
    assert.equal([outcome.code, outcome.unchanged], ['ABORT_ERR', true]);
    assert.is(await evaluate('return lsp.isInstalled();'), true);
  });
}

// A catalog whose first entry is another, so that there is something to put back.
const orderAll = 'lsp.orderCatalog(lsp.enumerateCatalog().map(({ id }) => id).reverse(), { signal })';

for (const [name, call] of [
  ['order', orderAll],
  ['restore', `lsp.restoreCatalogs(backup, { signal })`],
  ['doctor --fix', 'lsp.doctor({ fix: true, signal })'],
] as const) {
  for (const milliseconds of [undefined, 700]) {
    const when = milliseconds === undefined ? 'before it starts' : 'before its first step';
    test(`${name}, called off ${when}: ABORT_ERR, and the catalog is as it was`, async () => {
      // Made of an installation: backed up, then in another order, in which doctor finds ours not first.
      await evaluate(`
        await lsp.installLsp({ dll32: null });
        await lsp.backupCatalogs(backup, { overwrite: true });
        const bases = lsp.enumerateCatalog().filter(({ kind }) => kind === 'base').map(({ id }) => id);
        await lsp.orderCatalog(bases, { first: true });
        return null;`);
      const outcome = (await evaluate(calledOff(call, milliseconds), {
        TEST_WINSOCK_PAUSE: milliseconds === undefined ? '' : '45:3000',
      })) as Outcome | null;
      assert.ok(outcome, 'it was not called off');
      assert.equal([outcome.is, outcome.code, outcome.cause, outcome.unchanged], [true, 'ABORT_ERR', 'no more', true]);
    });
  }
}

test('what is no AbortSignal is refused', async () => {
  const codes = await evaluate(`
    const codes = [];
    const calls = [
      lsp.installLsp,
      lsp.removeLsp,
      lsp.doctor,
      (options) => lsp.orderCatalog([1001], options),
      (options) => lsp.restoreCatalogs(backup, options),
    ];
    for (const call of calls) await call({ signal: {} }).catch(({ code }) => codes.push(code));
    return codes;`);
  assert.equal(codes, Array(5).fill('ERR_INVALID_ARG_TYPE'));
});

test.run();
