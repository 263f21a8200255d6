// Elevated: what the command line runs out of, and what it installs; through the real addon. Wine enforces no access rights (what those
// decide is shown over a double: test/setup/origin_test.cpp), but it has links, and it refuses a DLL that cannot be loaded.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { CatalogEntry, InstallReport, RemoveReport } from '../../ts/index.js';
import { missingForArchitecture, nodeExecutables, packageFolder, repository, requireArtifact } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import { stageProgram, untilPrinted, WinePrefix } from '../support/wine.js';
import { cliPath } from './dist.js';

interface Failure {
  error: { code: string; message: string };
}

const without32 = missingForArchitecture('ia32');
let directory = '';
let prefix: WinePrefix;
let node = '';

const inPrefix = (...parts: string[]) => join(prefix.directory, 'drive_c', ...parts);
const own = () => prefix.toWindowsPath(cliPath);

async function json<T>(code: number, parameters: string[], { program = node, script = own(), flags = [] as string[] } = {}): Promise<T> {
  const { code: ended, stdout, stderr } = await untilPrinted(code, () =>
    prefix.run(program, [...flags, script, ...parameters, '--json'], { winsock: 'test', timeoutMilliseconds: 240_000 }),
  );
  assert.is(ended, code, `${parameters.join(' ')} ended with ${ended}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}
const failure = async (...args: Parameters<typeof json>) => (await json<Failure>(...args)).error;
const ours = async (arch: string) => (await json<CatalogEntry[]>(0, ['list', '--arch', arch])).filter((entry) => entry.ours);

/** A copy of a DLL of the package, changed, where the prefix has it. */
function changedDll(name: string, of: string, change: (bytes: Buffer) => void): string {
  const bytes = readFileSync(of);
  change(bytes);
  mkdirSync(inPrefix('dlls'), { recursive: true });
  writeFileSync(inPrefix('dlls', name), bytes);
  return `C:\\dlls\\${name}`;
}

/** It asks for a DLL that no machine has. */
const unloadable = (bytes: Buffer) => {
  const at = bytes.indexOf('KERNEL32.dll');
  assert.ok(at > 0);
  bytes.write('XXXXXX32.dll', at);
};
const ofVersion = (major: number) => (bytes: Buffer) => {
  const fixed = bytes.indexOf(Buffer.from([0xbd, 0x04, 0xef, 0xfe]));
  assert.ok(fixed > 0);
  bytes.writeUInt32LE(major * 65_536, fixed + 8);
};

test.before(reported(async () => {
  directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-origin-'));
  prefix = await WinePrefix.create({ directory: join(directory, 'prefix'), programs32: without32 === undefined });
  const executable = nodeExecutables().at(-1);
  assert.ok(executable, 'no node.exe: run node scripts/run.mjs setup');
  node = stageProgram(executable.path, join(directory, 'node'));
}));
test.after(reported(async () => {
  await prefix?.stop();
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
}));

test('out of a folder that a link leads to, what changes something is refused, and says which; what looks is not', async () => {
  symlinkSync(packageFolder, inPrefix('package'));
  // What the package needs is looked for where the link lies, not where it leads.
  symlinkSync(join(repository, 'node_modules'), inPrefix('node_modules'));
  const there = { script: 'C:\\package\\dist\\esm\\cli\\main.js', flags: ['--preserve-symlinks', '--preserve-symlinks-main'] };
  for (const parameters of [['install'], ['remove'], ['doctor', '--fix'], ['policy', 'add', 'keep'], ['order', '--first', '1003'], ['tunnel', 'clear', 'x']]) {
    const { code, message } = await failure(1, parameters, there);
    assert.is(code, 'ERR_UNTRUSTED_PATH', parameters.join(' '));
    assert.match(message, /C:\\package is a link/);
    assert.match(message, /docs\/fleet\.md.*--trust-source/);
  }
  assert.equal(await ours('x64'), []);
  for (const parameters of [['list'], ['install', '--dry-run'], ['remove', '--dry-run'], ['policy', 'list']]) await json(0, parameters, there);
});

test('so is a node.exe behind a link', async () => {
  symlinkSync(join(directory, 'node'), inPrefix('node'));
  const there = { program: 'C:\\node\\node.exe' };
  assert.match((await failure(1, ['install'], there)).message, /Cannot run C:\\node\\node\.exe .*C:\\node is a link/);
  await json(0, ['list'], there);
});

test('a DLL behind a link is not installed, and nothing is copied, unless --trust-source says that it is meant', async () => {
  mkdirSync(join(directory, 'dlls'));
  copyFileSync(requireArtifact('lspDll'), join(directory, 'dlls', 'winsock-lsp.dll'));
  symlinkSync(join(directory, 'dlls'), inPrefix('linked'));
  const install = ['install', '--dll', 'C:\\linked\\winsock-lsp.dll'];
  const { code, message } = await failure(1, install);
  assert.is(code, 'ERR_UNTRUSTED_PATH');
  assert.match(message, /C:\\linked is a link/);
  assert.equal(await ours('x64'), []);
  const report = await json<InstallReport>(0, [...install, '--trust-source']);
  assert.match(report.path, /^C:\\Program Files\\winsock-lsp\\/i);
  // Where it would be registered as it lies, nothing helps.
  assert.is((await failure(1, [...install, '--no-stage', '--trust-source'])).code, 'ERR_UNTRUSTED_PATH');
  await json(0, ['remove']);
});

test('a path on another machine is not even opened', async () => {
  assert.match((await failure(1, ['install', '--dll', '\\\\evil\\s\\x.dll'])).message, /the path of another machine/);
});

test('a DLL that does not load is not registered', async () => {
  const bad = changedDll('unloadable.dll', requireArtifact('lspDll'), unloadable);
  const { code, message } = await failure(1, ['install', '--dll', bad]);
  assert.is(code, 'ERR_DLL_REFUSED');
  assert.match(message, /regsvr32 could not load it.*Nothing was changed.*CodeIntegrity/);
  assert.equal(await ours('x64'), []);
});

if (without32 !== undefined) {
  test.skip(`nor is a 32-bit one: ${without32}`);
} else {
  test('nor is a 32-bit one, tried by a 32-bit program', async () => {
    const bad = changedDll('unloadable32.dll', requireArtifact('lspDll', 'ia32'), unloadable);
    const good = prefix.toWindowsPath(requireArtifact('lspDll'));
    const { code, message } = await failure(1, ['install', '--dll', good, '--dll32', bad]);
    assert.is(code, 'ERR_DLL_REFUSED');
    assert.match(message, /winsock-lsp-ia32\.dll: Windows does not load it/);
    assert.equal([await ours('x64'), await ours('ia32')], [[], []]);
    await json(0, ['install', '--dll', good, '--dll32', prefix.toWindowsPath(requireArtifact('lspDll', 'ia32'))]);
    await json(0, ['remove']);
  });
}

test('an older version does not take the place of a newer one without --downgrade', async () => {
  const newer = changedDll('newer.dll', requireArtifact('lspDll'), ofVersion(9));
  await json(0, ['install', '--dll', newer]);
  const before = await ours('x64');
  for (const parameters of [['install'], ['install', '--dry-run'], ['install', '--ensure']]) {
    assert.is((await failure(1, [...parameters, '--no-dll32'])).code, 'ERR_DOWNGRADE', parameters.join(' '));
  }
  assert.equal(await ours('x64'), before);
  assert.ok((await json<InstallReport>(0, ['install', '--no-dll32', '--downgrade'])).changed);
});

test('a removal says which rules stay, and --purge takes them', async () => {
  await json(0, ['policy', 'add', 'to 192.0.2.0/24 keep']);
  const { stdout } = await prefix.run(node, [own(), 'remove'], { winsock: 'test' });
  assert.match(stdout, /1 rule stays, and is in force with the next installation; remove --purge takes the rules too\./);
  const report = await json<RemoveReport>(0, ['remove', '--purge']);
  assert.equal([report.changed, report.rules, report.purged], [false, 1, true]);
  assert.equal((await json<{ lines: string[] }>(0, ['policy', 'list'])).lines, []);
});

test.run();
