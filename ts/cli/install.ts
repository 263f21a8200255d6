/** install, remove. */

import {
  doctor,
  enumerateCatalog,
  installLsp,
  openVpnPluginLine,
  planInstall,
  planRemove,
  removeLsp,
  type Finding,
  type InstallOptions,
  type Over,
  type RemoveReport,
} from '../index.js';
import { usageError, type Command, type Input } from './command.js';
import { interruptible } from './interrupt.js';
import { installPlanText, removePlanText } from './plan_text.js';

/** `all`, or a list such as `tcp,udp` or `raw,1001`. */
export function parseOver(text: string): 'all' | Over[] {
  if (text === 'all') return text;
  return text.split(',').map((item) => {
    if (item === 'tcp' || item === 'udp' || item === 'raw') return item;
    if (/^[1-9]\d{0,9}$/.test(item)) return Number(item);
    throw usageError(`--over must be 'all', or a list of tcp, udp, raw and ids of catalog entries. Received '${text}'`);
  });
}

function readOptions(input: Input): InstallOptions {
  const over = input.text('over');
  const publishers = input.texts('publishers');
  return {
    dll: input.text('dll'),
    dll32: input.flag('no-dll32') ? null : input.text('dll32'),
    name: input.text('name'),
    over: over === undefined ? undefined : parseOver(over),
    stage: !input.flag('no-stage'),
    publishers: input.flag('no-publishers') ? null : publishers.length > 0 ? publishers : undefined,
    trustSource: input.flag('trust-source'),
    downgrade: input.flag('downgrade'),
  };
}

interface Ensured {
  /** With --dry-run: whether something would be changed. */
  changed: boolean;
  /** Doctor finds no error. */
  healthy: boolean;
  path: string;
  entries: number[];
  findings: Finding[];
}

/** Installs if something is missing, which alone needs an elevated prompt, and says what doctor thinks of it then. */
async function ensure(options: InstallOptions, dryRun: boolean): Promise<Ensured> {
  const plan = await planInstall(options);
  const needed = plan.changes || plan.overChanges || plan.publishersChange || plan.files.length > 0;
  const installed = needed && !dryRun ? await installLsp(options) : undefined;
  const { findings } = await doctor();
  return {
    changed: installed === undefined ? needed : installed.changed || plan.publishersChange || plan.files.length > 0,
    healthy: findings.every(({ severity }) => severity !== 'error'),
    path: installed?.path ?? plan.path,
    entries: enumerateCatalog().flatMap(({ ours, id }) => (ours ? [id] : [])),
    findings,
  };
}

function ensuredText({ changed, path, findings }: Ensured, dryRun: boolean): string {
  const state = dryRun ? (changed ? 'Would be installed or repaired' : 'Nothing to do') : changed ? 'Installed' : 'Nothing to do';
  return [`${state}: ${path}.`, ...findings.map(({ severity, code, message }) => `${severity} ${code}: ${message}`)].join('\n');
}

const backupText = ({ backup }: { backup: string | null }) => `The catalog as it was before is in ${backup ?? ''}.`;

