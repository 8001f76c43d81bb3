import { isListed } from '@understudy/core/internal';

/** Services that are never replicated: what they tell about one process, only that process can answer. */
const SERVICES: readonly string[] = [
  'understudy.v1.*',
  'grpc.health.v1.Health',
  'grpc.reflection.*',
  'grpc.channelz.*',
];

/**
 * Whether calls of the method at `path` go to one replica and are answered by that alone.
 *
 * @param path `/package.Service/Method`
 * @param more services that the user excludes: `package.Service`, or `package.*` for all below a package
 */
export const isUnreplicated = (path: string, more: readonly string[] = []): boolean =>
  isListed(path, SERVICES) || isListed(path, more);
