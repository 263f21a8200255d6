// `npm run demo`, `npm test` and others: sets the machine up, compiles, and runs. Plain JavaScript, because on a fresh machine nothing
// else is there yet.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { compileForWindows, compileFuzzers, compileNatively } from './compile.mjs';
import { compileOpenVpn } from './openvpn_exe.mjs';
import { lint } from './lint.mjs';
import { repository, SetupError, setUp, setUpNatively } from './setup.mjs';
import { neededFor } from './test_needs.mjs';
import { BuildError } from './windows_files.mjs';

const commands = {
  setup: { compile: [], script: null },
  build: { compile: [compileForWindows, compileOpenVpn], script: null },
  demo: { compile: [compileForWindows, compileOpenVpn], script: 'demo.ts' },
  test: { compile: [lint, compileNatively, compileFuzzers, compileForWindows, compileOpenVpn], script: 'test.ts' },
  lint: { compile: [lint], script: null, natively: true },
  'test:core': { compile: [compileNatively], script: 'test.ts', parameters: ['core.test'], natively: true },
  bench: { compile: [compileForWindows], script: 'bench.ts' },
  'bench:socks5': { compile: [compileForWindows], script: 'bench_socks5.ts' },
  fuzz: { compile: [compileFuzzers], script: 'fuzz.ts' },
  reload: { compile: [compileForWindows], script: 'reload.ts' },
  docs: { compile: [], script: 'docs.mjs', packages: ['doxygen', 'graphviz'] },
  'test:vm': {
    compile: [compileForWindows],
    script: 'test-vm.ts',
    packages: ['qemu-system-x86', 'mtools', 'busybox-static'],
  },
  soak: { compile: [compileForWindows], script: 'soak.ts' },
  prebuild: { compile: [], script: 'prebuild.mjs' },
  'verify-prebuilds': { compile: [], script: 'verify-prebuilds.mjs' },
};

const [name = '', ...rest] = process.argv.slice(2);
const command = name === 'test' && rest.length > 0 ? { ...commands.test, ...neededFor(rest) } : commands[name];
if (command === undefined) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')}\n`);
  process.exit(2);
}

try {
  (command.natively ? setUpNatively : setUp)(command.packages);
  for (const compile of command.compile) compile();
} catch (error) {
  if (!(error instanceof SetupError || error instanceof BuildError)) throw error;
  process.stderr.write(`${name}: ${error.message}\n`);
  process.exit(1);
}

if (command.script !== null) {
  // The script cleans up after itself when it is interrupted; here the signal is only outlived, to pass on its exit code.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
  const { status, signal } = spawnSync(process.execPath, ['--import', 'tsx', join(repository, 'scripts', command.script), ...(command.parameters ?? []), ...rest], {
    cwd: repository,
    stdio: 'inherit',
  });
  process.exit(status ?? (signal === null ? 1 : 130));
}
