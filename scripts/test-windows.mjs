// `npm run test:windows -- [--target ADDRESS --source ADDRESS]`: the suite of test/vm on this Windows machine, which it changes and
// puts back. Needs an elevated prompt, and the package built (docs/contributing.md). Elsewhere it skips. Prints TAP.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
if (process.platform !== 'win32') {
  process.stdout.write(`skipped: this is ${process.platform}, not Windows. npm test runs the same suite under Wine, npm run test:vm in a virtual machine.\n`);
  process.stdout.write('0 passed, 0 failed, 1 skipped\n');
  process.exit(0);
}
// Not elevated, nothing could be installed; `net session` needs it and changes nothing.
if (spawnSync('net', ['session'], { stdio: 'ignore' }).status !== 0) {
  process.stderr.write('test:windows: this needs an elevated prompt\n');
  process.exit(1);
}
// Built in place (MSVC's presets), or by the project's own build.
const folder = [join(repository, 'build', 'package'), repository].find((each) =>
  existsSync(join(each, 'prebuilds', `win32-${process.arch}`, 'winsock-lsp.node')),
);
if (folder === undefined || !existsSync(join(folder, 'dist'))) {
  process.stderr.write('test:windows: the package is not built here: see docs/contributing.md, "On Windows"\n');
  process.exit(1);
}
const selftest = [
  join(repository, 'build', `msvc-${process.arch}`, 'test', 'vm', 'Release', 'lsp-selftest.exe'),
  join(repository, 'build', `win32-${process.arch}`, 'test', 'vm', 'lsp-selftest.exe'),
].find((path) => existsSync(path));
const dll = join(folder, 'prebuilds', `win32-${process.arch}`, 'winsock-lsp.dll');
const { status } = spawnSync(
  process.execPath,
  [
    ...[join(repository, 'test', 'vm', 'windows_suite.mjs'), '--package', folder],
    ...(selftest === undefined ? [] : ['--selftest', selftest, '--dll', dll]),
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
