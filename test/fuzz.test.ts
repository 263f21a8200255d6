// Each fuzzer for a bounded number of executions that is the same everywhere: the whole corpus, and then what follows from one seed.
// `npm run fuzz` goes on from there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { fuzzBackup } from './fuzz/backup.js';
import { corpusOf, foundIn, fuzzTarget, fuzzTargets, readExecutions, type FuzzTarget } from './support/fuzz.js';

/** A few seconds of each. */
const runs: Readonly<Record<FuzzTarget, number>> = {
  policy: 4_000,
  registry: 10_000,
  environment: 10_000,
  telemetry: 4_000,
  socks5: 20_000,
  image: 10_000,
};

for (const target of fuzzTargets) {
  const program = fuzzTarget(target);
  if (!existsSync(program)) {
    test.skip(`fuzzing: ${target} (the fuzzers were not compiled: they need clang)`, () => undefined);
    continue;
  }
  test(`fuzzing: ${target}: no property breaks, no crash, no leak, no undefined behaviour`, () => {
    const corpus = readdirSync(corpusOf(target)).map((name) => join(corpusOf(target), name));
    const crashes = `${foundIn(target)}-`;
    mkdirSync(join(foundIn(target), '..'), { recursive: true });
    const begun = Date.now();
    // Files by name are executed once each, as they are.
    const replayed = spawnSync(program, [`-artifact_prefix=${crashes}`, ...corpus], { encoding: 'utf8' });
    assert.is(replayed.status, 0, replayed.stderr.slice(-5000));
    assert.ok(corpus.length > 0);
    // What is new goes into the first folder.
    const found = mkdtempSync(join(tmpdir(), 'winsock-lsp-fuzz-'));
    try {
      const options = [`-runs=${runs[target]}`, '-seed=1', '-max_len=512', '-timeout=20', `-artifact_prefix=${crashes}`];
      const { status, stderr } = spawnSync(program, [...options, found, corpusOf(target)], {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      });
      assert.is(status, 0, stderr.slice(-5000));
      const executions = readExecutions(stderr) ?? 0;
      assert.ok(executions >= runs[target], `${executions} executions`);
      const seconds = ((Date.now() - begun) / 1000).toFixed(1);
      console.log(`${target}: ${corpus.length} inputs of the corpus, ${executions} executions, ${seconds} s`);
    } finally {
      rmSync(found, { recursive: true });
    }
  });
}

test('fuzzing: backup: no property breaks', () => {
  const runs = 3_000;
  const begun = Date.now();
  const folder = corpusOf('backup');
  const { executions, accepted, covered, broken } = fuzzBackup({ corpus: [folder], seed: 1, goOn: (done) => done < runs });
  assert.is(broken, undefined, `${broken?.error.stack}\n${broken?.input}`);
  assert.is(executions, runs);
  assert.ok(accepted > 0 && covered > 100, `${accepted} accepted, ${covered} parts covered`);
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`backup: ${readdirSync(folder).length} inputs of the corpus, ${executions} executions, ${seconds} s`);
});

test.run();
