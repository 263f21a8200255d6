import { enumerateCatalog, orderCatalog, type Architecture } from '../index.js';
import { usageError, type Command } from './command.js';
import { interruptible } from './interrupt.js';
import { columns } from './text.js';

function readId(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw usageError(`an ID must be a number, as list shows it. Received '${text}'`);
  return Number(text);
}

export const order: Command = {
  name: 'order',
  rest: 'ID',
  options: {
    first: { help: 'put these entries at the front; unless told they share the places that they have now' },
    arch: { value: 'x64|ia32', help: "which catalog of a 64-bit Windows; this Node's own unless told" },
  },
  summary: 'Show the order of the protocol catalog, or change it',
  examples: [
    ['order', 'the order as it is'],
    ['order --first 1008 1007', 'these two before all others'],
  ],
  exitCodes: ['accessDenied', 'readbackMismatch', 'notFound', 'conflict'],
  details:
    'Windows gives a program the first entry that fits its socket. Entries that are not named keep their order. Without an ID it\n' +
    'only shows. Changing needs an elevated prompt.',
  changes: () => true,
  async run(input) {
    // The functions check it.
    const architecture = input.text('arch') as Architecture | undefined;
    const ids = input.rest().map(readId);
    if (ids.length === 0 && input.flag('first')) throw usageError('--first wants an ID');
    const options = { architecture, first: input.flag('first') };
    const report = ids.length === 0 ? null : await interruptible((signal) => orderCatalog(ids, { ...options, signal }));
    const entries = enumerateCatalog({ architecture });
    const rows = entries.map(({ id, name, kind, ours }, index) => [String(index + 1), ours ? '*' : '', String(id), kind, name]);
    const table = columns([['', '', 'ID', 'KIND', 'NAME'], ...rows]);
    if (report === null) return { data: { order: entries.map(({ id }) => id) }, text: table };
    const done = report.changed
      ? `The catalog as it was before is in ${report.backup ?? ''}.`
      : 'Nothing to do: they are in that order.';
    return { data: report, text: `${table}\n${done}` };
  },
};
