/** Describes the machine and the versions that were measured. */
import { createRequire } from 'node:module';
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';

/** The machine and the versions that were measured. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly grpcJs: string;
  readonly understudy: string;
}

const require = createRequire(import.meta.url);
const versionIn = (path: string): string => (require(path) as { version: string }).version;

export const thisMachine = (): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model ?? 'unknown',
  memoryBytes: totalmem(),
  system: `${platform()} ${release()}`,
  node: process.version,
  grpcJs: versionIn('@grpc/grpc-js/package.json'),
  understudy: versionIn('../../package.json'),
});
