/** A real etcd for tests. */
export { EtcdProcess, freePorts } from './etcd-process.js';
export { findEtcd } from './find-etcd.js';
