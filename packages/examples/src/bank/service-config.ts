/** The gRPC service config of a bank. */
import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export type { Mode };

export const BANK_GROUP = 'bank';

const BANK: Replicable = { group: BANK_GROUP, service: 'bank.v1.Bank', reads: ['GetBalance', 'Audit', 'History'] };

/** Returns the service config that all replicas and clients of a bank must share. */
export const bankServiceConfig = (mode: Mode) => serviceConfigOf(BANK, mode);
