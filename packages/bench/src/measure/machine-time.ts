import { cpus } from 'node:os';

/** CPU milliseconds that all processes of the machine have used, the benchmark's and all others. */
export function machineCpuMs(): number {
  let busyMs = 0;
  for (const { times } of cpus()) busyMs += times.user + times.nice + times.sys + times.irq;
  return busyMs;
}
