/** The group record in etcd. */
export { etcd } from './etcd.js';
export { etcdGroups } from './groups.js';
export type { EtcdOptions } from './members/options.js';
export { etcdTarget } from './target.js';
