// `npm run lint`, and first of all in `npm test`: the C++ is as .clang-format has it, and the TypeScript of product, tests and scripts compiles.
import { join } from 'node:path';

import { progress, repository } from './setup.mjs';
import { run } from './windows_files.mjs';

export function lint() {
  progress('looking at the format of the C++ and the types of the TypeScript');
  const sources = run('listing the sources', 'git', ['ls-files', '*.cpp', '*.hpp'], { cwd: repository }).trim().split('\n');
  run('the format of the C++ (put right by clang-format-14 -i FILE)', 'clang-format-14', ['--dry-run', '--Werror', ...sources], { cwd: repository });
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  run('the types of the TypeScript', process.execPath, [tsc, '--noEmit', '-p', 'tsconfig.json'], { cwd: repository });
}
