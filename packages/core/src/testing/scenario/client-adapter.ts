import type { SessionFrame } from '../../model/frames.js';
import type { SessionEffect, SessionEvent } from '../../session/events.js';
import { short, textOf } from '../text.js';
import type { Adapter } from '../world/adapter.js';
import type { Client } from './client.js';
import type { Links } from './links.js';
import type { Requests } from './requests.js';

/** Where the effects of a session go. */
export interface ClientWorld {
  readonly names: readonly string[];
  readonly links: Pick<Links, 'send' | 'end' | 'endAllFrom'>;
  readonly requests: Pick<Requests, 'texts'>;
  ask(client: Client, event: SessionEvent): void;
  print(line: string): void;
}

/** Whether the frame is one that our clients would send and this client hides. */
const isHidden = ({ hides }: Client, frame: SessionFrame): boolean =>
  (hides === 'orders' && frame.kind === 'collected') ||
  (hides === 'bodies' && frame.kind === 'multicast' && frame.requests.length > 0);

const nothing = (): void => {};

/** Carries out the effects of a session's core. The application takes each item at once. */
export function clientAdapter(world: ClientWorld, client: Client): Adapter<SessionEffect> {
  const { names, links, requests } = world;
  const say = (text: string): void => world.print(`${client.name}  ${text}`);
  return {
    send({ slot, frame }) {
      if (!isHidden(client, frame)) links.send(client.name, names[slot] ?? '', frame);
    },
    multicast({ slots, frame }) {
      if (isHidden(client, frame)) return;
      for (const slot of slots) links.send(client.name, names[slot] ?? '', frame);
    },
    // A scenario has RPCs by its command `rpc` only.
    invoke: nothing,
    item({ item, call, index }) {
      say(`${requests.texts.get(call)} << ${item.kind === 'message' ? textOf(item.message) : item.kind}`);
      world.ask(client, { kind: 'streamTaken', call, upTo: index });
    },
    writable: nothing,
    partTaken: ({ call, position }) => say(`${requests.texts.get(call)}: ${position} is in the order for good`),
    deliver({ call, reply: { message, details } }) {
      say(`delivered ${requests.texts.get(call)} -> ${short(textOf(message)) || details}`);
    },
    fail({ call, code, mayHaveTakenEffect }) {
      say(`failed ${requests.texts.get(call)} ! ${code}${mayHaveTakenEffect ? ', may have taken effect' : ''}`);
    },
    reconnect: ({ slot }) => links.end(client.name, names[slot] ?? ''),
    park: nothing,
    // A scenario's group replicates everything.
    passOn: nothing,
    // A scenario's client knows all replicas from the start.
    unreached: nothing,
    primary: nothing,
    ended({ clean }) {
      say(`ended${clean ? '' : ', not clean'}`);
      client.ended = true;
      links.endAllFrom(client.name);
    },
    settings: () => say("follows the group's settings"),
    log: nothing,
  };
}
