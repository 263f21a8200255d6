// prebuilds/SHA256SUMS: what `sha256sum -c` reads, with the version and the tools that the files were built with in comments.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const toolPackages = [
  'g++-mingw-w64-x86-64-posix', 'g++-mingw-w64-x86-64-win32', 'g++-mingw-w64-i686-posix', 'g++-mingw-w64-i686-win32',
  'binutils-mingw-w64-x86-64', 'binutils-mingw-w64-i686', 'mingw-w64-x86-64-dev', 'mingw-w64-i686-dev',
];

/** The Debian packages that decide what the compiled bytes are; other versions of them may give others. */
export function toolchain() {
  const { stdout, error } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${Version}\n', ...toolPackages], { encoding: 'utf8' });
  return error ? 'unknown' : stdout.trim().split('\n').sort().join(', ');
}

/** Path below `folder` → SHA-256, for every file in its win32-* folders. */
export function sumsOf(folder) {
  const sums = new Map();
  if (!existsSync(folder)) return sums;
  for (const path of readdirSync(folder, { recursive: true }).map((name) => name.replaceAll('\\', '/')).sort()) {
    if (!path.startsWith('win32-') || !statSync(join(folder, path)).isFile()) continue;
    sums.set(path, createHash('sha256').update(readFileSync(join(folder, path))).digest('hex'));
  }
  return sums;
}

export function writeSums(folder, version) {
  const lines = [`# winsock-lsp ${version}`, `# ${toolchain()}`, ...[...sumsOf(folder)].map(([path, sum]) => `${sum}  ${path}`)];
  writeFileSync(join(folder, 'SHA256SUMS'), `${lines.join('\n')}\n`);
}

/** What SHA256SUMS says, or undefined if there is none. */
export function readSums(folder) {
  const file = join(folder, 'SHA256SUMS');
  if (!existsSync(file)) return undefined;
  const [version = '', tools = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  return {
    version: version.replace('# winsock-lsp ', ''),
    toolchain: tools.replace('# ', ''),
    sums: new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)])),
  };
}

/** In words, what of two sets of sums is not the same; empty if nothing. */
export function differences(expected, found) {
  return [...new Set([...expected.keys(), ...found.keys()])].sort().flatMap((path) => {
    if (expected.get(path) === found.get(path)) return [];
    if (!found.has(path)) return [`${path} is missing`];
    return expected.has(path) ? [`${path} is ${found.get(path)}, not ${expected.get(path)}`] : [`${path} should not be there`];
  });
}
