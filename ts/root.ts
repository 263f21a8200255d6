/** Where the package's own files lie: in its folder, or, in a program that a bundler has made, beside the bundle. */

import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This file, or the bundle that it has become a part of. */
function thisFile(): string {
  try {
    // In a bundle in CommonJS, where `import.meta` is empty. In an ES module there is no such name, and webpack says of `typeof` otherwise.
    return __filename;
  } catch {
    try {
      return fileURLToPath(import.meta.url);
    } catch {
      // webpack writes the place where the source lay, which may be none that this system can have.
      return resolve(process.argv[1] ?? process.execPath);
    }
  }
}
const here = thisFile();

/** The package's folder if this file lies where the package has it (dist/esm, or ts in the repository); undefined in a bundle. */
function ownFolder(): string | undefined {
  const root = here.endsWith('.ts') ? resolve(here, '..', '..') : resolve(here, '..', '..', '..');
  if (here !== join(root, 'ts', 'root.ts') && here !== join(root, 'dist', 'esm', 'root.js')) return undefined;
  try {
    const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name?: unknown };
    return name === 'winsock-lsp' ? root : undefined;
  } catch {
    return undefined;
  }
}

const own = ownFolder();

/** True if a bundler has made this code a part of another file, so that the package's other files are not found around it. */
export const isBundled = own === undefined;

/** The package's folder; in a bundle the bundle's. */
export const packageRoot = own ?? dirname(here);

/** For messages: the bundle's name. */
export const bundleName = basename(here);
