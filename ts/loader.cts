// CommonJS in both builds, because only there `require` and `__dirname` are at hand.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Manifest {
  name?: string;
  version?: string;
}

function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

/** The folder of this package, from dist/<format>/ as well as from ts/. */
export function packageRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (readManifest(folder)?.name === 'winsock-lsp') return folder;
    if (folder === dirname(folder)) throw new Error(`cannot find the package of ${__dirname}`);
  }
}

export function packageVersion(): string {
  return readManifest(packageRoot())?.version ?? 'unknown';
}

/** Throws whatever finding or loading the .node file throws. */
export function requireAddon(): unknown {
  return (require('node-gyp-build') as (root: string) => unknown)(packageRoot());
}
