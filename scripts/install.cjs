// Runs when the package is installed. It compiles nothing and fails nowhere: on Windows the addon comes with the package, and
// elsewhere there is none (see ERR_UNSUPPORTED_PLATFORM). On Windows it says what is missing, if something is.
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

if (process.platform === 'win32') {
  const folder = `win32-${process.arch}`;
  for (const name of ['winsock-lsp.node', 'winsock-lsp.dll', 'winsock-lsp-setup.dll']) {
    if (existsSync(join(__dirname, '..', 'prebuilds', folder, name))) continue;
    process.stderr.write(
      `winsock-lsp: prebuilds/${folder}/${name} is missing, so calls will fail on this machine. ` +
        'Use Node.js for x64 or ia32, or build it from the source in the package (docs/contributing.md, "On Windows").\n',
    );
  }
}
