import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { test } from 'uvu';

import { repository } from './support/artifacts.js';
import { addDoctests } from './support/doctest.js';

const program = join(repository, 'build', 'native', 'test', 'core', 'core_tests');

await addDoctests(test, 'core', async (options) => {
  const { status, stdout, stderr, error } = spawnSync(program, options, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, UBSAN_OPTIONS: 'print_stacktrace=1' },
  });
  if (error) throw error;
  return { code: status ?? -1, stdout, stderr };
});

test.run();
