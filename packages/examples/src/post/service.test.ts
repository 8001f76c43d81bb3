import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BareServer, startBare } from '../common/bare.js';
import { PostOffice } from './post-office.js';
import { type Parcel, PostClient, PostService } from './proto.js';
import { handlers } from './service.js';

const LAMP: Parcel = { recipient: 'ada', content: 'lamp', reference: '1' };
const CHAIR: Parcel = { recipient: 'bob', content: 'chair', reference: '2' };

let office: PostOffice;
let server: BareServer;
let client: PostClient;
beforeEach(async () => {
  office = new PostOffice();
  server = await startBare('127.0.0.1:0', (to) => to.addService(PostService, handlers(office)));
  client = new PostClient(server.address, grpc.credentials.createInsecure());
});
afterEach(() => {
  client.close();
  server.stop();
});

function dispatch(parcel: Parcel, key?: string): Promise<number> {
  const metadata = new grpc.Metadata();
  if (key !== undefined) metadata.set('idempotency-key', key);
  return new Promise((resolve, reject) => {
    client.dispatch(parcel, metadata, (error, sent) =>
      sent === undefined ? reject(error) : resolve(sent.trackingNumber),
    );
  });
}

describe('the post office', () => {
  it('gives each parcel a new number, and a parcel with a known key its old one', async () => {
    expect(await dispatch(LAMP, 'k1')).toBe(1);
    expect(await dispatch(CHAIR, 'k2')).toBe(2);
    expect(await dispatch(LAMP, 'k1')).toBe(1);
    expect([...office.registered]).toEqual([
      ['k1', { parcel: LAMP, trackingNumber: 1, times: 2 }],
      ['k2', { parcel: CHAIR, trackingNumber: 2, times: 1 }],
    ]);
  });

  it('treats every parcel without a key as a new one', async () => {
    expect(await dispatch(LAMP)).toBe(1);
    expect(await dispatch(LAMP)).toBe(2);
    expect(office.registered.size).toBe(0);
  });

  it('refuses a different parcel with a key that was used before', async () => {
    await dispatch(LAMP, 'k1');
    await expect(dispatch(CHAIR, 'k1')).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
    expect(await dispatch(LAMP, 'k1')).toBe(1);
  });
});
