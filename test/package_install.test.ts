/**
 * The package as its users get it: packed, installed into empty projects by this machine's node and by Windows' node.exe under
 * Wine, which has neither a compiler nor, the second time, a network; required, imported, and type-checked.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { nodeExecutables, packageFolder, repository } from './support/artifacts.js';
import { filesBelow, npmProgram, packageJson, packPackage, sources, type Packed } from './support/packed.js';
import { WinePrefix } from './support/wine.js';

const temporary = mkdtempSync(join(tmpdir(), 'winsock-lsp-package-'));
const cache = join(temporary, 'npm-cache');
const linuxProject = join(temporary, 'linux');
const windowsProject = join(temporary, 'windows');
const installed = join(linuxProject, 'node_modules', 'winsock-lsp');
let packed: Packed;
let prefix: WinePrefix | undefined;

const installOptions = ['--no-audit', '--no-fund', '--loglevel=error', '--foreground-scripts'];

function emptyProject(folder: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', version: '1.0.0', private: true }));
}

/** Runs a program in the Linux project; its PATH has node and a shell, and no compiler. */
function inProject(program: string, ...parameters: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, parameters, {
    cwd: linuxProject,
    encoding: 'utf8',
    env: { ...process.env, PATH: join(temporary, 'bin'), npm_config_cache: cache },
  });
  return { code: status, stdout, stderr };
}

test.before(() => {
  packed = packPackage(temporary);
  mkdirSync(join(temporary, 'bin'));
  symlinkSync(process.execPath, join(temporary, 'bin', 'node'));
  for (const name of ['sh', 'env', 'sed', 'dirname', 'uname']) {
    symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(temporary, 'bin', name));
  }
  emptyProject(linuxProject);
  emptyProject(windowsProject);
});

test.after(async () => {
  await prefix?.stop();
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
});

test('the tarball has what is needed and nothing else', () => {
  const modules = sources(['ts']).filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));
  const compiled = modules.map((path) => path.slice('ts/'.length, -'.ts'.length));
  const dist = [
    ...compiled.flatMap((name) => [`esm/${name}.js`, ...(name.startsWith('cli/') ? [] : [`esm/${name}.d.ts`])]),
    ...compiled.filter((name) => !name.startsWith('cli/')).map((name) => `cjs/${name}.d.ts`),
    ...['esm', 'cjs'].map((build) => `${build}/package.json`),
  ].map((path) => `dist/${path}`);
  const prebuilt = [
    ...['winsock-lsp-ia32.dll', 'winsock-lsp-setup.dll', 'winsock-lsp.dll', 'winsock-lsp.node'].map((name) => `win32-x64/${name}`),
    ...['winsock-lsp-setup.dll', 'winsock-lsp.dll', 'winsock-lsp.node'].map((name) => `win32-ia32/${name}`),
    'SHA256SUMS',
  ].map((path) => `prebuilds/${path}`);
  // What building from source needs.
  const source = sources(['CMakeLists.txt', 'CMakePresets.json', 'cmake', 'binding', 'lsp-dll', 'scripts/install.cjs']).filter(
    (path) => !path.endsWith('test_program.cmake'),
  );
  // What the help and the messages refer to; the pictures are on the site only.
  const pages = sources(['docs']).filter((path) => path.endsWith('.md'));
  assert.ok(pages.includes('docs/recovery.md'));
  assert.equal(packed.files, [...dist, ...prebuilt, ...source, ...pages, 'LICENSE', 'README.md', 'package.json'].sort());
});

// An alarm, not a budget: the addons and the DLLs for two architectures are three quarters of it.
test('the tarball is smaller than 2.5 MB', () => {
  console.log(`tarball: ${packed.size} bytes, ${packed.files.length} files, ${packed.unpackedSize} bytes installed`);
  assert.ok(packed.size < 2_500_000, `${packed.size} bytes`);
});

test("this machine's node installs it without a compiler", () => {
  const { code, stdout, stderr } = inProject('node', npmProgram('npm'), 'install', packed.tarball, '--prefer-offline', ...installOptions);
  assert.is(code, 0, `${stdout}${stderr}`);
  assert.is(stderr, '');
  assert.equal(filesBelow(installed), packed.files);
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(installed, 'prebuilds') });
});

test('every page that the package names is in it', () => {
  const named = new Set<string>();
  for (const path of packed.files.filter((each) => /\.(js|ts|cjs|md|hpp|cpp|txt|json)$/.test(each))) {
    const text = readFileSync(join(installed, path), 'utf8');
    for (const [name] of text.matchAll(/\bdocs\/[\w-]+\.md\b/g)) named.add(name);
  }
  assert.ok(named.size > 5);
  assert.equal([...named].filter((name) => !packed.files.includes(name)), []);
});

