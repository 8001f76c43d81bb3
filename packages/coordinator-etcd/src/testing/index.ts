/** A real etcd for tests, and ports that are free. */
export { EtcdProcess } from './etcd-process.js';
export { findEtcd } from './find-etcd.js';
export { freeAddresses, freePorts } from './free-ports.js';
