/**
 * The prebuilt files: that the source builds the same bytes wherever it lies, and that what is committed is what its commit builds.
 * docs/contributing.md has the rule.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { packageFolder, repository } from './support/artifacts.js';

const temporary = mkdtempSync(join(tmpdir(), 'winsock-lsp-prebuilds-'));

/** scripts/verify-prebuilds.mjs of a repository: its exit code and what it said. */
function verify(folder: string, ...parameters: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'scripts', 'verify-prebuilds.mjs'), ...parameters], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { code: status, said: `${stdout}${stderr}`.trim() };
}

const git = (cwd: string, ...parameters: string[]) =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test', ...parameters], { cwd, encoding: 'utf8', stdio: 'pipe' });

/** A repository with this one's files as its first commit. */
function freshRepository(name: string): string {
  const folder = join(temporary, name);
  execFileSync('mkdir', [folder]);
  for (const path of git(repository, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0')) {
    if (path === '' || path.startsWith('prebuilds/')) continue;
    cpSync(join(repository, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  git(folder, 'init', '--quiet');
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '-m', 'first');
  return folder;
}

function commitVersion(folder: string, version: string): void {
  const file = join(folder, 'package.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": "[^"]*"/, `"version": "${version}"`));
  git(folder, 'commit', '--quiet', '--all', '-m', version);
}

const rule = suite('the rule');
rule.after(() => rmSync(temporary, { recursive: true, force: true }));

rule('before the version changes, nothing has to be committed', () => {
  const folder = freshRepository('first');
  const { code, said } = verify(folder, '--committed');
  assert.is(code, 0, said);
  assert.match(said, /no prebuilds are committed, and the version is still the first one/);
});

rule('a version that changes without prebuilds is refused', () => {
  const folder = freshRepository('changed');
  commitVersion(folder, '9.8.7');
  const { code, said } = verify(folder, '--committed');
  assert.is(code, 1, said);
  assert.match(said, /the version is 9\.8\.7, but no prebuilds are committed: change the version with npm version/);
});

rule('prebuilds of another version are refused, and so are damaged ones', () => {
  const folder = freshRepository('others');
  cpSync(join(packageFolder, 'prebuilds'), join(folder, 'prebuilds'), { recursive: true });
  const sums = execFileSync('sh', ['-c', 'sha256sum win32-*/*'], { cwd: join(folder, 'prebuilds'), encoding: 'utf8' });
  const write = (version: string) =>
    writeFileSync(join(folder, 'prebuilds', 'SHA256SUMS'), `# winsock-lsp ${version}\n# some tools\n${sums}`);
  write('9.8.6');
  git(folder, 'add', '--force', 'prebuilds');
  commitVersion(folder, '9.8.7');
  const old = verify(folder, '--committed');
  assert.is(old.code, 1, old.said);
  assert.match(old.said, /the version is 9\.8\.7, but the prebuilds are of 9\.8\.6/);

  write('9.8.7');
  git(folder, 'commit', '--quiet', '--all', '-m', 'sums');
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(folder, 'prebuilds') });
  const { code, said } = verify(folder, '--committed');
  assert.is(code, 3, said); // of the right version and whole; built by unknown tools, so it cannot be told
  assert.match(said, /built with other tools: some tools; here are /);

  writeFileSync(join(folder, 'prebuilds', 'win32-x64', 'winsock-lsp.dll'), 'damaged');
  const damaged = verify(folder, '--committed');
  assert.is(damaged.code, 1, damaged.said);
  assert.match(damaged.said, /is not what its SHA256SUMS says: win32-x64\/winsock-lsp\.dll is /);
});

rule.run();

const here = suite('here');

here('a clean build in another folder, with prebuildify and cmake-js, gives what the tests have tested, byte for byte', () => {
  const { code, said } = verify(repository, '--against', packageFolder);
  assert.is(code, 0, said);
  assert.match(said, /gives the same 7 files/);
});

const committed = verify(repository, '--committed');
const test = committed.code === 3 ? here.skip : here;
if (committed.code === 3) console.log(`skipped: ${committed.said}`);
test('what is committed under prebuilds/ is what its commit builds', () => {
  assert.is(committed.code, 0, committed.said);
});

here.run();
