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
export function isUnreplicated(path: string, more: readonly string[] = []): boolean {
  const service = path.slice(1, path.lastIndexOf('/'));
  const names = (pattern: string): boolean =>
    pattern.endsWith('.*') ? service.startsWith(pattern.slice(0, -1)) : service === pattern;
  return SERVICES.some(names) || more.some(names);
}
