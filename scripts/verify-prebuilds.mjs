// `npm run verify-prebuilds`: proves that the source builds the same bytes wherever it lies, and that the committed prebuilds
// are what the commit that brought them builds. Clean builds in folders of their own, without ccache.
//   --against FOLDER   one build, compared with FOLDER/prebuilds
//   --committed        only what is committed
// Exit codes: 0 proved; 1 not so; 3 cannot be told here (no history, other tools), and why.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { differences, readSums, sumsOf, toolchain } from './prebuilt_sums.mjs';
import { BuildError, run } from './windows_files.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { against: { type: 'string' }, committed: { type: 'boolean', default: false } } });

const temporary = mkdtempSync(join(tmpdir(), 'winsock-lsp-verify-'));
const say = (text) => process.stdout.write(`${text}\n`);
const git = (...args) => run('reading the history', 'git', args, { cwd: repository }).trim();

/** Sums of what the source in `folder`, which this fills by `fill`, builds. */
function build(folder, fill) {
  const source = join(temporary, folder);
  mkdirSync(source, { recursive: true });
  fill(source);
  cpSync(join(repository, 'node_modules'), join(source, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  const environment = { CCACHE_DISABLE: '1', CMAKE_C_COMPILER_LAUNCHER: undefined, CMAKE_CXX_COMPILER_LAUNCHER: undefined };
  run(`building in ${source}`, process.execPath, [join(source, 'scripts', 'prebuild.mjs')], { cwd: source, environment });
  const sums = sumsOf(join(source, 'prebuilds'));
  rmSync(source, { recursive: true });
  return sums;
}

/** The files that git knows, as they are now. */
function copyTree(target) {
  for (const path of git('ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0')) {
    if (path !== '' && !path.startsWith('prebuilds/')) cpSync(join(repository, path), join(target, path), { recursive: true });
  }
}

const checkOut = (commit) => (target) => {
  const archive = join(temporary, 'commit.tar');
  git('archive', '--format=tar', '-o', archive, commit);
  run('unpacking the commit', 'tar', ['-xf', archive, '-C', target, '--exclude=prebuilds'], { cwd: repository });
};

function verdict(wrong, same, different) {
  say(wrong.length === 0 ? same : `${different}: ${wrong.join('; ')}`);
  return wrong.length === 0 ? 0 : 1;
}

function verifyAgainst(folder) {
  const found = sumsOf(join(folder, 'prebuilds'));
  return verdict(differences(build('a', copyTree), found), `a clean build in another folder gives the same ${found.size} files`, 'not the same');
}

function verifyTwice() {
  const first = build('a', copyTree);
  for (const [path, sum] of first) say(`${sum}  ${path}`);
  const second = build(join('another place', 'deeper', 'source'), copyTree);
  return verdict(differences(first, second), `two builds in two folders: all ${first.size} files are the same`, 'two builds differ');
}

const versionIn = (commit) => JSON.parse(git('show', `${commit}:package.json`)).version;

function verifyCommitted() {
  if (git('rev-parse', '--is-shallow-repository') === 'true') {
    say('the committed prebuilds cannot be told from their commit: this clone lacks the history');
    return 3;
  }
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const folder = join(repository, 'prebuilds');
  const commit = git('log', '-1', '--format=%H', '--', 'prebuilds/SHA256SUMS');
  if (commit === '') {
    const first = git('log', '--diff-filter=A', '--format=%H', '--', 'package.json').split('\n').at(-1);
    if (versionIn(first) === version) {
      say(`no prebuilds are committed, and the version is still the first one, ${version}`);
      return 0;
    }
    say(`the version is ${version}, but no prebuilds are committed: change the version with npm version, which builds them`);
    return 1;
  }
  const recorded = readSums(folder);
  if (recorded === undefined || recorded.version !== version || versionIn(commit) !== version) {
    say(`the version is ${version}, but the prebuilds are of ${recorded?.version}: change the version with npm version, which builds them`);
    return 1;
  }
  const damaged = differences(recorded.sums, sumsOf(folder));
  if (damaged.length > 0) return verdict(damaged, '', 'prebuilds/ is not what its SHA256SUMS says');
  if (recorded.toolchain !== toolchain()) {
    say(`the committed prebuilds were built with other tools: ${recorded.toolchain}; here are ${toolchain()}`);
    return 3;
  }
  const what = `the prebuilds of ${version}, committed by ${commit.slice(0, 12)}, are`;
  return verdict(differences(build('committed', checkOut(commit)), recorded.sums), `${what} what it builds`, `${what} not what it builds`);
}

try {
  if (values.against !== undefined) {
    process.exitCode = verifyAgainst(values.against);
  } else {
    process.exitCode = values.committed ? verifyCommitted() : verifyTwice() || verifyCommitted();
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`verify-prebuilds: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
