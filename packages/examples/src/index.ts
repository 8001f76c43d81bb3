/** The example bank, for other packages of this repository: its service, its replicas' parts and its operations. */
export * from './bank/bank.js';
export * from './bank/client.js';
export * from './bank/operation.js';
export * from './bank/operations-file.js';
export * from './bank/proto.js';
export * from './bank/service.js';
export * from './bank/service-config.js';
