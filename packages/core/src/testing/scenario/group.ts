import type { GroupConfig } from '../../config/config.js';
import { parseServiceConfig } from '../../config/service-config.js';
import { World } from './world.js';

/**
 * The config that a scenario's first command asks for: `group replicas=S1,S2,S3 interceptors multicast=direct
 * leaseMs=300`.
 */
export function groupOf(
  args: readonly string[],
  print: (line: string) => void,
  more: Readonly<Record<string, unknown>> = {},
): World {
  return new World(configOf(args, more), namesOf(args), args.includes('interceptors'), print);
}

function namesOf(args: readonly string[]): string[] {
  const names = args.find((arg) => arg.startsWith('replicas='));
  return names === undefined ? ['S1', 'S2'] : names.slice('replicas='.length).split(',');
}

function configOf(args: readonly string[], more: Readonly<Record<string, unknown>>): GroupConfig {
  const look = { name: [{ service: 'log.Log', method: 'Look' }], readOnly: true, readFrom: 'backup' };
  const methods = [
    ...(args.includes('backup-reads') ? [look] : []),
    { name: [{ service: 'log.Log', method: 'Tell' }], oneWay: true },
    { name: [{ service: 'log.Log', method: 'Read' }], readOnly: true },
    { name: [{ service: 'log.Log', method: 'Wait' }], waitsForOthers: true },
  ];
  // With batches every scenario would be longer; the scenarios about batches set it.
  // Likewise with digests of the state.
  const fields: Record<string, unknown> = {
    group: 'g',
    leaseMs: 300,
    batchMs: 0,
    stateDigestEvery: 0,
    methods,
    ...more,
  };
  for (const arg of args) {
    const [key = '', value = ''] = arg.split('=');
    if (!['replicas', 'interceptors', 'backup-reads'].includes(key))
      fields[key] = value === 'default' ? undefined : /^\d+$/.test(value) ? Number(value) : value;
  }
  return parseServiceConfig({ loadBalancingConfig: [{ understudy: fields }] });
}
