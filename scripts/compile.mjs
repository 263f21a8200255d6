// Compiles everything that tests and demo need: the DLLs, the test programs (one of them in Go) and the test Winsock for Windows, the addon, the
// core's tests natively with sanitizers, its fuzzers, and the TypeScript. Incremental; output only if something goes wrong.
//
// build/package is then laid out as the published package is. prebuilds/ in the repository has what was released, and only
// `npm version` writes there.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { progress, repository } from './setup.mjs';
import { architectures, buildAddon, buildDlls, cmake, place, run, toolchainFile } from './windows_files.mjs';

const build = join(repository, 'build');
const packageFolder = join(build, 'package');

function compileFor(architecture) {
  progress(`compiling the DLLs for Windows (${architecture})`);
  const dlls = buildDlls(repository, build, architecture);
  for (const name of ['winsock-lsp.dll', 'winsock-lsp-setup.dll']) place(join(dlls, name), packageFolder, architecture, name);
  if (architecture === 'ia32') place(join(dlls, 'winsock-lsp.dll'), packageFolder, 'x64', 'winsock-lsp-ia32.dll');
  progress(`compiling the test programs for Windows (${architecture})`);
  cmake('compiling an older DLL', repository, join(build, `lsp-dll-${architecture}`), [], ['winsock_lsp_old_dll']);
  const options = [`-DCMAKE_TOOLCHAIN_FILE=${toolchainFile(repository, architecture)}`, '-DWINSOCK_LSP_TESTS=ON', '-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG'];
  cmake('compiling the test programs', repository, join(build, `win32-${architecture}`), options);
  progress(`compiling the addon (${architecture})`);
  place(buildAddon(repository, build, architecture), packageFolder, architecture, 'winsock-lsp.node');
}

// A test program in Go: it has no modules but its own, and nothing is fetched.
function compileGo() {
  const goArchitectures = { x64: 'amd64', ia32: '386' };
  for (const architecture of architectures) {
    progress(`compiling the test program in Go (${architecture})`);
    run('compiling the test program in Go', 'go', ['build', '-p', '2', '-trimpath', '-o', join(build, 'go', `prober-${architecture}.exe`), '.'], {
      cwd: join(repository, 'test', 'e2e', 'programs', 'go'),
      environment: {
        GOOS: 'windows',
        GOARCH: goArchitectures[architecture],
        CGO_ENABLED: '0',
        GOFLAGS: '-mod=mod',
        GOPROXY: 'off',
        GOCACHE: join(build, 'go', 'cache'),
      },
    });
  }
}

export function compileForWindows() {
  for (const architecture of architectures) compileFor(architecture);
  compileGo();
  progress('compiling the TypeScript');
  mkdirSync(packageFolder, { recursive: true });
  copyFileSync(join(repository, 'package.json'), join(packageFolder, 'package.json'));
  run('compiling the TypeScript', process.execPath, [join('scripts', 'build.mjs'), '--out', packageFolder], { cwd: repository });
}

export function compileNatively() {
  progress("compiling the core's tests with ASan and UBSan");
  cmake('compiling natively', repository, join(build, 'native'), [
    '-DWINSOCK_LSP_TESTS=ON',
    '-DWINSOCK_LSP_SANITIZE=ON',
    '-DCMAKE_BUILD_TYPE=Debug',
  ]);
}

export function compileFuzzers() {
  progress('compiling the fuzzers with Clang');
  const options = ['-DWINSOCK_LSP_FUZZ=ON', '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DCMAKE_C_COMPILER=clang-14', '-DCMAKE_CXX_COMPILER=clang++-14'];
  cmake('compiling the fuzzers', repository, join(build, 'fuzz'), options);
}
