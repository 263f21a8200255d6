import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { LspErrorCode } from '../error_codes.js';
import { LspError } from '../errors.js';
import { collectFacts } from '../report/facts.js';
import { reportPage } from '../report/page.js';
import type { Command } from './command.js';
import { packageVersion } from './version.js';

async function write(file: string, text: string, overwrite: boolean): Promise<string> {
  const path = resolve(file);
  try {
    // Only for its owner where the system knows that, and `wx` follows no link that somebody has put there.
    await writeFile(path, text, { flag: overwrite ? 'w' : 'wx', mode: 0o600 });
    return path;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const names: Readonly<Record<string, LspErrorCode>> = { EEXIST: 'ERROR_FILE_EXISTS', ENOENT: 'ERROR_PATH_NOT_FOUND', EACCES: 'ERROR_ACCESS_DENIED', EPERM: 'ERROR_ACCESS_DENIED' };
    const remedy = code === 'EEXIST' ? ' Name another file, or say --force.' : '';
    throw new LspError(`Cannot write the report to ${path}: ${message}.${remedy}`, { code: names[code ?? ''] ?? 'ERR_FILE', cause });
  }
}

export const report: Command = {
  name: 'report',
  positionals: ['FILE.html'],
  options: {
    full: { help: 'put in what is left out otherwise: names of users and of this computer, comments of the rules' },
    force: { help: 'replace the file if there is one' },
  },
  summary: 'Write a page about this machine, for whoever helps',
  details:
    'One HTML file that any browser shows: the catalog as pictures, what doctor finds, tunnels, rules with how often each decided, the decisions ' +
    'of the last minutes, connections, changes of the catalog, counters. It has no scripts and loads nothing. Unless --full, it says neither who ' +
    'uses the machine nor what it is called; it does say which programs talk to which addresses. Look at it before you send it.',
  examples: [
    ['report C:\\report.html', 'and send that file'],
    ['report C:\\report.html --full --force', 'with everything, in place of an older one'],
  ],
  exitCodes: ['accessDenied', 'notFound'],
  async run(input) {
    const full = input.flag('full');
    const facts = await collectFacts(packageVersion());
    const domains = [process.env.USERDOMAIN ?? '', process.env.COMPUTERNAME ?? '', process.env.USERDNSDOMAIN ?? ''];
    const path = await write(input.positional('FILE.html'), reportPage(facts, { full, domains }), input.flag('force'));
    return { data: { path, full }, text: `Wrote ${path}.${full ? '' : ' Names of users and of this computer are left out.'}` };
  },
};
