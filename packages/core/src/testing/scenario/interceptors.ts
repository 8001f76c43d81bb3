import { GrpcStatus } from '../../model/error.js';
import type { ReplicaEffect, ReplicaEvent } from '../../replica/state/events.js';
import { bytesOf, textOf } from '../text.js';

/** The effects of one kind. */
type EffectOf<K extends ReplicaEffect['kind']> = Extract<ReplicaEffect, { kind: K }>;

const REFUSED = { kind: 'reply', code: GrpcStatus.UNAUTHENTICATED, details: 'who are you?' } as const;

/**
 * What the user's interceptors answer to a request. They refuse requests that begin with `bad`, and end streams that carry
 * such a message. They hold what begins with `held` until the scenario says `admit`. Once it says `distrust` they refuse
 * everything.
 */
export function judge({ admission, connection, request }: EffectOf<'admit'>, distrusts = false): ReplicaEvent[] {
  if (distrusts) return [{ kind: 'refused', admission, outcome: REFUSED }];
  const text = textOf(request.message);
  if (text.startsWith('held')) return [];
  if (!text.startsWith('bad')) return [{ kind: 'admitted', admission }];
  const { stream } = request;
  if (stream?.kind !== 'message' || connection === undefined) return [{ kind: 'refused', admission, outcome: REFUSED }];
  return [{ kind: 'streamEnded', connection, stream: stream.of, outcome: REFUSED }];
}

/** What they make of an item: they put it in brackets, and end a stream whose handler tells a secret. */
export function dress({ connection, stream, index, item }: EffectOf<'passItem'>): ReplicaEvent[] {
  if (item.kind !== 'message') return [{ kind: 'itemPassed', connection, stream, index, item }];
  const text = textOf(item.message);
  if (text.startsWith('secret')) return [{ kind: 'streamEnded', connection, stream, outcome: REFUSED }];
  const passed = { kind: 'message', message: bytesOf(`[${text}]`) } as const;
  return [{ kind: 'itemPassed', connection, stream, index, item: passed }];
}
