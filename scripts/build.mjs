// Compiles ts/ twice: to ES modules (dist/esm) and to CommonJS (dist/cjs). Each folder says in a package.json of its own which
// it is, because the package's says "module".
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

// Of files that are no longer in ts/ nothing may stay.
rmSync(join(repository, 'dist'), { recursive: true, force: true });
for (const { folder, type } of [
  { folder: 'esm', type: 'module' },
  { folder: 'cjs', type: 'commonjs' },
]) {
  const { status, error } = spawnSync(process.execPath, [compiler, '-p', `tsconfig.${folder}.json`], {
    cwd: repository,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(join(repository, 'dist', folder, 'package.json'), `${JSON.stringify({ type })}\n`);
}
chmodSync(join(repository, 'dist', 'esm', 'cli', 'main.js'), 0o755);
