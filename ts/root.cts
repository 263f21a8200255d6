import { join } from 'node:path';

/** The package's folder. CommonJS in both builds, because only CommonJS finds its own place in the same way in both. */
export const packageRoot = join(__dirname, '..', '..');
