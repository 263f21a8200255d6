/** Names of Windows' files, on any platform. */

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')) + 1);
