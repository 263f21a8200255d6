/**
 * Programs that a bundler has made one file, run by Windows' node.exe under Wine: esbuild, to CommonJS and to ES modules. They find the native
 * files beside the bundle, or where the program says; else one error says what to do.
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build, type Format } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { nodeExecutables, packageFolder, repository } from './support/artifacts.js';
import { reported } from './support/reported.js';
import { WinePrefix } from './support/wine.js';

const temporary = mkdtempSync(join(tmpdir(), 'winsock-lsp-bundle-'));
const project = join(temporary, 'project');
let prefix: WinePrefix;
const windows = (path: string) => `Z:${path.replaceAll('/', '\\')}`;

const body = `
  if (process.argv[2] !== undefined) globalThis.WINSOCK_LSP_PREBUILDS = process.argv[2];
  try {
    const entries = lsp.enumerateCatalog();
    lsp.planInstall({ dll32: null }).then(({ files }) => console.log(JSON.stringify({ entries: entries.length, from: files[0].from })));
  } catch (error) {
    console.log(JSON.stringify({ known: lsp.isLspError(error), code: error.code, message: error.message }));
  }`;

interface Result {
  entries?: number;
  from?: string;
  known?: boolean;
  code?: string;
  message?: string;
}

/** A program of one file in a folder of its own. `using`: how it loads the package. */
async function bundle(name: string, format: Format, how: 'import' | 'require', define: Record<string, string> = {}): Promise<string> {
  const source = join(project, `${name}.${how === 'import' ? 'mjs' : 'cjs'}`);
  writeFileSync(source, `${how === 'import' ? "import * as lsp from 'winsock-lsp';" : "const lsp = require('winsock-lsp');"}${body}\n`);
  const outfile = join(temporary, name, `app.${format === 'esm' ? 'mjs' : 'cjs'}`);
  const { warnings } = await build({ entryPoints: [source], outfile, bundle: true, platform: 'node', format, define, minify: format === 'cjs', logLevel: 'silent' });
  assert.equal(warnings, []);
  // Nothing of the package is outside of it.
  assert.not.match(readFileSync(outfile, 'utf8'), /from ?["']winsock-lsp|require\(["']winsock-lsp/);
  return outfile;
}

const keepPrebuilds = (folder: string) => cpSync(join(packageFolder, 'prebuilds'), join(folder, 'prebuilds'), { recursive: true });

async function run(node: string, script: string, { parameters = [] as string[], environment = {} as Record<string, string> } = {}): Promise<Result> {
  const { code, stdout, stderr } = await prefix.run(node, [windows(script), ...parameters], { winsock: 'test', environment, timeoutMilliseconds: 120_000 });
  assert.is(code, 0, `${stdout}${stderr}`);
  assert.is(stderr, '');
  return JSON.parse(stdout) as Result;
}

test.before(reported(async () => {
  const installed = join(project, 'node_modules', 'winsock-lsp');
  mkdirSync(installed, { recursive: true });
  for (const name of ['dist', 'package.json']) cpSync(join(packageFolder, name), join(installed, name), { recursive: true });
  prefix = await WinePrefix.create({ directory: join(temporary, 'prefix') });
}));
test.after(reported(async () => {
  await prefix?.stop();
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
}));

const nodes = nodeExecutables();
const ways = [
  ['CommonJS', 'cjs', 'import'],
  ['CommonJS', 'cjs', 'require'],
  ['ES modules', 'esm', 'import'],
] as const;

if (nodes.length === 0) test.skip('bundles run in Windows: there is no node.exe (node scripts/run.mjs setup)');

for (const { name: node, path } of nodes) {
  for (const [kind, format, how] of ways) {
    const named = `${node}, ${how} bundled to ${kind}`;
    const folder = `${format}-${how}`;

    test(`${named}, without the native files: one error names them and the variable`, async () => {
      const script = await bundle(folder, format, how);
      rmSync(join(temporary, folder, 'prebuilds'), { recursive: true, force: true });
      // A variable of the environment may be another user's work.
      const { known, code, message = '' } = await run(path, script, { environment: { WINSOCK_LSP_PREBUILDS: windows(join(packageFolder, 'prebuilds')) } });
      assert.equal([known, code], [true, 'ERR_ADDON_NOT_LOADED']);
      for (const file of ['winsock-lsp.node', 'winsock-lsp.dll', 'winsock-lsp-setup.dll', 'winsock-lsp-ia32.dll']) assert.ok(message.includes(file), message);
      assert.ok(message.includes(`there is no ${windows(join(temporary, folder, 'prebuilds', 'win32-x64', 'winsock-lsp.node'))};`), message);
      assert.match(message, /prebuilds\/win32-x64.*beside the bundle.*variable WINSOCK_LSP_PREBUILDS of the program.*docs\/bundling\.md/);
    });

    test(`${named}, with prebuilds beside it: it works`, async () => {
      keepPrebuilds(join(temporary, folder));
      const { entries, from } = await run(path, join(temporary, folder, `app.${format === 'esm' ? 'mjs' : 'cjs'}`));
      assert.is(entries, 6);
      assert.is(from, windows(join(temporary, folder, 'prebuilds', 'win32-x64', 'winsock-lsp.dll')));
    });

    test(`${named}, with the folder named by the program: it works, also by a relative path`, async () => {
      keepPrebuilds(join(temporary, 'native files'));
      const script = await bundle(`${folder}-elsewhere`, format, how);
      for (const place of [windows(join(temporary, 'native files', 'prebuilds')), '..\\native files\\prebuilds']) {
        const { from } = await run(path, script, { parameters: [place] });
        assert.is(from, windows(join(temporary, 'native files', 'prebuilds', 'win32-x64', 'winsock-lsp.dll')));
      }
      const { code, message = '' } = await run(path, script, { parameters: ['nowhere'] });
      assert.is(code, 'ERR_ADDON_NOT_LOADED');
      assert.match(message, /nowhere\\win32-x64\\winsock-lsp\.node; the variable WINSOCK_LSP_PREBUILDS names the folder/);
    });
  }
}

const [first] = nodes;
if (first !== undefined) {
  test(`${first.name}: the folder may be named when it is bundled, by esbuild's define`, async () => {
    keepPrebuilds(join(temporary, 'native files'));
    const script = await bundle('defined', 'esm', 'import', { WINSOCK_LSP_PREBUILDS: JSON.stringify('../native files/prebuilds') });
    // The program's own assignment is not to be in the way.
    assert.is((await run(first.path, script)).entries, 6);
  });

  test(`${first.name}: a package in an archive of Electron's finds its native files unpacked beside it`, async () => {
    const archive = join(temporary, 'app.asar');
    const installed = join(archive, 'node_modules', 'winsock-lsp');
    cpSync(join(project, 'node_modules'), join(archive, 'node_modules'), { recursive: true });
    writeFileSync(join(archive, 'main.mjs'), `import * as lsp from 'winsock-lsp';${body}\n`);
    const { code, message = '' } = await run(first.path, join(archive, 'main.mjs'));
    assert.is(code, 'ERR_ADDON_NOT_LOADED');
    assert.match(message, /this program is in an archive\..*asarUnpack/);
    const unpacked = installed.replace('app.asar', 'app.asar.unpacked');
    mkdirSync(unpacked, { recursive: true });
    keepPrebuilds(unpacked);
    assert.is((await run(first.path, join(archive, 'main.mjs'))).from, windows(join(unpacked, 'prebuilds', 'win32-x64', 'winsock-lsp.dll')));
  });
}

test('the examples of docs/bundling.md bundle', async () => {
  const page = readFileSync(join(repository, 'docs', 'bundling.md'), 'utf8');
  const [, example = ''] = page.match(/```js\n(\/\/ build\.mjs[^]*?)```/) ?? [];
  assert.match(example, /esbuild/);
  const folder = join(temporary, 'example');
  cpSync(join(project, 'node_modules'), join(folder, 'node_modules'), { recursive: true });
  keepPrebuilds(join(folder, 'node_modules', 'winsock-lsp'));
  cpSync(join(repository, 'node_modules', 'esbuild'), join(folder, 'node_modules', 'esbuild'), { recursive: true });
  cpSync(join(repository, 'node_modules', '@esbuild'), join(folder, 'node_modules', '@esbuild'), { recursive: true });
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src', 'main.js'), `import * as lsp from 'winsock-lsp';${body}\n`);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'build.mjs'), example);
  const { execFileSync } = await import('node:child_process');
  execFileSync(process.execPath, ['build.mjs'], { cwd: folder, stdio: 'pipe' });
  if (first === undefined) return;
  rmSync(join(folder, 'node_modules'), { recursive: true });
  assert.is((await run(first.path, join(folder, 'dist', 'app.mjs'))).entries, 6);
});

test.run();
