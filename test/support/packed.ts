/** The package as it is published, from what has been compiled. */

import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { packageFolder, repository } from './artifacts.js';

export interface Packed {
  tarball: string;
  /** Every file in it, by its path in the package. */
  files: string[];
  /** Bytes, compressed and installed. */
  size: number;
  unpackedSize: number;
}

interface PackageJson {
  version: string;
  files: string[];
}

export const packageJson = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as PackageJson;

/** npm's JavaScript, which any node runs. */
export function npmProgram(name: 'npm' | 'npx'): string {
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', `${name}-cli.js`);
  const debians = `/usr/share/nodejs/npm/bin/${name}-cli.js`;
  const found = [beside, debians].find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name}-cli.js is neither ${beside} nor ${debians}`);
  return found;
}

const git = (...parameters: string[]) => execFileSync('git', parameters, { cwd: repository, encoding: 'utf8' });

/** Files of the repository below any of `places` that git knows. */
export const sources = (places: readonly string[]): string[] =>
  git('ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...places).split('\0').filter((path) => path !== '');

/** All files below a folder, by their paths in it. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

/** Packs what build/package has, with the sources beside it, in `folder`. */
export function packPackage(folder: string): Packed {
  const staging = join(folder, 'staging');
  const built = ['dist', 'prebuilds'];
  for (const path of sources(['package.json', 'README.md', 'LICENSE', ...packageJson.files.filter((each) => !built.includes(each) && !each.startsWith('!'))])) {
    mkdirSync(dirname(join(staging, path)), { recursive: true });
    cpSync(join(repository, path), join(staging, path));
  }
  for (const name of built) cpSync(join(packageFolder, name), join(staging, name), { recursive: true });
  const prebuilds = join(staging, 'prebuilds');
  for (const path of filesBelow(prebuilds)) chmodSync(join(prebuilds, path), 0o644);
  const sums = execFileSync('sh', ['-c', 'sha256sum win32-*/*'], { cwd: prebuilds, encoding: 'utf8' });
  writeFileSync(join(prebuilds, 'SHA256SUMS'), `# winsock-lsp ${packageJson.version}\n# not released\n${sums}`);
  const output = execFileSync(
    process.execPath,
    [npmProgram('npm'), 'pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder],
    { cwd: staging, encoding: 'utf8' },
  );
  const [packed] = JSON.parse(output) as { filename: string; size: number; unpackedSize: number; files: { path: string }[] }[];
  if (packed === undefined) throw new Error(`npm pack said nothing: ${output}`);
  const { filename, size, unpackedSize, files } = packed;
  return { tarball: join(folder, filename), size, unpackedSize, files: files.map(({ path }) => path).sort() };
}
