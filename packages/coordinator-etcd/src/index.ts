/** Keeps a group's record in etcd, and finds groups and replicas there. */
export { etcd } from './etcd.js';
export { etcdGroups } from './groups.js';
export type { EtcdOptions } from './members/options.js';
export { etcdTarget } from './target.js';
