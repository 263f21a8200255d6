/** The Windows layer under Wine: over Wine's own Winsock, and over the test Winsock with its catalog. */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { test } from 'uvu';

import { missingForArchitecture, requireArtifact } from './support/artifacts.js';
import { addDoctests } from './support/doctest.js';
import { stageProgram, WinePrefix } from './support/wine.js';

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForArchitecture(architecture);
  if (missing !== undefined) {
    test.skip(`system, ${architecture}: ${missing}`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-system-'));
  try {
    const prefix = await WinePrefix.create({ directory: join(folder, 'wine'), programs32: architecture === 'ia32' });
    try {
      const built = requireArtifact('systemTests', architecture);
      const staged = stageProgram(built, join(folder, 'programs'));
      copyFileSync(join(dirname(built), 'fake_provider.dll'), join(dirname(staged), 'fake_provider.dll'));
      const run = (winsock: 'wine' | 'test', program: string, options: string[]) =>
        prefix.run(program, options, { winsock, cwd: dirname(program), timeoutMilliseconds: 240_000 });
      await addDoctests(test, `system, ${architecture}`, (options) =>
        run('wine', built, ['--test-suite-exclude=test winsock,random catalogs', ...options]),
      );
      await addDoctests(test, `system, catalog, ${architecture}`, (options) =>
        run('test', staged, ['--test-suite=test winsock', ...options]),
      );
    } finally {
      await prefix.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.run();
