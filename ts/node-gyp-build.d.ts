declare module 'node-gyp-build' {
  const nodeGypBuild: {
    /** The path of the addon that fits this process, for the package in `folder`; throws if there is none. */
    resolve(folder: string): string;
  };
  export default nodeGypBuild;
}
