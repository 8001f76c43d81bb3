import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export type { Mode };

export const BANK_GROUP = 'bank';

const BANK: Replicable = { group: BANK_GROUP, service: 'bank.v1.Bank', reads: ['GetBalance', 'Audit', 'History'] };

/** The gRPC service config that the replicas and the clients of a bank are given alike. */
export const bankServiceConfig = (mode: Mode) => serviceConfigOf(BANK, mode);
