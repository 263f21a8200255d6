/** app, app list, app clear. */

import { apps, type AppGoal, type AppRules } from '../index.js';
import { usageError, type Command, type Input } from './command.js';
import { columns } from './text.js';

const describe = ({ app, rules }: AppRules) => [app, rules.join('; ')];

function goalOf(input: Input): AppGoal {
  const named = (option: string, of: (value: string) => AppGoal) => {
    const value = input.text(option);
    return value === undefined ? [] : [of(value)];
  };
  const goals: AppGoal[] = [
    ...(input.flag('off-tunnel') ? [{ offTunnel: true } as const] : []),
    ...named('only-tunnel', (onlyTunnel) => ({ onlyTunnel })),
    ...named('through', (through) => ({ through })),
    ...named('proxy', (proxy) => ({ proxy })),
    ...(input.flag('block') ? [{ block: true } as const] : []),
    ...(input.flag('direct') ? [{ direct: true } as const] : []),
  ];
  const [goal] = goals;
  if (goal === undefined || goals.length !== 1) {
    throw usageError('one of --off-tunnel, --only-tunnel, --through, --proxy, --block and --direct is needed');
  }
  return goal;
}

export const appSet: Command = {
  name: 'app',
  positionals: ['NAME'],
  options: {
    'off-tunnel': { help: 'leave through the physical interface, past any tunnel, or not at all' },
    'only-tunnel': { value: 'INTERFACE', help: "leave through that tunnel's interface or not at all" },
    through: { value: 'INTERFACE', help: 'leave through that interface or not at all' },
    proxy: { value: 'ADDR:PORT', help: 'TCP by that SOCKS5 proxy, nothing else' },
    block: { help: 'connect nowhere' },
    direct: { help: 'be left alone by all rules' },
  },
  summary: 'Say what a program is to do, and write the rule for it',
  examples: [
    ['app firefox.exe --off-tunnel', 'Firefox leaves beside the tunnel'],
    ['app torrent.exe --only-tunnel "OpenVPN TAP"', 'this one never without it'],
  ],
  exitCodes: ['accessDenied'],
  details:
    'The rule stands before all others, under a comment by which it is found again; rules that you wrote are not touched.\n' +
    'Takes effect in running programs. Needs an elevated prompt. Names are looked up by another process: docs/split-tunnelling.md.',
  changes: () => true,
  async run(input) {
    const written = await apps.set(input.positional('NAME'), goalOf(input));
    return { data: written, text: `Wrote: ${written.rules.join('; ')}` };
  },
};

export const appList: Command = {
  name: 'app list',
  summary: 'Show what was said of programs, and the rules for it',
  examples: [['app list', 'each program and its rule']],
  exitCodes: ['accessDenied'],
  run() {
    const all = apps.list();
    return { data: all, text: all.length === 0 ? 'Nothing was said of any program.' : columns([['APP', 'RULE'], ...all.map(describe)]) };
  },
};

export const appClear: Command = {
  name: 'app clear',
  positionals: ['NAME'],
  summary: 'Take back what a program is to do',
  examples: [['app clear firefox.exe', 'its rule goes']],
  exitCodes: ['accessDenied', 'notFound'],
  details: 'Takes effect in running programs. Needs an elevated prompt.',
  changes: () => true,
  async run(input) {
    const removed = await apps.clear(input.positional('NAME'));
    return { data: removed, text: `Removed: ${removed.rules.join('; ')}` };
  },
};
