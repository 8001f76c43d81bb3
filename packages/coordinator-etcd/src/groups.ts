import { groupOfKey } from './keys/names.js';
import { Members } from './members/members.js';
import { type EtcdOptions, settingsOf } from './members/options.js';

/**
 * Lists the groups that have a record under the key prefix, in the order of their names.
 *
 * @throws UNDERSTUDY_COORDINATOR, UNDERSTUDY_SETUP
 */
export async function etcdGroups(options: EtcdOptions): Promise<readonly string[]> {
  const settings = settingsOf(options);
  const members = new Members(settings);
  try {
    const { keyPrefix } = settings;
    const keys = await members.call('looking for groups', (client) => client.getAll().prefix(keyPrefix).keys());
    const groups = keys.map((key) => groupOfKey(keyPrefix, key));
    return groups.filter((group) => group !== undefined).sort();
  } finally {
    members.close();
  }
}
