/** HTML that cannot be broken out of: what is put into a template is text, unless it came out of one. */

export class Html {
  readonly text: string;
  /** @internal For the templates below. */
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | null | readonly Content[];

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

/** For text and for attributes in quotes. Control characters, and those that turn text around, are replaced: they mean nothing here. */
export function escape(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replace(/[&<>"'`]/g, (character) => escapes[character] ?? '');
}

function write(content: Content): string {
  if (content === null) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(write).join('');
  return escape(String(content));
}

/** A template: what stands in it is HTML, what is put into it is text. Attributes must be in double quotes. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(parts.reduce((text, part, place) => text + write(contents[place - 1] ?? null) + part));
}
