/** The compiled package, as its users get it. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { packageFolder } from '../support/artifacts.js';

export type Package = typeof import('../../ts/index.js');

function compiled(...parts: string[]): string {
  const path = join(packageFolder, 'dist', ...parts);
  if (!existsSync(path)) throw new Error(`${path} is missing: compile first (node scripts/run.mjs build)`);
  return path;
}

export const esmPath = compiled('esm', 'index.js');
export const cliPath = compiled('esm', 'cli', 'main.js');

export const importPackage = async () => (await import(pathToFileURL(esmPath).href)) as Package;
export const requirePackage = () => createRequire(import.meta.url)(esmPath) as Package;

/** Runs the command line in this machine's Node. */
export function runCli(...parameters: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cliPath, ...parameters], { encoding: 'utf8' });
  return { code: status, stdout, stderr };
}
