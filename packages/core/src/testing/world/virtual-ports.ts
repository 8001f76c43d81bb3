import type { RunningDigest } from '../../model/ports.js';
import { digestBody, hashText, textOf } from '../text.js';
import { SECRET } from './identity.js';
import { virtualSeal } from './virtual-seal.js';

/** A digest that depends on all bytes and their order, but not on how they were cut. */
function newDigest(): RunningDigest {
  let text = '';
  return {
    update(bytes) {
      text += textOf(bytes);
    },
    end: () => String(hashText(text)),
  };
}

/** Stands for the cryptography of a real replica, the same in every run. */
export const VIRTUAL_PORTS = { digestBody, newDigest, seal: virtualSeal, newSecret: SECRET } as const;
