// What `npm test NAME` sets up and compiles: what the files need whose names contain NAME, and nothing else.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { compileFuzzers, compileForWindows, compileNatively } from './compile.mjs';
import { compileOpenVpn } from './openvpn_exe.mjs';
import { repository } from './setup.mjs';

/** By the file's name. All others run Windows programs. */
const needs = [
  [/^core\.test/, { compile: [compileNatively], natively: true }],
  [/^fuzz\.test/, { compile: [compileFuzzers], natively: true, packages: ['clang-14', 'libclang-rt-14-dev'] }],
  [/^ts\/(backup_format|cli_stand_in|cli_text|connections_text|history|report)\.test/, { compile: [], natively: true }],
  [/^(e2e|openvpn|split_tunnelling|two_tunnels)/, { compile: [compileForWindows, compileOpenVpn], natively: false }],
];
const windows = { compile: [compileForWindows], natively: false };

/** `parts`: of file names, as scripts/test.ts takes them. */
export function neededFor(parts) {
  const folder = join(repository, 'test');
  const files = readdirSync(folder, { recursive: true })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.test.ts') && parts.some((part) => `test/${path}`.includes(part)));
  const all = files.map((file) => needs.find(([pattern]) => pattern.test(file))?.[1] ?? windows);
  return {
    compile: [...new Set(all.flatMap(({ compile }) => compile))],
    natively: all.every(({ natively }) => natively),
    packages: [...new Set(all.flatMap(({ packages = [] }) => packages))],
  };
}
