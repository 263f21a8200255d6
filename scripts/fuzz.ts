/**
 * Fuzzes: `npm run fuzz -- [TARGET…] [--seconds N] [--keep]`. Each target, one after the other, for N seconds (60 unless told),
 * beginning with its corpus; what it finds to be new is kept in build/fuzz/found/TARGET, so that the next run begins there. --keep
 * then puts the smallest set of inputs that reaches the same into the repository's corpus. An input that breaks something is left in
 * build/fuzz/found, named crash-…: give it to the program itself to see it again.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { fuzzBackup } from '../test/fuzz/backup.js';
import { allTargets, corpusOf, foundIn, fuzzTarget, readExecutions, type FuzzTarget } from '../test/support/fuzz.js';

function run(target: FuzzTarget, options: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(fuzzTarget(target), options, { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-200_000);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, keep: { type: 'boolean', default: false } },
});
const seconds = Number(values.seconds);
const unknown = positionals.filter((name) => !(allTargets as readonly string[]).includes(name));
if (unknown.length > 0 || !Number.isInteger(seconds) || seconds < 1) {
  console.error(`usage: npm run fuzz -- [${allTargets.join('|')}]… [--seconds N] [--keep]`);
  process.exit(2);
}

function report(target: string, executions: number, broken: boolean): void {
  console.log(`${target.padEnd(12)} ${String(executions).padStart(10)} executions in ${seconds} s${broken ? '  BROKEN' : ''}`);
  if (broken) process.exitCode = 1;
}

async function runLibFuzzer(target: FuzzTarget, found: string): Promise<void> {
  const { code, output } = await run(target, [
    `-max_total_time=${seconds}`, '-timeout=10', '-max_len=4096', `-artifact_prefix=${found}-`, found, corpusOf(target),
  ]);
  report(target, readExecutions(output) ?? 0, code !== 0);
  if (code !== 0) {
    console.log(output.slice(-5000));
  } else if (values.keep) {
    const kept = await run(target, ['-set_cover_merge=1', '-use_counters=0', '-max_len=1024', corpusOf(target), found]);
    if (kept.code !== 0) throw new Error(`cannot put what ${target} found into its corpus:\n${kept.output}`);
  }
}

/** What it finds stays in `found`: its corpus is made by hand. */
function runBackup(found: string): void {
  const end = Date.now() + seconds * 1000;
  const corpus = [corpusOf('backup'), found];
  const { executions, broken } = fuzzBackup({ corpus, found, seed: Date.now() % 0x7fff_ffff, goOn: () => Date.now() < end });
  report('backup', executions, broken !== undefined);
  if (broken === undefined) return;
  writeFileSync(`${found}-crash`, broken.input);
  console.log(`${found}-crash: ${broken.error.message}`);
}

for (const target of allTargets) {
  if (positionals.length > 0 && !positionals.includes(target)) continue;
  const found = foundIn(target);
  mkdirSync(found, { recursive: true });
  if (target === 'backup') runBackup(found);
  else await runLibFuzzer(target, found);
}
