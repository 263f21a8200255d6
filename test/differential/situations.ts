/**
 * The situations: a line each, steps between `; `, whose words the program's *_verbs.cpp explain. `a` is the socket that a step is about
 * unless it names another (`b.bind lan:P`). The table below multiplies; what has no pattern stands at the end as it is.
 */

/** Every combination of a word from each list, joined into one line; an empty word leaves its step out. */
export function combine(...lists: readonly (readonly string[])[]): string[] {
  return lists
    .reduce<string[][]>((lines, list) => lines.flatMap((line) => list.map((word) => [...line, word])), [[]])
    .map((words) => words.filter((word) => word !== '').join('; '));
}

const binds = ['', 'bind any:0', 'bind any:P', 'bind physical:0', 'bind virtual:0'];
const looks = 'local; remote; peer; local';

export const situations: readonly string[] = [
  ...combine(['tcp4'], binds, ['connect', 'wsaconnect'].flatMap((call) => [`${call} lan`, `${call} target`]), [looks]),
  ...combine(['udp4'], binds, ['sendto target', 'sendto lan'], ['peer', 'local']),
];