for (const [how, file, script] of [
  ['required', 'use.cjs', "const lsp = require('winsock-lsp');"],
  ['imported', 'use.mjs', "import * as lsp from 'winsock-lsp';"],
] as const) {
  test(`${how} on Linux, it loads, and a function of Windows says that it is not for this platform`, () => {
    writeFileSync(
      join(linuxProject, file),
      `${script}\ntry { lsp.isInstalled(); } catch (error) { console.log(error instanceof lsp.LspError, error.code, error.message); }\n`,
    );
    const { code, stdout, stderr } = inProject('node', file);
    assert.is(code, 0, stderr);
    assert.is(stdout, `true ERR_UNSUPPORTED_PLATFORM This works on Windows for x64 and ia32 only, and this is linux for ${process.arch}.\n`);
  });
}

test('npx winsock-lsp --help works on Linux', () => {
  const { code, stdout, stderr } = inProject('node', npmProgram('npx'), 'winsock-lsp', '--help');
  assert.is(code, 0, stderr);
  assert.match(stdout, /^Usage: winsock-lsp /m);
});

// Without skipLibCheck: the declarations themselves are checked too.
for (const { moduleResolution, module, extensions } of [
  { moduleResolution: 'node16', module: 'node16', extensions: ['mts', 'cts'] },
  { moduleResolution: 'nodenext', module: 'nodenext', extensions: ['mts', 'cts'] },
  { moduleResolution: 'bundler', module: 'esnext', extensions: ['ts'] },
]) {
  test(`its types resolve under ${moduleResolution}`, () => {
    const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    const files = extensions.map((extension) => `types-${moduleResolution}.${extension}`);
    const lines = [
      "import { enumerateCatalog, installLsp, isLspError, isSupported, LspError, tunnel, type CatalogEntry, type LspErrorCode, type Publication } from 'winsock-lsp';",
      "import { useStandIn, type StandIn } from 'winsock-lsp/testing';",
      'export const names: string[] = enumerateCatalog().map((entry: CatalogEntry) => entry.name);',
      'export const changed: Promise<boolean> = installLsp().then((report) => report.changed);',
      "export const withdrawn: Promise<unknown> = tunnel.withdraw('office');",
      'export const codeOf = (error: LspError): LspErrorCode => error.code;',
      "export const denied = (error: unknown): boolean => isSupported && isLspError(error) && error.code === 'ERROR_ACCESS_DENIED';",
      '// @ts-expect-error: no error has this code',
      "export const misspelt = (error: LspError): boolean => error.code === 'ERROR_ACESS_DENIED';",
      'export async function publish(): Promise<string> {',
      "  await using office: Publication = await tunnel.publish({ name: 'office', address: '10.8.0.2/24', source: '11.22.33.44' });",
      '  return office.name;',
      '}',
      'export const machine: StandIn = useStandIn({ elevated: false });',
      '// @ts-expect-error: the types are not any',
      'export const wrong: number = enumerateCatalog();',
    ];
    for (const file of files) writeFileSync(join(linuxProject, file), `${lines.join('\n')}\n`);
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', module, '--moduleResolution', moduleResolution];
    const types = ['--types', 'node', '--typeRoots', join(repository, 'node_modules', '@types')];
    const { status, stdout } = spawnSync(process.execPath, [compiler, ...options, ...types, ...files], { cwd: linuxProject, encoding: 'utf8' });
    assert.is(status, 0, stdout);
  });
}

test('its source configures, without the tests that it does not have and with warnings that are no errors', () => {
  const build = join(temporary, 'build');
  const options = ['--preset', 'mingw-dll-x64', '-B', build, '-DWINSOCK_LSP_SELFTEST=ON'];
  const { status, stdout, stderr } = spawnSync('cmake', options, { cwd: installed, encoding: 'utf8' });
  assert.is(status, 0, `${stdout}${stderr}`);
  assert.match(stderr, /lsp-selftest\.exe is not built/);
  const cache = readFileSync(join(build, 'CMakeCache.txt'), 'utf8');
  assert.match(cache, /^WINSOCK_LSP_WARNINGS_AS_ERRORS:BOOL=OFF$/m);
});

const [node] = nodeExecutables();

