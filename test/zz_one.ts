import { ProviderHost } from './support/provider_host.js';
const arch = (process.env.ARCH ?? 'x64') as 'x64' | 'ia32';
const host = await ProviderHost.create('one', arch);
try {
  await (host as any).mustRun(['install', host.prefix.toWindowsPath(process.env.DLL!)]);
  const { code, stdout, stderr } = await host.run(process.env.ARGS!.split('|'), { timeoutMilliseconds: Number(process.env.T ?? 100) * 1000, environment: { TEST_WINSOCK_BASE: process.env.BASE } } as never);
  console.log(code, stdout.slice(-60000), stderr.slice(-2000));
} finally { await host.stop(); }
