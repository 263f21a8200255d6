/** For the benchmarks: of an even number the upper of the two in the middle; NaN of none. */
export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
