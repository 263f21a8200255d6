// npm's install script. Windows only: elsewhere the package installs and imports, and its functions say that they cannot work.
'use strict';

function builtAddon(root) {
  try {
    return require('node-gyp-build').path(root);
  } catch {
    return undefined;
  }
}

function compile(root) {
  let cmakeJs;
  try {
    cmakeJs = require.resolve('cmake-js/bin/cmake-js', { paths: [root] });
  } catch {
    return 'cmake-js is not installed';
  }
  const options = ['compile', '--directory', root, '--target', 'winsock_lsp_addon'];
  const { status, error } = require('node:child_process').spawnSync(process.execPath, [cmakeJs, ...options], {
    stdio: 'inherit',
  });
  return status === 0 ? undefined : `the build failed${error ? ` (${error.message})` : ', see above'}`;
}

function install() {
  const root = require('node:path').join(__dirname, '..');
  if (builtAddon(root) !== undefined) return 0;
  const target = `win32-${process.arch}`;
  console.error(`winsock-lsp: there is no prebuilt addon for ${target}; compiling it`);
  const fault = compile(root);
  if (fault === undefined) return 0;
  console.error(
    `winsock-lsp: cannot compile the addon for ${target}: ${fault}. ` +
      'It needs CMake, Visual Studio\'s C++ tools or MinGW-w64, and cmake-js (npm install cmake-js); then install again.',
  );
  return 1;
}

if (process.platform === 'win32') process.exitCode = install();
