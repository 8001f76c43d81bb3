/** Counts to a thousand on one stream, which stays open when the primary dies. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../common/connect.js';
import type { CountReply } from './proto.js';
import { CountingClient } from './proto.js';
import { countingServiceConfig } from './service-config.js';

const { client, args, primary } = connect(CountingClient, countingServiceConfig, 50051, 'Counts to a thousand.');
const [tally = 'a tally'] = args;

const stream = client.count();
stream.on('data', ({ number, counted, place }: CountReply) => {
  console.log(`sent ${number}: counted ${counted} in ${tally}, ${place} in all, says ${primary()}`);
});
stream.on('error', ({ message }) => console.error(message));
stream.on('end', () => client.close());
for (let number = 1; number <= 1000; number++) {
  stream.write({ tally, number });
  await sleep(200);
}
stream.end();
