/** The messages of the Admin service that this command sends and reads, as protos/understudy/v1/admin.proto has them. */
import type { Message } from 'protobufjs/light';
import * as protobuf from 'protobufjs/light';

const field = (id: number, type: string) => ({ id, type });
const list = (id: number, type: string) => ({ id, type, rule: 'repeated' });

/** Nobody here tells an absent text of proto3 from an empty one. */
export const MESSAGES = {
  ChallengeResponse: { nonce: field(1, 'bytes'), group: field(2, 'string'), replica: field(3, 'string') },
  Member: { id: field(1, 'string'), incarnation: field(2, 'bytes') },
  MemberCode: { id: field(1, 'string'), version: field(2, 'string'), waitsWith: list(3, 'string') },
  Diverging: { method: field(1, 'string'), times: field(2, 'uint64') },
  StatusResponse: {
    ...{ group: field(1, 'string'), replica: field(2, 'Member'), role: field(3, 'uint32'), term: field(4, 'uint64') },
    ...{ epoch: field(5, 'uint64'), primary: field(6, 'string'), inSync: list(7, 'Member') },
    ...{ heldUpTo: field(8, 'uint64'), processedUpTo: field(9, 'uint64'), stableUpTo: field(10, 'uint64') },
    ...{ digest: field(11, 'string'), sessions: field(12, 'uint64'), logLength: field(13, 'uint64') },
    ...{ waitingToRelease: field(14, 'uint64'), blocked: field(15, 'string'), recordChange: field(16, 'string') },
    ...{ refusedBodies: field(17, 'uint64'), leaving: field(18, 'string'), strayErrors: field(19, 'uint64') },
    ...{ version: field(20, 'string'), settings: field(21, 'string'), members: list(22, 'MemberCode') },
    ...{ unordered: field(23, 'uint64'), keptBytes: field(24, 'uint64'), divergences: field(25, 'uint64') },
    ...{ forgedOrders: field(26, 'uint64'), nowMs: field(27, 'uint64'), livenessAddress: field(28, 'string') },
    ...{ statesEqualUpTo: field(29, 'uint64'), degraded: field(30, 'string'), diverging: list(31, 'Diverging') },
  },
  StepDownResponse: { handedOverTo: field(1, 'string') },
  RemoveRequest: { replica: field(1, 'string') },
} as const;

export type MessageName = keyof typeof MESSAGES;

const types = protobuf.Root.fromJSON({
  nested: Object.fromEntries(Object.entries(MESSAGES).map(([name, fields]) => [name, { fields: { ...fields } }])),
});

export const encoded = (name: MessageName, value: object): Buffer =>
  Buffer.from(
    types
      .lookupType(name)
      .encode(value as Message)
      .finish(),
  );

/** @returns an object with every field: numbers as numbers, an absent text as '' */
export function decoded<T>(name: MessageName, bytes: Buffer): T {
  const type = types.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: Number, defaults: true, bytes: Buffer }) as T;
}
