// Compiles everything that tests and demo need: the DLL, the test programs and the test Winsock for Windows, the addon, the
// core's tests natively with sanitizers, its fuzzers, and the TypeScript. Incremental; output only if something goes wrong.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { progress, repository, SetupError } from './setup.mjs';

const build = join(repository, 'build');
const jobs = process.env.WINSOCK_LSP_JOBS ?? '2';

function run(what, command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw new SetupError(`${what} failed: ${command} could not be started (${error.message})`);
  if (status !== 0) throw new SetupError(`${what} failed (${command} ended with ${status}):\n${stdout}${stderr}`);
}

function cmake(what, folder, options, targets = ['all']) {
  const directory = join(build, folder);
  if (!existsSync(join(directory, 'build.ninja'))) {
    run(what, 'cmake', ['-S', repository, '-B', directory, '-G', 'Ninja', ...options]);
  }
  run(what, 'cmake', ['--build', directory, '--parallel', jobs, '--target', ...targets]);
}

const architectures = ['x64', 'ia32'];

function compileFor(architecture) {
  const toolchain = `-DCMAKE_TOOLCHAIN_FILE=${join(repository, 'cmake', `mingw-w64-${architecture}.cmake`)}`;
  progress(`compiling the DLLs for Windows (${architecture})`);
  const folder = `lsp-dll-${architecture}`;
  cmake(
    'compiling the DLLs',
    folder,
    [
      toolchain,
      '-DWINSOCK_LSP_THREADS=win32',
      '-DCMAKE_BUILD_TYPE=MinSizeRel',
    ],
    ['winsock_lsp_dll', 'winsock_lsp_setup_dll'],
  );
  copyToPrebuilds(join(folder, 'lsp-dll', 'winsock-lsp.dll'), architecture, 'winsock-lsp.dll');
  copyToPrebuilds(join(folder, 'lsp-dll', 'winsock-lsp-setup.dll'), architecture, 'winsock-lsp-setup.dll');
  // Where the setup DLL of a 64-bit OpenVPN looks for it.
  if (architecture === 'ia32') copyToPrebuilds(join(folder, 'lsp-dll', 'winsock-lsp.dll'), 'x64', 'winsock-lsp-ia32.dll');
  progress(`compiling the test programs for Windows (${architecture})`);
  cmake('compiling the test programs', `win32-${architecture}`, [toolchain, '-DWINSOCK_LSP_TESTS=ON']);
  progress(`compiling the addon (${architecture})`);
  run('compiling the addon', process.execPath, [join('scripts', 'build-addon.mjs'), '--arch', architecture]);
}

function copyToPrebuilds(built, architecture, name) {
  const prebuilds = join(repository, 'prebuilds', `win32-${architecture}`);
  mkdirSync(prebuilds, { recursive: true });
  copyFileSync(join(build, built), join(prebuilds, name));
}

export function compileForWindows() {
  for (const architecture of architectures) compileFor(architecture);
  progress('compiling the TypeScript');
  run('compiling the TypeScript', process.execPath, [join('scripts', 'build.mjs')]);
}

export function compileNatively() {
  progress("compiling the core's tests with ASan and UBSan");
  cmake('compiling natively', 'native', ['-DWINSOCK_LSP_TESTS=ON', '-DWINSOCK_LSP_SANITIZE=ON', '-DCMAKE_BUILD_TYPE=Debug']);
}

export function compileFuzzers() {
  progress('compiling the fuzzers with Clang');
  const options = ['-DWINSOCK_LSP_FUZZ=ON', '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DCMAKE_C_COMPILER=clang-14', '-DCMAKE_CXX_COMPILER=clang++-14'];
  cmake('compiling the fuzzers', 'fuzz', options);
}
