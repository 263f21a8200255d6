declare module 'node-gyp-build' {
  /** Loads the addon of the package in `folder` that fits this process; throws if there is none. */
  export default function load(folder: string): unknown;
}
