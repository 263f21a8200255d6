// Builds the Node.js addon for Windows with cmake-js and puts it where node-gyp-build finds it: prebuilds/win32-<arch>/. On
// Windows with the compiler that cmake-js finds; elsewhere cross-compiled by MinGW-w64. Downloads nothing: the headers come from
// node-api-headers. Usage: node scripts/build-addon.mjs [--arch x64|ia32]
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const repository = fileURLToPath(new URL('..', import.meta.url));
const { arch } = parseArgs({ options: { arch: { type: 'string', default: 'x64' } } }).values;
if (arch !== 'x64' && arch !== 'ia32') {
  console.error(`build-addon: unknown architecture '${arch}': use x64 or ia32`);
  process.exit(2);
}

const out = join(repository, 'build', `addon-win32-${arch}`);
const cmakeJs = [
  createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js'),
  'build',
  ...['--log-level', 'warn', '--directory', repository, '--out', out, '--arch', arch],
  ...['--target', 'winsock_lsp_addon', '--parallel', process.env.WINSOCK_LSP_JOBS ?? '2'],
];
if (process.platform !== 'win32') {
  cmakeJs.push(`--CDCMAKE_TOOLCHAIN_FILE=${join(repository, 'cmake', `mingw-w64-${arch}.cmake`)}`);
}
const { status, error } = spawnSync(process.execPath, cmakeJs, { stdio: 'inherit' });
if (error) throw error;
if (status !== 0) process.exit(status ?? 1);

const built = join(out, 'Release', 'winsock_lsp.node');
if (!existsSync(built)) {
  console.error(`build-addon: the build left no ${built}`);
  process.exit(1);
}
const folder = join(repository, 'prebuilds', `win32-${arch}`);
mkdirSync(folder, { recursive: true });
copyFileSync(built, join(folder, 'winsock-lsp.node'));
console.log(`prebuilds/win32-${arch}/winsock-lsp.node`);