export const install: Command = {
  name: 'install',
  options: {
    over: { value: 'tcp,udp,raw,ID|all', help: 'which protocols, or which catalog entries by their ids, to lay chains over' },
    dll: { value: 'FILE', help: "the provider's DLL; the package's own unless told" },
    dll32: { value: 'FILE', help: "the 32-bit DLL, for 32-bit programs; the package's own unless told, none if --dll is told" },
    'no-dll32': { help: 'leave 32-bit programs alone' },
    name: { value: 'NAME', help: "what the entries' names begin with; unless told as before, at first winsock-lsp" },
    'no-stage': { help: 'register the DLL where it lies; only administrators may be able to write it there' },
    publishers: {
      value: 'ACCOUNT',
      multiple: true,
      help: 'a group or an account that may publish tunnels without being an administrator; once for each; unless told as before',
    },
    'no-publishers': { help: 'nobody but administrators may publish tunnels any more' },
    downgrade: { help: 'put an older version in the place of a newer one' },
    'dry-run': { help: 'show what would be changed, and change nothing; needs no elevated prompt' },
    ensure: { help: 'for programs that look after many machines: change only what has to be, and end with what doctor finds' },
  },
  summary: 'Install the LSP, repair it or upgrade it',
  details:
    'Copies the DLL to Program Files, writes a backup of the catalog, puts a chain of ours above TCP, UDP and RAW over IPv4 and ' +
    'IPv6, first in the catalog, and reads the catalog back. On an error the catalog is put back as it was. Installing again ' +
    'repairs, and does nothing if there is nothing to do. Programs that run already go on without it. Needs an elevated prompt.\n' +
    'What --over chose is remembered: installing again without --over repairs just that, and what was not chosen is not missing. ' +
    'A protocol means what is topmost for it; an id means that entry (see list), whatever stands on it.\n' +
    'Run it from a folder where only administrators can write: docs/fleet.md shows how to make one below Program Files. Elsewhere ' +
    '(a development folder below C:\\, an npm folder in a profile) others could replace node.exe, the package or the DLL, and the ' +
    'elevated command refuses with ERR_UNTRUSTED_PATH unless --trust-source says that nobody else is on this machine. Before the ' +
    'catalog is changed, each DLL is loaded once in a process of its own (ERR_DLL_REFUSED: Windows does not load it).\n' +
    'With --ensure it ends with 8 if doctor finds an error that is still there. docs/fleet.md has examples for Ansible, Intune and DSC.',
  examples: [
    ['install --dry-run', 'which entries would go and come, in which order, and which files would be copied'],
    ['install', "this package's DLL, above TCP, UDP and RAW, or what was chosen the last time"],
    ['install --over tcp,udp', 'leave RAW sockets alone'],
    ['install --over all', 'no longer'],
    ['install --ensure --json', '{"changed": …, "healthy": …}; an elevated prompt is needed only if something has to be changed'],
    ['install --publishers "OpenVPN Administrators"', 'OpenVPN GUI runs openvpn.exe without elevation'],
    [
      'install --publishers "NT SERVICE\\OpenVPNService"',
      "since 2.7 OpenVPN's service has an account of its own",
    ],
  ],
  exitCodes: ['accessDenied', 'readbackMismatch', 'notFound', 'conflict', 'findings'],
  changes: (input) => !input.flag('dry-run'),
  async run(input) {
    const options = readOptions(input);
    const dryRun = input.flag('dry-run');
    if (input.flag('ensure')) {
      const ensured = await interruptible((signal) => ensure({ ...options, signal }, dryRun));
      return {
        data: ensured,
        text: ensuredText(ensured, dryRun),
        exitCode: ensured.healthy || dryRun ? 'success' : 'findings',
      };
    }
    if (dryRun) {
      const plan = await planInstall(options);
      return { data: plan, text: (terminal) => installPlanText(plan, terminal) };
    }
    const report = await interruptible((signal) => installLsp({ ...options, signal }));
    const entries = report.entries.join(', ');
    const pluginLine = openVpnPluginLine();
    const done = report.changed
      ? `Installed ${report.path} as catalog entries ${entries}.\n${backupText(report)}`
      : `Nothing to do: ${report.path} is installed as catalog entries ${entries}.`;
    return { data: { ...report, pluginLine }, text: `${done}\nThe line for OpenVPN's configuration, where its plugin is to be used:\n  ${pluginLine}` };
  },
};

function rulesText({ rules, purged }: RemoveReport): string {
  if (rules === 0) return '';
  const count = rules === 1 ? '1 rule' : `${rules} rules`;
  if (purged) return `\nDeleted ${count}.`;
  const [stay, are] = rules === 1 ? ['stays', 'is'] : ['stay', 'are'];
  return `\n${count} ${stay}, and ${are} in force with the next installation; remove --purge takes the rules too.`;
}

export const remove: Command = {
  name: 'remove',
  options: {
    purge: { help: "take the administrator's rules too; unless told they stay, and are in force with the next installation" },
    'dry-run': { help: 'show what would be changed, and change nothing; needs no elevated prompt' },
  },
  summary: 'Remove the LSP from the protocol catalog',
  details:
    'Writes a backup of the catalog and takes every entry of ours out of both catalogs, leftovers of an interrupted installation too, ' +
    'and forgets what --over and --publishers chose. ' +
    'Rules (policy set, policy add) stay unless --purge is given. The copies of the DLL are deleted; those that running programs use when Windows starts the next time. Needs an elevated prompt.',
  examples: [
    ['remove --dry-run', 'which entries would go'],
    ['remove', 'out of both catalogs'],
    ['remove --purge', 'and the rules with it'],
  ],
  exitCodes: ['accessDenied', 'readbackMismatch', 'conflict'],
  changes: (input) => !input.flag('dry-run'),
  async run(input) {
    if (input.flag('dry-run')) {
      const plan = await planRemove();
      return { data: plan, text: (terminal) => removePlanText(plan, terminal) };
    }
    const report = await interruptible((signal) => removeLsp({ signal, purge: input.flag('purge') }));
    const removed = report.changed
      ? `Removed catalog entries ${report.entries.join(', ')}.\n${backupText(report)}`
      : 'Nothing to do: the LSP is not installed.';
    return { data: report, text: removed + rulesText(report) };
  },
};
