import { resolve, win32 } from 'node:path';

/** A full path. One of Windows' stays one where a stand-in answers and this is another system. */
export const fullPath = (path: string) => (/^[a-z]:[\\/]/i.test(path) ? win32.resolve(path) : resolve(path));
