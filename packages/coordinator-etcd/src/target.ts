import { UnderstudyError } from '@understudy/core';
import { etcd } from './etcd.js';
import type { EtcdOptions } from './members/options.js';

/**
 * Looks up the target of a client: the addresses of all replicas that belong to the group or run, as etcd knows them
 * now. Call it once, before you create a client. The client itself never needs etcd.
 *
 * @returns `understudy:///host:port,…`, in the order of the replicas' names
 * @throws UNDERSTUDY_SETUP if the group has no replica yet; UNDERSTUDY_COORDINATOR if etcd refuses or does not answer
 */
export async function etcdTarget(options: EtcdOptions, group: string): Promise<string> {
  const coordinator = etcd(options)(group);
  try {
    const [record, present] = await Promise.all([coordinator.read(), coordinator.present()]);
    // A running replica announces its own address, which may be newer than the one in the record.
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
