import { type ConnectionId, connectionId, type Incarnation, type ReplicaId } from '../../model/ids.js';
import type { Member } from '../../model/record.js';
import { hashText, hex32 } from '../text.js';

/** A replica in one of its lives: each life has an incarnation of its own, the same in every run. */
export const memberOf = (name: string, life: number): Member => ({
  id: name as ReplicaId,
  incarnation: hex32(hashText(name) + life) as Incarnation,
});

/** The connection of the session with this number. Texts call it `C` and the number's last three hexadecimal digits. */
export const sessionOf = (number: number): ConnectionId =>
  connectionId('session', hex32(0xc000 + number).replace(/^0/, 'f'));

/** The secret of every virtual group's record. */
export const SECRET = 'a secret of tests';
