/** Rows in columns, each as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[], { gap = 2, indent = 0 } = {}): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, index) => cell.padEnd((widths[index] ?? 0) + gap));
      return `${' '.repeat(indent)}${cells.join('')}`.trimEnd();
    })
    .join('\n');
}
