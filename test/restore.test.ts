/** Random catalogs over the test Winsock: backed up, scrambled, restored; and each of those backups read as a file. */

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { parseBackup } from '../ts/backup_format.js';
import { requireArtifact } from './support/artifacts.js';
import { addDoctests } from './support/doctest.js';
import { stageProgram, WinePrefix } from './support/wine.js';

/** RANDOM_CATALOGS in the environment for more. */
const rounds = Number(process.env.RANDOM_CATALOGS ?? 40);

const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-restore-'));
const samples = join(folder, 'samples');
const texts: string[] = [];
try {
  const prefix = await WinePrefix.create({ directory: join(folder, 'wine') });
  try {
    mkdirSync(samples);
    const built = requireArtifact('systemTests');
    const staged = stageProgram(built, join(folder, 'programs'));
    copyFileSync(join(dirname(built), 'fake_provider.dll'), join(dirname(staged), 'fake_provider.dll'));
    await addDoctests(test, 'restore', (options) =>
      prefix.run(staged, ['--test-suite=random catalogs', ...options], {
        winsock: 'test',
        cwd: dirname(staged),
        environment: { RANDOM_CATALOGS: String(rounds), BACKUP_SAMPLES: prefix.toWindowsPath(samples) },
        timeoutMilliseconds: 60_000 + rounds * 10_000,
      }),
    );
    for (const name of readdirSync(samples)) texts.push(readFileSync(join(samples, name), 'utf8'));
  } finally {
    await prefix.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

test(`the backups of ${rounds} random catalogs are read without a complaint`, () => {
  assert.is(texts.length, rounds);
  let entries = 0;
  for (const text of texts) {
    const { catalogs, formatVersion } = parseBackup(text, 'sample');
    assert.is(formatVersion, 2);
    assert.equal(catalogs.map(({ architecture }) => architecture), ['x64', 'ia32']);
    assert.ok(catalogs.every(({ namespaces }) => namespaces !== undefined));
    entries += catalogs.reduce((sum, catalog) => sum + catalog.entries.length, 0);
  }
  console.log(`${texts.length} random catalogs with ${entries} entries were backed up, scrambled and restored`);
});

test.run();
