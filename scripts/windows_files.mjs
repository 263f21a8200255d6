// Builds what the package has for Windows: the two DLLs and the Node.js addon. For development (scripts/compile.mjs) and for
// the prebuilt files (scripts/prebuild.mjs) alike, so that what is tested is what is published, byte for byte.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const architectures = ['x64', 'ia32'];

/** What prebuilds/win32-<architecture> has in a complete package. */
export const packagedFiles = {
  // The ia32 DLL again: where the setup DLL of a 64-bit OpenVPN looks for it.
  x64: ['winsock-lsp-ia32.dll', 'winsock-lsp-setup.dll', 'winsock-lsp.dll', 'winsock-lsp.node'],
  ia32: ['winsock-lsp-setup.dll', 'winsock-lsp.dll', 'winsock-lsp.node'],
};

export class BuildError extends Error {}

const jobs = process.env.WINSOCK_LSP_JOBS ?? '2';

export function run(what, command, args, { cwd, environment = {} }) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw new BuildError(`${what} failed: ${command} could not be started (${error.message})`);
  if (status !== 0) throw new BuildError(`${what} failed (${command} ended with ${status}):\n${stdout}${stderr}`);
  return stdout;
}

/** Configures `directory`, unless that has been done, and builds the targets there. */
export function cmake(what, repository, directory, options, targets = ['all']) {
  if (!existsSync(join(directory, 'build.ninja'))) {
    run(what, 'cmake', ['-S', repository, '-B', directory, '-G', 'Ninja', ...options], { cwd: repository });
  }
  run(what, 'cmake', ['--build', directory, '--parallel', jobs, '--target', ...targets], { cwd: repository });
}

export const toolchainFile = (repository, architecture) => join(repository, 'cmake', `mingw-w64-${architecture}.cmake`);

/** Builds the two DLLs under `build` and gives their folder. */
export function buildDlls(repository, build, architecture) {
  const directory = join(build, `lsp-dll-${architecture}`);
  const options = [`-DCMAKE_TOOLCHAIN_FILE=${toolchainFile(repository, architecture)}`];
  options.push('-DWINSOCK_LSP_THREADS=win32', '-DCMAKE_BUILD_TYPE=MinSizeRel');
  cmake('compiling the DLLs', repository, directory, options, ['winsock_lsp_dll', 'winsock_lsp_setup_dll']);
  return join(directory, 'lsp-dll');
}

/**
 * Builds the addon under `build` with cmake-js and gives its path. On Windows with the compiler that cmake-js finds, elsewhere
 * cross-compiled by MinGW-w64. Downloads nothing: the headers come from node-api-headers.
 */
export function buildAddon(repository, build, architecture) {
  const directory = join(build, `addon-win32-${architecture}`);
  const args = [
    createRequire(join(repository, 'package.json')).resolve('cmake-js/bin/cmake-js'),
    'build',
    ...['--log-level', 'warn', '--directory', repository, '--out', directory, '--arch', architecture],
    ...['--target', 'winsock_lsp_addon', '--parallel', jobs],
  ];
  if (process.platform !== 'win32') args.push(`--CDCMAKE_TOOLCHAIN_FILE=${toolchainFile(repository, architecture)}`);
  run('compiling the addon', process.execPath, args, { cwd: repository });
  const built = join(directory, 'Release', 'winsock_lsp.node');
  if (!existsSync(built)) throw new BuildError(`compiling the addon left no ${built}`);
  return built;
}

/** Copies a built file to where the package has it, below `root`. */
export function place(built, root, architecture, name) {
  const folder = join(root, 'prebuilds', `win32-${architecture}`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(built, join(folder, name));
}
