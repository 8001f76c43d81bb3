import { digestBody } from '../text.js';
import { SECRET } from './identity.js';
import { virtualSeal } from './virtual-seal.js';

/** Stands for the cryptography of a real replica, the same in every run. */
export const VIRTUAL_PORTS = { digestBody, seal: virtualSeal, newSecret: SECRET } as const;
