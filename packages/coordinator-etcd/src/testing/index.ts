/** A real etcd for tests, ports that are free, and what tests install on Debian. */
export { install, mayInstall } from './debian.js';
export { EtcdProcess } from './etcd-process.js';
export { findEtcd } from './find-etcd.js';
export { freeAddresses, freePorts } from './free-ports.js';
