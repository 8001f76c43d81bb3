/** A walker who goes from place to place and calls methods of all four kinds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../common/connect.js';
import { PLACES } from './places.js';
import { type Note, type Place, RouteGuideClient } from './proto.js';
import { routeGuideServiceConfig } from './service-config.js';

const { client, args } = connect(
  RouteGuideClient,
  routeGuideServiceConfig,
  50051,
  'Walks over the island and leaves notes: give a name.',
);
const [author = 'a walker'] = args;

const walk = client.recordWalk((error, summary) => {
  console.log(error?.message ?? `walk ${summary?.number}: ${summary?.distanceM} m by ${summary?.places} places`);
  client.close();
});
const notes = client.leaveNotes();
notes.on('data', ({ number, author: by, text }: Note) => console.log(`note ${number} by ${by}: ${text}`));
notes.on('error', ({ message }) => console.error(message));
const nearby = client.listPlaces({ southWest: { eastM: 0, northM: 0 }, northEast: { eastM: 1_000, northM: 1_000 } });
nearby.on('data', ({ name, notes: left }: Place) => console.log(`${name}: ${left} notes`));
nearby.on('error', ({ message }) => console.error(message));

for (const { name, point } of PLACES.slice(0, 60)) {
  walk.write(point);
  notes.write({ point, author, text: `was at ${name}` });
  await sleep(200);
}
client.getPlace(PLACES[0]?.point ?? { eastM: 0, northM: 0 }, (error, place) => {
  console.log(error?.message ?? `${place?.name} has ${place?.notes} notes`);
});
notes.end();
walk.end();
