/** A real etcd for tests. */
export { EtcdProcess } from './etcd-process.js';
export { findEtcd } from './find-etcd.js';
export { freePorts } from './free-ports.js';