if (node === undefined) {
  test.skip("Windows' node.exe installs it: there is no node.exe (node scripts/run.mjs setup)");
} else {
  const run = async (parameters: string[], environment: Record<string, string> = {}) => {
    prefix ??= await WinePrefix.create({ directory: join(temporary, 'prefix') });
    const folder = prefix.toWindowsPath(join(node.path, '..'));
    const { code, stdout, stderr } = await prefix.run(node.path, parameters, {
      cwd: windowsProject,
      environment: { WINEPATH: folder, npm_config_cache: prefix.toWindowsPath(cache), ...environment },
      timeoutMilliseconds: 300_000,
    });
    assert.is(code, 0, `${parameters.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
    return { stdout: stdout.replaceAll('\r\n', '\n'), stderr };
  };
  const windows = (path: string) => `Z:${path.replaceAll('/', '\\')}`;

  test(`Windows' ${node.name} installs it, by npm's JavaScript, without a network`, async () => {
    const registry = execFileSync(process.execPath, [npmProgram('npm'), 'config', 'get', 'registry'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { stdout, stderr } = await run(
      [windows(npmProgram('npm')), 'install', windows(packed.tarball), '--offline', ...installOptions],
      { npm_config_registry: registry.trim() },
    );
    console.log(`npm install by ${node.name}:\n${stdout}${stderr}`);
    assert.equal(filesBelow(join(windowsProject, 'node_modules', 'winsock-lsp')), packed.files);
  });

  for (const [how, file, script] of [
    ['required', 'use.cjs', "const lsp = require('winsock-lsp');"],
    ['imported', 'use.mjs', "import * as lsp from 'winsock-lsp';"],
  ] as const) {
    test(`${how} by Windows' ${node.name}, its addon answers`, async () => {
      writeFileSync(
        join(windowsProject, file),
        `${script}\nconst entries = lsp.enumerateCatalog();\nconsole.log(JSON.stringify([entries.length > 0, typeof entries[0].name, lsp.isInstalled()]));\n`,
      );
      assert.is((await run([file])).stdout, '[true,"string",false]\n');
    });
  }

  test(`no variable chooses another addon in Windows' ${node.name}`, async () => {
    const chosen = join(temporary, 'chosen');
    for (const folder of [join(chosen, 'prebuilds', 'win32-x64'), join(chosen, 'build', 'Release'), join(windowsProject, 'build', 'Release')]) {
      mkdirSync(folder, { recursive: true });
      for (const name of ['winsock-lsp.node', 'winsock_lsp.node']) writeFileSync(join(folder, name), 'not a DLL');
    }
    writeFileSync(join(windowsProject, 'chosen.cjs'), "console.log(require('winsock-lsp').enumerateCatalog().length > 0);\n");
    assert.is((await run(['chosen.cjs'], { PREBUILDS_ONLY: '1', NODE_PATH: windows(chosen) })).stdout, 'true\n');
    const prebuilds = windows(join(chosen, 'prebuilds'));
    assert.is((await run(['chosen.cjs'], { WINSOCK_LSP_PREBUILD: windows(chosen), WINSOCK_LSP_PREBUILDS: prebuilds })).stdout, 'true\n');
  });

  test(`${node.name} makes the folder of docs/fleet.md, whose command takes the node.exe beside it`, async () => {
    const folder = join(temporary, 'winsock-lsp-package');
    await run([windows(npmProgram('npm')), 'install', '--global', '--prefix', windows(folder), windows(packed.tarball), '--offline', ...installOptions]);
    const shim = readFileSync(join(folder, 'winsock-lsp.cmd'), 'utf8');
    assert.match(shim, /IF EXIST "%dp0%\\node\.exe"/);
    assert.match(shim, /"%dp0%\\node_modules\\winsock-lsp\\dist\\esm\\cli\\main\.js" %\*/);
    const { stdout } = await run([windows(join(folder, 'node_modules', 'winsock-lsp', 'dist', 'esm', 'cli', 'main.js')), 'list', '--json']);
    assert.ok((JSON.parse(stdout) as unknown[]).length > 0);
  });

  // Wine 8's cmd.exe runs nothing of npm's shims, and answers success; so what the shim would run is run without it.
  test(`the command that npx finds there runs in Windows' ${node.name}`, async () => {
    const shim = readFileSync(join(windowsProject, 'node_modules', '.bin', 'winsock-lsp.cmd'), 'utf8');
    const [, named = ''] = shim.match(/"%dp0%\\\.\.\\(winsock-lsp\\[^"]*)" %\*/) ?? [];
    assert.is(named, 'winsock-lsp\\dist\\esm\\cli\\main.js', shim);
    const { stdout } = await run([`node_modules\\${named}`, '--help']);
    assert.match(stdout, /^Usage: winsock-lsp /m);
  });
}

test('what the tests run is laid out as the package is', () => {
  const inPackage = packed.files.filter((path) => /^(dist|prebuilds\/win32)/.test(path));
  const inBuild = filesBelow(packageFolder).filter((path) => /^(dist|prebuilds)\//.test(path) && !/^dist\/(esm|cjs)\/cli\/.*\.d\.ts$/.test(path));
  assert.equal(inBuild, inPackage);
  assert.is(packageJson.version, (JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }).version);
});

test.run();
