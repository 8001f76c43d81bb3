import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BareServer, startBare } from '../common/bare.js';
import { Chat } from './chat.js';
import { ChatClient, ChatService, type Entered, type JoinReply, type JoinRequest, type Message } from './proto.js';
import { Rooms } from './rooms.js';
import { handlers } from './service.js';

const ROOM = 'quay';

type Call = grpc.ClientDuplexStream<JoinRequest, JoinReply>;

/** Like `events.once`, but does not reject when the call ends with an error. */
const next = <Value>(call: Call, event: 'data' | 'status'): Promise<Value> =>
  new Promise((resolve) => call.once(event, resolve));

let chat: Chat;
let rooms: Rooms;
let server: BareServer;
let client: ChatClient;
beforeEach(async () => {
  chat = new Chat();
  rooms = new Rooms(chat);
  server = await startBare('127.0.0.1:0', (to) => to.addService(ChatService, handlers(chat, rooms)));
  client = new ChatClient(server.address, grpc.credentials.createInsecure());
});
afterEach(() => {
  client.close();
  server.stop();
});

/** Somebody who has entered the room, with the messages received since. */
class Guest {
  readonly heard: Message[] = [];
  readonly call: Call;
  readonly ended: Promise<grpc.StatusObject>;

  static async enter(name: string): Promise<Guest & { readonly entered: Entered }> {
    const guest = new Guest(name);
    const { entered } = await next<JoinReply>(guest.call, 'data');
    guest.call.on('data', ({ message }: JoinReply) => message && guest.heard.push(message));
    return Object.assign(guest, { entered: entered ?? { after: -1, participants: -1 } });
  }

  private constructor(name: string) {
    this.call = client.join();
    this.call.on('error', () => {});
    this.ended = next(this.call, 'status');
    this.call.write({ enter: { room: ROOM, name } });
  }

  say(text: string): void {
    this.call.write({ say: { text } });
  }

  async untilHeard(count: number): Promise<void> {
    while (this.heard.length < count) await next(this.call, 'data');
  }

  /** Half-closes, and waits until the service has ended the call. */
  async leave(): Promise<grpc.StatusObject> {
    this.call.end();
    return await this.ended;
  }
}

async function history(after = 0, room = ROOM): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of client.history({ room, after }) as AsyncIterable<Message>) messages.push(message);
  return messages;
}

describe('a room', () => {
  it('sends all messages to everybody in the same order', async () => {
    const guests = await Promise.all(['ada', 'bob', 'cem', 'dot'].map((name) => Guest.enter(name)));
    for (let i = 1; i <= 100; i++) for (const guest of guests) guest.say(`${i}`);
    await Promise.all(guests.map((guest) => guest.untilHeard(400)));
    const [first] = guests;
    expect(first?.heard.map(({ number }) => number)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    for (const guest of guests) expect(guest.heard).toEqual(first?.heard);
    expect(await history()).toEqual(first?.heard);
    expect(first?.heard.filter(({ author }) => author === 'cem').map(({ text }) => Number(text))).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
  });

  it('tells a participant who enters late which message was the last before', async () => {
    const early = await Guest.enter('ada');
    early.say('one');
    early.say('two');
    await early.untilHeard(2);
    const late = await Guest.enter('bob');
    expect(early.entered).toEqual({ after: 0, participants: 1 });
    expect(late.entered).toEqual({ after: 2, participants: 2 });
    early.say('three');
    await late.untilHeard(1);
    expect(late.heard).toEqual([{ number: 3, author: 'ada', text: 'three' }]);
    expect(await history(1)).toHaveLength(2);
  });

  it('sends a participant who half-closes the stream all messages up to then, and lets the participant go', async () => {
    const [ada, bob] = [await Guest.enter('ada'), await Guest.enter('bob')];
    for (let i = 0; i < 200; i++) ada.say('x'.repeat(1_000));
    expect((await ada.leave()).code).toBe(grpc.status.OK);
    expect(ada.heard).toHaveLength(200);
    bob.say('alone');
    await bob.untilHeard(201);
    expect(ada.heard).toHaveLength(200);
    expect(rooms.present(ROOM).size).toBe(1);
  });

  it('lets a participant go who cancels the call', async () => {
    const [ada, bob] = [await Guest.enter('ada'), await Guest.enter('bob')];
    bob.call.cancel();
    expect((await bob.ended).code).toBe(grpc.status.CANCELLED);
    ada.say('one');
    await ada.untilHeard(1);
    expect((await Guest.enter('cem')).entered).toEqual({ after: 1, participants: 2 });
  });

  it('lets a participant go whose connection breaks', async () => {
    const other = new ChatClient(server.address, grpc.credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    await Guest.enter('ada');
    const call = other.join().on('error', () => {});
    call.write({ enter: { room: ROOM, name: 'bob' } });
    await next(call, 'data');
    expect(rooms.present(ROOM).size).toBe(2);
    server.stop();
    await next(call, 'status');
    other.close();
    while (rooms.present(ROOM).size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('is not held up by a participant who does not read', async () => {
    const [ada, deaf] = [await Guest.enter('ada'), await Guest.enter('deaf')];
    deaf.call.pause();
    const text = 'x'.repeat(1_000);
    for (let i = 0; i < 2_000; i++) ada.say(text);
    await ada.untilHeard(2_000);
    expect(deaf.heard.length).toBeLessThan(2_000);
    deaf.call.resume();
    await deaf.untilHeard(2_000);
    expect(deaf.heard).toEqual(ada.heard);
  });
});

describe('a participant', () => {
  it.each<[string, JoinRequest[]]>([
    ['speaks before entering', [{ say: { text: 'hello' } }]],
    ['asks for nothing', [{}]],
    ['enters twice', [{ enter: { room: ROOM, name: 'a' } }, { enter: { room: ROOM, name: 'b' } }]],
    ['has no name', [{ enter: { room: ROOM, name: '' } }]],
    ['enters no room', [{ enter: { room: '', name: 'a' } }]],
    ['says nothing', [{ enter: { room: ROOM, name: 'a' } }, { say: { text: '' } }]],
  ])('who %s is refused and does not stay in the room', async (_what, requests) => {
    const call = client
      .join()
      .on('error', () => {})
      .resume();
    for (const request of [...requests, { say: { text: 'still here' } }]) call.write(request);
    const { code } = await next<grpc.StatusObject>(call, 'status');
    expect(code).toBe(grpc.status.INVALID_ARGUMENT);
    expect(rooms.present(ROOM).size).toBe(0);
    expect(chat.length(ROOM)).toBe(0);
  });

  it('who half-closes the stream without entering gets status OK', async () => {
    const call = client.join().resume();
    call.end();
    const { code } = await next<grpc.StatusObject>(call, 'status');
    expect(code).toBe(grpc.status.OK);
  });
});

describe('the history', () => {
  it('of a room that nobody entered is NOT_FOUND', async () => {
    await expect(history(0, 'cellar')).rejects.toMatchObject({ code: grpc.status.NOT_FOUND });
  });
});
