// openvpn.exe, the real one, which tests and demo run under Wine: cross-compiled from Debian's source packages of OpenVPN, in the
// version that is installed here, and of Mbed TLS. Once; it then lies in build/tools.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fetchTool, progress, repository, run, SetupError } from './setup.mjs';
import { cmake, toolchainFile } from './windows_files.mjs';

const tool = 'openvpn';
const folder = join(repository, 'build', 'tools', tool);
const recipe = join(repository, 'test', 'openvpn_exe');
/** What of the source the tests read: which messages there are about plugins. */
const keptSources = ['plugin.c', 'win32.c'];

/** The same sources of packages that the machine has, as source packages' sources, in a file each. */
function writeSourceLists(into) {
  mkdirSync(into);
  const lists = '/etc/apt/sources.list.d';
  const files = existsSync(lists) ? readdirSync(lists).map((name) => [name, join(lists, name)]) : [];
  for (const [name, path] of [['sources.list', '/etc/apt/sources.list'], ...files]) {
    if (!existsSync(path) || !/\.(list|sources)$/.test(name)) continue;
    const text = readFileSync(path, 'utf8').replaceAll(/^Types:.*$/gm, 'Types: deb-src').replaceAll(/^deb(-src)?\s/gm, 'deb-src ');
    writeFileSync(join(into, name), text);
  }
}

/** Fetches and unpacks the sources; APT has a state of its own for it, so that the machine's stays as it is. The result: their folders. */
function fetchSources(incoming, version) {
  const state = join(incoming, 'state');
  const cache = join(incoming, 'cache');
  const lists = join(incoming, 'lists');
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true });
  writeSourceLists(lists);
  const options = Object.entries({
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Dir::State': state,
    'Dir::State::status': '/dev/null',
    'Dir::Cache': cache,
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': lists,
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  // Not every source of the machine has source packages. Whether the one that matters does is seen next.
  spawnSync('apt-get', ['update', '-qq', ...options], { stdio: 'ignore' });
  const wanted = [`openvpn=${version}`, 'mbedtls'];
  run('apt-get', ['source', '-qq', '--download-only', ...options, ...wanted], { cwd: incoming, attempt: 'downloading the sources' });
  return Object.fromEntries(
    ['openvpn', 'mbedtls'].map((name) => {
      const description = readdirSync(incoming).find((file) => file.startsWith(`${name}_`) && file.endsWith('.dsc'));
      if (description === undefined) throw new SetupError(`downloading the sources failed: ${name} has no .dsc`);
      // APT has checked it by the signed index.
      run('dpkg-source', ['--no-check', '-x', description, name], { cwd: incoming, attempt: `unpacking ${name}` });
      return [name, join(incoming, name)];
    }),
  );
}

function build(incoming, version, madeFrom) {
  const sources = fetchSources(incoming, version);
  const built = join(incoming, 'build');
  cmake('compiling openvpn.exe', recipe, built, [
    `-DCMAKE_TOOLCHAIN_FILE=${toolchainFile(repository, 'x64')}`,
    ...[`-DOPENVPN_SOURCE=${sources.openvpn}`, `-DMBEDTLS_SOURCE=${sources.mbedtls}`],
  ]);
  const wanted = join(incoming, 'wanted');
  mkdirSync(wanted);
  copyFileSync(join(built, 'openvpn.exe'), join(wanted, 'openvpn.exe'));
  for (const name of keptSources) copyFileSync(join(sources.openvpn, 'src', 'openvpn', name), join(wanted, name));
  copyFileSync(join(sources.openvpn, 'COPYING'), join(wanted, 'COPYING'));
  writeFileSync(join(wanted, 'made-from'), madeFrom);
  return wanted;
}

/** Builds it unless it is there as this machine's version and this recipe make it. Where its sources cannot be had, the tests skip. */
export function compileOpenVpn() {
  const version = run('dpkg-query', ['-W', '-f', '${source:Version}', 'openvpn'], { attempt: 'asking which OpenVPN is installed' });
  const hash = createHash('sha256');
  for (const name of readdirSync(recipe).sort()) hash.update(readFileSync(join(recipe, name)));
  const madeFrom = `${version} ${hash.digest('hex')}\n`;
  const stamp = join(folder, 'made-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === madeFrom) return;
  progress(`compiling openvpn.exe ${version} from Debian's source packages (a few minutes, once)`);
  try {
    fetchTool(tool, (incoming) => build(incoming, version, madeFrom));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    progress(`there is no openvpn.exe, so the tests with it will be skipped: ${error.message}`);
  }
}
