/** What a report leaves out unless it is to be full: who uses the machine, its name, and what rules say of log-ins. */

/** Folders of profiles that are nobody's. */
const shared = new Set(['public', 'default', 'default user', 'all users']);

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

export interface Owner {
  user: string;
  computer: string;
  /** The computer's domain, and the user's. */
  domains: readonly string[];
}

/**
 * Gives the function that leaves out of a text: the part of a path that is a profile's name, accounts of this computer and of its domain, SIDs of
 * accounts that people have, this user's name and this computer's, and what follows `login` in a rule.
 */
export function redactor({ user, computer, domains }: Owner): (text: string) => string {
  const places = [computer, ...domains].filter((name) => name.length > 0).map(escaped);
  const accounts = places.length === 0 ? undefined : new RegExp(`(?<![\\w\\\\])(?:${places.join('|')})\\\\[^\\\\\\s"',;)]+`, 'gi');
  // A file of the same name stays: node.exe of a user called node.
  const words = [user, computer].filter((name) => name.length > 1).map((name) => new RegExp(`(?<![\\w.-])${escaped(name)}(?![\\w-]|\\.\\w)`, 'gi'));
  return (text) => {
    let result = text
      .replaceAll(/([\\/](?:Users|Documents and Settings|home)[\\/])([^\\/"':;,]+)/gi, (all, folder: string, name: string) =>
        shared.has(name.toLowerCase()) ? all : `${folder}(user)`,
      )
      .replaceAll(/\bS-1-(?:5-21|12-1)(?:-\d+)+/g, 'S-1-5-21-(user)')
      .replaceAll(/\blogin\s+("[^"]*"|\S+)/gi, 'login (left out)');
    if (accounts !== undefined) result = result.replaceAll(accounts, '(user)');
    for (const word of words) result = result.replaceAll(word, '(left out)');
    return result;
  };
}

/** The same value with every text in it run through `redact`. Dates and numbers stay. */
export function redactAll<T>(value: T, redact: (text: string) => string): T {
  const walk = (each: unknown): unknown => {
    if (typeof each === 'string') return redact(each);
    if (Array.isArray(each)) return each.map(walk);
    if (each === null || typeof each !== 'object' || each instanceof Date) return each;
    if (each instanceof Error) return { message: redact(each.message) };
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(value) as T;
}
