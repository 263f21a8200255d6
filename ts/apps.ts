/**
 * Goals for programs, each of which writes rules of the administrator's policy (policy.ts). Before its rules stands a comment line by
 * which they are found again; rules without one are never touched.
 */

import { checkNonEmptyText, checkObject, invalidValue } from './arguments.js';
import { LspError } from './errors.js';
import { callNative } from './native.js';
import * as policy from './policy.js';
import { PolicyError } from './policy.js';
import { getBestRoute } from './routes.js';
import * as tunnel from './tunnel.js';

/**
 * What a program is to do. `offTunnel`: leave through the physical interface, past
 * any tunnel: that of the address which the published tunnels name as source, or that of the default route while there is no tunnel; `onlyTunnel`: leave
 * through that tunnel's interface or not at all; `through`: through that interface or not at all; `block`: connect nowhere; `proxy`: TCP
 * by the SOCKS5 proxy at ADDRESS:PORT, nothing else; `direct`: be left alone by all rules below.
 */
export type AppGoal =
  | { offTunnel: true }
  | { onlyTunnel: string }
  | { through: string }
  | { block: true }
  | { proxy: string }
  | { direct: true };

export interface AppRules {
  app: string;
  goal: keyof AnyGoal;
  rules: string[];
}

interface AnyGoal {
  offTunnel: true;
  onlyTunnel: string;
  through: string;
  block: true;
  proxy: string;
  direct: true;
}

const marker = '# winsock-lsp app';
const quoted = (text: string) => (/[\s#"]/.test(text) ? `"${text}"` : text);

/** By its name, which stays when its index does not. */
function physicalInterface(): string {
  const published = tunnel.list().filter(({ alive, rejected }) => alive && rejected === null);
  for (const source of published.flatMap(({ source: source4, source6 }) => [source4, source6])) {
    const found = source === null ? null : callNative((native) => native.findAddress(source));
    if (found !== null && found.alias !== '') return found.alias;
  }
  if (published.length === 0) {
    // Of a documentation prefix, which only a default route leads to.
    const { source } = getBestRoute('192.0.2.1');
    const found = callNative((native) => native.findAddress(source));
    if (found !== null && found.alias !== '') return found.alias;
  }
  throw new LspError('Cannot tell which interface is the physical one: no tunnel names an address of it. Name it, with --through.', {
    code: 'ERROR_NOT_FOUND',
    errno: 1168,
  });
}

const actions: { [Goal in keyof AnyGoal]: (value: AnyGoal[Goal]) => string } = {
  offTunnel: () => `through ${quoted(physicalInterface())} otherwise refuse`,
  onlyTunnel: (name) => `through ${quoted(name)} otherwise refuse`,
  through: (name) => `through ${quoted(name)} otherwise refuse`,
  block: () => 'refuse',
  proxy: (address) => `socks5 ${address} otherwise refuse`,
  direct: () => 'keep',
};

function ruleOf(app: string, goal: AppGoal): { name: keyof AnyGoal; rule: string } {
  checkObject(goal, 'goal');
  const names = Object.keys(goal) as (keyof AnyGoal)[];
  const [name] = names;
  if (name === undefined || names.length !== 1 || !(name in actions)) {
    throw invalidValue('goal', `one of ${Object.keys(actions).join(', ')}`, names.join(', '));
  }
  const value = (goal as Partial<AnyGoal>)[name];
  if (name !== 'block' && name !== 'direct' && name !== 'offTunnel') checkNonEmptyText(value, `goal.${name}`);
  return { name, rule: `app ${quoted(app)} ${(actions[name] as (value: unknown) => string)(value)}` };
}

function checkApp(app: string): void {
  checkNonEmptyText(app, 'app');
  if (/["\r\n]/.test(app)) throw invalidValue('app', 'a name or path without quotes', app);
}

const markerOf = (app: string, goal: keyof AnyGoal) => `${marker} ${goal} ${app}`;

/** The marked places of a policy: where each begins, and how many lines it has. A marker whose rule somebody has changed marks none. */
function marked(lines: readonly string[]): (AppRules & { at: number })[] {
  return lines.flatMap((line, at) => {
    const [, goal, app] = line.match(/^# winsock-lsp app (\w+) (.+)$/) ?? [];
    const rule = lines[at + 1];
    if (goal === undefined || app === undefined || !(goal in actions) || rule === undefined) return [];
    return rule.startsWith(`app ${quoted(app)} `) ? [{ app, goal: goal as keyof AnyGoal, rules: [rule], at }] : [];
  });
}

const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function without(lines: readonly string[], app: string): string[] {
  const drop = new Set(
    marked(lines)
      .filter((each) => isSame(each.app, app))
      .flatMap(({ at, rules }) => [at, ...rules.map((_, i) => at + 1 + i)]),
  );
  return lines.filter((_, at) => !drop.has(at));
}

/**
 * Gives a program that goal, in the place of the one that it had. Its rules stand before all others, so that they win. Needs an elevated
 * process.
 *
 * @param app A file name or a whole path, as in `app` of a rule; `*` is any run of characters.
 * @returns What was written.
 * @throws LspError (rejects) as policy.set.
 */
export async function set(app: string, goal: AppGoal): Promise<AppRules> {
  checkApp(app);
  const { name, rule } = ruleOf(app, goal);
  const fault = policy.check([rule]);
  if (fault !== null) throw new PolicyError(fault, [rule]);
  await policy.edit((lines) => [markerOf(app, name), rule, ...without(lines, app)]);
  return { app, goal: name, rules: [rule] };
}

/** The goals that are in the policy. @throws LspError as policy.get. */
export function list(): AppRules[] {
  return marked(policy.get().lines).map(({ at: _, ...rest }) => rest);
}

/**
 * Takes a program's goal back. Needs an elevated process.
 *
 * @returns What was removed.
 * @throws LspError (rejects) ERROR_NOT_FOUND: it has none; else as policy.set.
 */
export async function clear(app: string): Promise<AppRules> {
  checkApp(app);
  const found = list().find((each) => isSame(each.app, app));
  if (found === undefined) {
    throw new LspError(`Cannot take back what ${app} is to do: no goal was set for it. Look at app list.`, {
      code: 'ERROR_NOT_FOUND',
      errno: 1168,
    });
  }
  await policy.edit((lines) => without(lines, app));
  return found;
}
