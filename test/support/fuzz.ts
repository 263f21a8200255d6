/** The fuzzers: where they are, and what they print. */

import { join } from 'node:path';

import { repository } from './artifacts.js';

/** Programs of libFuzzer's. */
export const fuzzTargets = ['policy', 'registry', 'environment', 'telemetry', 'socks5', 'image'] as const;
export type FuzzTarget = (typeof fuzzTargets)[number];
/** And test/fuzz/backup.ts. */
export const allTargets = [...fuzzTargets, 'backup'] as const;
export type AnyTarget = (typeof allTargets)[number];

export function fuzzTarget(target: FuzzTarget): string {
  return join(repository, 'build', 'fuzz', 'test', 'fuzz', `fuzz_${target}`);
}

export function corpusOf(target: AnyTarget): string {
  return join(repository, 'test', 'fuzz', 'corpus', target);
}

/** The inputs of longer runs, and, beside the folder, those that broke something. */
export function foundIn(target: AnyTarget): string {
  return join(repository, 'build', 'fuzz', 'found', target);
}

/** How often the target was executed, by libFuzzer's last line; undefined if it did not get there. */
export function readExecutions(output: string): number | undefined {
  const executions = output.match(/^Done (\d+) runs? in \d+ second/m)?.[1];
  return executions === undefined ? undefined : Number(executions);
}
