#!/usr/bin/env node
// What prebuildify calls where it would call node-gyp, with the folder to build for as current one: builds the DLLs and, with
// cmake-js, the addon, and leaves them in its build/Release, where prebuildify collects them.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { buildAddon, buildDlls, BuildError } from './windows_files.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const { arch } = parseArgs({ options: { arch: { type: 'string' } }, strict: false }).values;
const compiled = join(process.cwd(), 'compiled');
const release = join(process.cwd(), 'build', 'Release');

try {
  rmSync(release, { recursive: true, force: true });
  mkdirSync(release, { recursive: true });
  const dlls = buildDlls(repository, compiled, arch);
  for (const name of ['winsock-lsp.dll', 'winsock-lsp-setup.dll']) copyFileSync(join(dlls, name), join(release, name));
  if (arch === 'x64') copyFileSync(join(buildDlls(repository, compiled, 'ia32'), 'winsock-lsp.dll'), join(release, 'winsock-lsp-ia32.dll'));
  copyFileSync(buildAddon(repository, compiled, arch), join(release, 'winsock_lsp.node'));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`prebuild: ${error.message}\n`);
  process.exit(1);
}
