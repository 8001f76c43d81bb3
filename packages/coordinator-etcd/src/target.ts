import { UnderstudyError } from '@understudy/core';
import { etcd } from './etcd.js';
import type { EtcdOptions } from './members/options.js';

/**
 * The target of a client: the addresses of all replicas that belong to the group or run, as etcd knows them now. Asked
 * once, when a client is made; a client that lives goes on without etcd.
 *
 * @returns `understudy:///host:port,…`, in the order of the replicas' names
 * @throws UNDERSTUDY_SETUP if the group has no replica yet; UNDERSTUDY_COORDINATOR
 */
export async function etcdTarget(options: EtcdOptions, group: string): Promise<string> {
  const coordinator = etcd(options)(group);
  try {
    const [record, present] = await Promise.all([coordinator.read(), coordinator.present()]);
    // Who runs knows its own address best.
    const addresses = new Map(Object.entries(record?.addresses ?? {}));
    for (const { member, address } of present) addresses.set(member.id, address);
    if (addresses.size === 0) {
      const problem = `group ${JSON.stringify(group)} has no replica in etcd yet; start one, or check the key prefix`;
      throw new UnderstudyError('UNDERSTUDY_SETUP', problem);
    }
    const inOrder = [...addresses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
    return `understudy:///${[...new Set(inOrder)].join(',')}`;
  } finally {
    await coordinator.close();
  }
}
